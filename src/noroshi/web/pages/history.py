"""Who changed what, and when."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from noroshi.tenants import access
from noroshi.tenants.models import AuditEntry, Membership
from noroshi.web.member import tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show

PER_PAGE = 100
PAIRED = frozenset({"name", "site", "interval_s"})  # fields told as [before, after]


@dataclass(frozen=True, slots=True)
class Line:
    """One change in words."""

    entry: AuditEntry
    action: str
    details: list[tuple[str, str]]


@require_GET
@tenant_page
def history(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The newest first."""
    rows = access.rows(member, AuditEntry).select_related("user").order_by("-at", "-pk")
    page = page_of(request, rows, PER_PAGE)
    lines = [Line(one, action_of(one.action), details_of(one.details)) for one in page.object_list]
    return show(request, member, "web/history/list.html", {"page": page, "lines": lines})


def action_of(action: str) -> str:
    """What was done, in words; an action without words shows its name."""
    return {
        "device.registered": _("端末を登録"),
        "device.changed": _("端末の設定を変更"),
        "device.retired": _("端末を廃止"),
        "downlink.queued": _("下りを予約"),
        "downlink.cancelled": _("下りを取り消し"),
        "rule.made": _("通知条件を追加"),
        "rule.changed": _("通知条件を変更"),
        "rule.removed": _("通知条件を削除"),
        "recipient.added": _("通知先を追加"),
        "recipient.changed": _("通知先を変更"),
        "recipient.removed": _("通知先を削除"),
        "incident.acknowledged": _("警報に対応"),
        "readings.exported": _("データを取り出し"),
    }.get(action, action)


def details_of(details: object) -> list[tuple[str, str]]:
    """(field, before → after) of what changed."""
    if not isinstance(details, dict):
        return []
    before, after = details.get("before"), details.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            (label_of(key), f"{word_of(before.get(key))} → {word_of(value)}")
            for key, value in after.items()
            if before.get(key) != value
        ]
    return [(label_of(key), change_of(key, value)) for key, value in details.items()]


def change_of(key: str, value: object) -> str:
    """A pair under the name of one field is before and after; anything else stands for itself."""
    if key in PAIRED and isinstance(value, list) and len(value) == len(("before", "after")):
        return f"{word_of(value[0])} → {word_of(value[1])}"
    return word_of(value)


def label_of(key: str) -> str:
    """What a field is called; one without words shows its name."""
    return {
        "name": _("名前"),
        "address": _("メールアドレス"),
        "language": _("メールの言語"),
        "is_active": _("有効"),
        "site": _("場所"),
        "interval_s": _("受信の間隔（秒）"),
        "upper": _("上限"),
        "lower": _("下限"),
        "margin": _("復帰の幅"),
        "hold_s": _("判定時間（秒）"),
        "recipients": _("通知先"),
        "key": _("項目"),
        "rule": _("通知条件"),
        "incident": _("警報"),
        "payload": _("データ（16進）"),
        "since": _("開始"),
        "until": _("終了"),
        "encoding": _("文字コード"),
        "form": _("並べ方"),
    }.get(key, key)


def word_of(value: object) -> str:
    """One value of a detail as text."""
    if value is None or value == "":
        return _("なし")
    if isinstance(value, bool):
        return _("はい") if value else _("いいえ")
    if isinstance(value, list):
        return _("、").join(word_of(one) for one in value)
    return str(value)
