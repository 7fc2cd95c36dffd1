"""Somebody without an account says whether alarm mails may come, by a signed link."""

from contextlib import AbstractContextManager

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from noroshi.outbox import consent
from noroshi.tenants import access
from noroshi.ui.limits import BY_MAIL, limited

NOBODY = 0


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
@limited(BY_MAIL)
def consent_page(request: HttpRequest, token: str) -> HttpResponseBase:
    """Looking changes nothing, so that a mail scanner cannot; the buttons do."""
    link = consent.read_link(token)
    if link is None:
        return guarded(render(request, "web/consent/dead.html", status=404))
    with door_of(link):
        if request.method == "POST":
            is_yes = request.POST.get("answer") == "yes"
            found = consent.answer(link, is_yes=is_yes, now=timezone.now())
        else:
            found = consent.of_link(link)
        if found is None:
            return guarded(render(request, "web/consent/dead.html", status=404))
        context = {
            "tenant": found.tenant_name,
            "address": found.address,
            "wanted": found.wanted,
            "is_done": request.method == "POST",
        }
        return guarded(render(request, "web/consent/one.html", context))


def door_of(link: consent.Token) -> AbstractContextManager[None]:
    """The rows of the tenant whom the link names; only our key makes such a link."""
    return access.acting_in(link.tenant, NOBODY)


def guarded(answer: HttpResponseBase) -> HttpResponseBase:
    """The address itself goes nowhere: not even its path is told to the next page."""
    answer["Referrer-Policy"] = "strict-origin"
    return answer
