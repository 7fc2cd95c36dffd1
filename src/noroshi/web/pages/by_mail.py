"""The page behind the link of an alarm mail: look at the incident, say that it is seen; no sign-in.

To look changes nothing. The person is whoever holds the mail, and is written down as that.
"""

from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from noroshi.alarms import deeds, links
from noroshi.alarms.deeds import BadDeed, Doer, Standing
from noroshi.alarms.links import Held
from noroshi.alarms.models import Recipient
from noroshi.tenants import access
from noroshi.ui.limits import BY_MAIL, limited
from noroshi.web.board import cases_of

NOBODY = 0  # nobody is signed in
LANGUAGES = ("ja", "en")


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
@limited(BY_MAIL)
def incident_by_mail(request: HttpRequest, token: str) -> HttpResponseBase:
    """What happened and who looks after it; the buttons say that one has seen it, or goes."""
    now = timezone.now()
    claim = links.read(token, now=now)
    if claim is None:
        return dead(request)
    with access.acting_in(claim.tenant_id, NOBODY):
        held = links.held_by(claim)
        if held is None:
            return dead(request)
        with translation.override(language_of(held.recipient)):
            if request.method == "POST":
                act(held, request.POST.get("do", ""), now)
                return guarded(redirect("incident-by-mail", token=token))
            return guarded(page(request, held, now))


def act(held: Held, wanted: str, now: datetime) -> None:
    """Take it, or acknowledge it; what is over already is shown as that."""
    doer = Doer.by_mail(held.recipient)
    try:
        if wanted == "take":
            deeds.take(held.incident, doer, now=now)
        elif held.incident.closed_at is None:
            deeds.acknowledge(held.incident, doer, now=now)
    except BadDeed:
        return  # it ended meanwhile: the page says so


def page(request: HttpRequest, held: Held, now: datetime) -> HttpResponse:
    """One sheet, big enough for a thumb."""
    standing = deeds.standing_of(held.incident)
    context = {
        "case": cases_of([held.incident])[0],
        "incident": held.incident,
        "recipient": held.recipient,
        "is_over": held.incident.closed_at is not None,
        "is_mine": held.incident.looked_after_by == held.recipient.name,
        "standing": standing,
        "is_open": standing == Standing.OPEN,
        "now": now,
    }
    return render(request, "web/incidents/by_mail.html", context)


def dead(request: HttpRequest) -> HttpResponse:
    """A link that opens nothing: too old, not ours, or what it opened is gone."""
    return guarded(render(request, "web/incidents/by_mail_dead.html", status=410))


def guarded(answer: HttpResponse) -> HttpResponse:
    """The address is the key: it is not told to the next page."""
    answer["Referrer-Policy"] = "strict-origin"
    return answer


def language_of(recipient: Recipient) -> str:
    """The language of the mails."""
    return recipient.language if recipient.language in LANGUAGES else LANGUAGES[0]
