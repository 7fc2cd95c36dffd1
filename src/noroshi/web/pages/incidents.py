"""Alarms: open ones first, closed ones behind; one incident with its values, times and mails."""

from datetime import datetime

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.alarms.deeds import standing_of
from noroshi.alarms.models import Incident
from noroshi.alarms.why import notices_of
from noroshi.devices.models import Device
from noroshi.outbox.ledger import messages_about
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.ui.whywords import story_of
from noroshi.web.board import Case, cases_of
from noroshi.web.forms.incident import CommentForm, SettleForm
from noroshi.web.member import tenant_page
from noroshi.web.paging import page_of
from noroshi.web.sentences import MINUTE_S, duration
from noroshi.web.show import show
from noroshi.web.timeline import timeline_of

PER_PAGE = 50
OPEN, CLOSED, ALL = "open", "closed", "all"


@require_GET
@tenant_page
def incidents(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The list; opens with what is open, or with all when nothing is."""
    now = timezone.now()
    rows = access.rows(member, Incident)
    open_count = rows.filter(closed_at=None).count()
    wanted = request.GET.get("state", OPEN if open_count else ALL)
    if wanted == OPEN:
        rows = rows.filter(closed_at=None)
    elif wanted == CLOSED:
        rows = rows.exclude(closed_at=None)
    code = request.GET.get("device", "")
    device = access.row(member, Device, code=code) if code else None
    if device:
        rows = rows.filter(device=device)
    joined = rows.select_related("device__site", "acknowledged_by")
    page = page_of(request, joined.order_by("-opened_at", "-pk"), PER_PAGE)
    context = {
        "page": page,
        "cases": cases_of(list(page.object_list)),
        "state": wanted if wanted in {OPEN, CLOSED} else ALL,
        "device": device,
        "open_count": open_count,
        "back": request.get_full_path(),
        "now": now,
    }
    return show(request, member, "web/incidents/list.html", context)


@require_GET
@tenant_page
def incident(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """One incident from the first crossing to the recovery, and who was told."""
    case = case_of(access.row(member, Incident, code=code))
    device, now = case.incident.device, timezone.now()
    context = {
        "case": case,
        "incident": case.incident,
        "device": device,
        "mails": messages_about(member.tenant_id, code),
        "timeline": timeline_of(case),
        "stories": [story_of(one) for one in notices_of(case.incident)],
        "standing": standing_of(case.incident),
        "comment_form": CommentForm(),
        "settle_form": SettleForm(),
        "lasted": lasted(case.incident, now),
        "chart_query": chart_query(case.incident),
        "back": request.get_full_path(),
        "now": now,
    }
    return show(request, member, "web/incidents/one.html", context)


def case_of(found: Incident) -> Case:
    """The incident with the meaning of its key."""
    return cases_of([found])[0]


def lasted(found: Incident, now: datetime) -> str:
    """How long the value was beyond its limit, until now when it still is."""
    seconds = ((found.closed_at or now) - found.since).total_seconds()
    return duration(round(max(seconds, 0) / MINUTE_S) * MINUTE_S)


def chart_query(found: Incident) -> str:
    """The stretch of time around an incident, for the chart of its device."""
    end = found.closed_at or found.opened_at
    around_s = max((end - found.since).total_seconds(), 3600)
    since, until = found.since.timestamp() - around_s, end.timestamp() + around_s
    return f"?from={since:.0f}&to={until:.0f}"
