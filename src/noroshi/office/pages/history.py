"""Who changed what in the whole house, and when: the audit log for the staff."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from noroshi.office.paging import number_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Tenant

PER_PAGE = 100

ACTIONS: dict[str, Promise] = {
    "codec.saved": _("デコーダーを保存"),
    "connection.made": _("接続を追加"),
    "connection.changed": _("接続を変更"),
    "connection.opened": _("接続の受け付けを再開"),
    "connection.closed": _("接続の受け付けを停止"),
    "connection.token_renewed": _("接続の宛先を更新"),
    "device.registered": _("端末を登録"),
    "device.changed": _("端末の設定を変更"),
    "device.type_changed": _("端末の機種を変更"),
    "device.retired": _("端末を廃止"),
    "downlink.queued": _("下りを予約"),
    "downlink.cancelled": _("下りを取り消し"),
    "inbox.run_again": _("受信を再処理"),
    "inbox.dismissed": _("受信を対応不要に"),
    "incident.acknowledged": _("警報に対応"),
    "mail.retried": _("メールを再送"),
    "mail.given_up": _("メールの送信を中止"),
    "readings.exported": _("データを取り出し"),
    "recipient.added": _("通知先を追加"),
    "recipient.changed": _("通知先を変更"),
    "recipient.removed": _("通知先を削除"),
    "rule.made": _("通知条件を追加"),
    "rule.changed": _("通知条件を変更"),
    "rule.removed": _("通知条件を削除"),
    "tenant.made": _("契約者を追加"),
    "tenant.changed": _("契約者を変更"),
    "type.made": _("機種を追加"),
    "type.changed": _("機種を変更"),
    "user.made": _("利用者を追加"),
    "user.password_changed": _("パスワードを変更"),
    "user.password_reset": _("パスワードを作り直し"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One change in words."""

    entry: AuditEntry
    action: str
    details: list[tuple[str, str]]


@require_GET
@staff_page
def history(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The newest first, narrowed by tenant, action and words; `?before=` goes back in time."""
    tenant, action = number_of(request, "tenant"), text_of(request, "action")
    words, before = text_of(request, "q"), number_of(request, "before")
    rows = AuditEntry.objects.select_related("user", "tenant")
    if tenant is not None:
        rows = rows.filter(tenant=tenant)
    if action:
        rows = rows.filter(action=action)
    if words:
        rows = rows.filter(subject__icontains=words) | rows.filter(user__name__icontains=words)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    context = {
        "lines": [line_of(entry) for entry in shown],
        "older": shown[-1].pk if len(found) > PER_PAGE else None,
        "is_first": before is None,
        "tenant": tenant,
        "tenants": Tenant.objects.order_by("name"),
        "action": action,
        "actions": sorted(ACTIONS.items()),
        "words": words,
        "is_narrowed": bool(action or words) or tenant is not None,
    }
    return show(request, by, "office/history/list.html", context)


def line_of(entry: AuditEntry) -> Line:
    """One entry in words; an action without words shows its name."""
    return Line(entry, str(ACTIONS.get(entry.action, entry.action)), details_of(entry.details))


def details_of(details: object) -> list[tuple[str, str]]:
    """(field, value), or (field, before → after) for what changed."""
    if not isinstance(details, dict):
        return []
    before, after = details.get("before"), details.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            (str(key), f"{word_of(before.get(key))} → {word_of(value)}")
            for key, value in after.items()
            if before.get(key) != value
        ]
    return [(str(key), word_of(value)) for key, value in details.items()]


def word_of(value: object) -> str:
    """One value of a detail as text."""
    if value is None or value == "":
        return "—"
    if isinstance(value, list):
        return ", ".join(word_of(one) for one in value)
    return str(value)
