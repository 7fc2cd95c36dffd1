"""The demo's mailbox: the mails that the built-in catcher kept, to be read in a browser."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from noroshi.jobs.caught import list_mails, read_mail
from noroshi.ui.nav import NavItem

MAILS_MAX = 200
FOLDER = "mails"  # where the catcher keeps them, under the folder of local state


@login_not_required
@require_GET
def mails(request: HttpRequest, mail_id: str = "") -> HttpResponse:
    """The newest mails and the one that is open; exists only in the demo."""
    if not settings.DEMO:
        raise Http404
    folder = settings.VAR / FOLDER
    found = list_mails(folder, MAILS_MAX)
    wanted = mail_id or (found[0].id if found else "")
    opened = read_mail(folder, wanted) if wanted else None
    if mail_id and opened is None:
        raise Http404
    here = reverse("demo-mails")
    context = {
        "mails": found,
        "opened": opened,
        "now": timezone.now(),
        "nav": [
            NavItem(_("ホーム"), reverse("home"), icon="home"),
            NavItem(_("届いたメール（デモ）"), here, current=True, icon="mail"),
        ],
        "user_name": request.user.name if request.user.is_authenticated else "",
        "home_url": reverse("home"),
    }
    return render(request, "jobs/mails.html", context)


urlpatterns: list[URLPattern] = [
    path("demo/mails/", mails, name="demo-mails"),
    path("demo/mails/<str:mail_id>/", mails, name="demo-mail"),
]
