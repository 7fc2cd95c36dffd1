"""Visits into a tenant's data as its pages show them: state, visitor and pages in words."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, QuerySet
from django.utils.translation import gettext as _

from noroshi.tenants import access
from noroshi.tenants.models import Membership, Visit
from noroshi.tenants.visits import Scope

RECEIVED, OPEN, ENDED = "received", "open", "ended"
OURS = (Visit.Kind.STAFF, Visit.Kind.SUBCONTRACTOR)


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit; `ends_at` is when it ended or will."""

    visit: Visit
    state: str
    mark: str
    words: str
    ends_at: datetime
    scope: str


def audits_of(member: Membership) -> QuerySet[Visit]:
    """The audits of the tenant, the newest first, with `view_count` and `seen_at`."""
    return visits_of(member).filter(kind=Visit.Kind.AUDIT)


def accesses_of(member: Membership) -> QuerySet[Visit]:
    """The visits of the provider's side, the newest first, with `view_count` and `seen_at`."""
    return visits_of(member).filter(kind__in=OURS)


def visits_of(member: Membership) -> QuerySet[Visit]:
    """All visits to the tenant."""
    counted = access.rows(member, Visit).annotate(
        view_count=Count("views"), seen_at=Max("views__at")
    )
    joined = counted.select_related("visitor", "filed_by", "on_behalf_of__user", "tenant")
    return joined.order_by("-since", "-pk")


def line_of(visit: Visit, now: datetime) -> VisitLine:
    """One visit in words."""
    state = state_of(visit, now)
    mark, words = words_of(state)
    return VisitLine(
        visit=visit,
        state=state,
        mark=mark,
        words=words,
        ends_at=min(visit.until, visit.ended_at) if visit.ended_at else visit.until,
        scope=_("、").join(scope_word(one) for one in visit.scope),
    )


def state_of(visit: Visit, now: datetime) -> str:
    """受付済 until its time comes, 閲覧中 in its time, 終了 after."""
    if visit.ended_at is not None or visit.until <= now:
        return ENDED
    return RECEIVED if now < visit.since else OPEN


def words_of(state: str) -> tuple[str, str]:
    """(mark, words) of a state."""
    return {
        RECEIVED: ("unknown", _("受付済（開始前）")),
        OPEN: ("alarm", _("閲覧中")),
        ENDED: ("paused", _("終了しました")),
    }[state]


def scope_word(scope: str) -> str:
    """What a subcontractor may see, in words."""
    known: dict[str, str] = {
        Scope.DEVICES: _("センサー端末と計測値"),
        Scope.ALARMS: _("通知条件と警報"),
        Scope.MAILS: _("通知先と通知履歴"),
        Scope.EXPORT: _("データ取り出し"),
    }
    return known.get(scope, scope)
