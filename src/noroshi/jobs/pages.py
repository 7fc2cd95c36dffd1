"""What exists only in the demo: its mailbox, and how far the year of history has been loaded."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from noroshi.jobs.caught import CaughtMail, list_mails, read_mail
from noroshi.jobs.demo.progress import read_progress
from noroshi.ui.nav import NavItem

MAILS_MAX = 200
FOLDER = "mails"  # where the catcher keeps them, under the folder of local state
LOADED = "live"  # the phase of the simulator in which nothing is left to load


@login_not_required
@require_GET
def mails(request: HttpRequest, mail_id: str = "") -> HttpResponse:
    """The newest mails and the one that is open; `?to=&subject=` goes to the mail it names."""
    only_in_demo()
    folder = settings.VAR / FOLDER
    found = list_mails(folder, MAILS_MAX)
    if "subject" in request.GET:
        named = newest_named(found, request.GET.get("to", ""), request.GET["subject"])
        return redirect("demo-mail", named.id) if named else redirect("demo-mails")
    wanted = mail_id or (found[0].id if found else "")
    opened = read_mail(folder, wanted) if wanted else None
    if mail_id and opened is None:
        raise Http404
    here = reverse("demo-mails")
    context = {
        "mails": found,
        "opened": opened,
        "is_chosen": bool(mail_id),
        "now": timezone.now(),
        "nav": [
            NavItem(_("ホーム"), reverse("home"), icon="home"),
            NavItem(_("デモのメール"), here, current=True, icon="mail"),
        ],
        "user_name": request.user.name if request.user.is_authenticated else "",
        "home_url": reverse("home"),
        "live_url": "",  # nobody need be signed in here, so there is no stream to follow
    }
    return render(request, "jobs/mails.html", context)


@login_not_required
@require_GET
@never_cache
def progress(request: HttpRequest) -> HttpResponse:
    """One line while the history is being loaded; it asks again by itself, and goes when done."""
    only_in_demo()
    found = read_progress(settings.VAR)
    if found is None or found.phase == LOADED:
        return HttpResponse()
    context = {"progress": found, "percent": int(found.percent)}
    return render(request, "jobs/_progress.html", context)


def newest_named(found: list[CaughtMail], to: str, subject: str) -> CaughtMail | None:
    """The newest mail to this address with this subject."""
    return next((one for one in found if to in one.to and one.subject == subject), None)


def only_in_demo() -> None:
    """Outside the demo there is no such page."""
    if not settings.DEMO:
        raise Http404


urlpatterns: list[URLPattern] = [
    path("demo/progress/", progress, name="demo-progress"),
    path("demo/mails/", mails, name="demo-mails"),
    path("demo/mails/<str:mail_id>/", mails, name="demo-mail"),
]
