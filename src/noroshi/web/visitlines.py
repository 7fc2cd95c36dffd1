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


def page_word(name: str) -> str:
    """What a page that was looked at is called; its address stands beside it."""
    known = {
        "home": _("ホーム"),
        "devices": _("センサー端末"),
        "device": _("端末の計測値"),
        "device-facts": _("端末の計測値"),
        "device-chart": _("グラフ"),
        "device-table": _("計測値の表"),
        "device-summary": _("計測値の集計"),
        "device-uplinks": _("受信の一覧"),
        "device-uplink": _("受信の詳細"),
        "device-rules": _("端末の通知条件"),
        "device-downlinks": _("下り"),
        "device-settings": _("端末の設定"),
        "live": _("画面の自動更新"),
        "incidents": _("警報の一覧"),
        "incident": _("警報の詳細"),
        "rules": _("通知条件"),
        "rule": _("通知条件"),
        "rule-new": _("通知条件の追加"),
        "recipients": _("通知先"),
        "recipient": _("通知先"),
        "recipient-new": _("通知先の追加"),
        "mails": _("通知履歴"),
        "mail": _("通知の詳細"),
        "export": _("データ取り出し"),
        "export-file": _("CSVの取り出し"),
        "history": _("変更履歴"),
        "office-device": _("運営：端末"),
        "office-inbox": _("運営：受信箱"),
        "office-entry": _("運営：受信箱"),
        "office-mails": _("運営：メール"),
        "office-mail": _("運営：メール"),
        "office-history": _("運営：操作の記録"),
    }
    return known.get(name) or _("ほかの画面")
