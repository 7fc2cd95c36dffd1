"""一度だけ開ける画面: the link leads to choosing the first password, and opens only once."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from noroshi.tenants import accounts
from noroshi.ui.limits import LINK, limited

USER_KEY = "first_user"  # the session's note of whose link was opened: a user's number


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
@limited(LINK)
def first_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Looking uses nothing up, so that a mail scanner cannot; the button does."""
    now = timezone.now()
    found = accounts.by_link(token)
    if found is None or not accounts.is_alive(found, now):
        return guarded(render(request, "account/link_dead.html", status=410))
    if request.method == "GET":
        context = {"until": found.expires_at, "user": found.user}
        return guarded(render(request, "account/link.html", context))
    try:
        credential = accounts.redeem(token, now=now)
    except accounts.AccountRefusal:
        return guarded(render(request, "account/link_dead.html", status=410))
    request.session.flush()  # whoever was signed in here
    request.session[USER_KEY] = credential.user_id
    request.session.set_expiry(int(accounts.CHOOSING_LIFE.total_seconds()))
    return guarded(redirect("first-password"))


def guarded(answer: HttpResponseBase) -> HttpResponseBase:
    """The address itself goes nowhere: not even its path is told to the next page.

    Not `no-referrer`: a browser would then send `Origin: null` with the form, which the check
    against forged forms must refuse.
    """
    answer["Referrer-Policy"] = "strict-origin"
    return answer
