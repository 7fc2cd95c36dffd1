"""Who changed what in the whole house, and when: the audit log for the staff."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from noroshi.office.paging import number_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.visiting import closed_to, open_tenants
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.models import AuditEntry, Tenant, User
from noroshi.ui.historywords import details_of

PER_PAGE = 100

ACTIONS: dict[str, Promise] = {
    "approval.alone": _("承認なしで行った（ひとりの事務局）"),
    "approval.approved": _("申請を承認"),
    "approval.asked": _("承認を申請"),
    "approval.refused": _("申請を否認"),
    "approval.withdrawn": _("申請を取り下げ"),
    "codec.saved": _("デコーダーを保存"),
    "connection.made": _("接続を追加"),
    "connection.changed": _("接続を変更"),
    "connection.opened": _("接続の受け付けを再開"),
    "connection.closed": _("接続の受け付けを停止"),
    "connection.token_renewed": _("接続の宛先を更新"),
    "device.registered": _("端末を登録"),
    "device.changed": _("端末の設定を変更"),
    "device.pac_changed": _("端末のPACを変更"),
    "device.imported": _("端末をCSVで登録"),
    "device.type_changed": _("端末の機種を変更"),
    "device.retired": _("端末を廃止"),
    "device.moved_away": _("端末をほかの契約者へ移した"),
    "device.released": _("端末を在庫へ戻した"),
    "thing.stocked": _("端末を在庫に入れた"),
    "thing.retired": _("在庫の端末を廃止"),
    "downlink.queued": _("下りを予約"),
    "downlink.cancelled": _("下りを取り消し"),
    "inbox.run_again": _("受信を再処理"),
    "inbox.dismissed": _("受信を対応不要に"),
    "incident.acknowledged": _("警報に対応"),
    "mail.retried": _("メールを再送"),
    "mail.given_up": _("メールの送信を中止"),
    "readings.exported": _("データを取り出し"),
    "deletion.planned": _("データの削除を予定"),
    "deletion.cancelled": _("データの削除を取りやめ"),
    "deletion.done": _("保存期間を過ぎたデータを削除"),
    "deletion.told": _("データの削除を書面でお知らせ"),
    "hold.placed": _("データの削除を停止"),
    "hold.lifted": _("データの削除の停止を解除"),
    "agent.agreed": _("代理店契約を届け出"),
    "agent.ended": _("代理店を終了"),
    "agent.changed": _("代理店を変更"),
    "agent.named": _("代理店を登録"),
    "paper.kept": _("書類を保管"),
    "paper.read": _("書類を取り出し"),
    "party.changed": _("取引先を変更"),
    "party.made": _("取引先を登録"),
    "party.standing_changed": _("取引先の立場を変更"),
    "recipient.added": _("通知先を追加"),
    "recipient.changed": _("通知先を変更"),
    "recipient.removed": _("通知先を削除"),
    "rule.made": _("通知条件を追加"),
    "rule.changed": _("通知条件を変更"),
    "rule.removed": _("通知条件を削除"),
    "staff.roles_changed": _("事務局の役割を変更"),
    "subcontractor.agreed": _("委託先の契約を届け出"),
    "subcontractor.changed": _("委託先を変更"),
    "subcontractor.entered": _("委託先を登録"),
    "tenant.agent_named": _("契約者の代理店を変更"),
    "tenant.party_linked": _("契約者を取引先に結び付け"),
    "tenant.made": _("契約者を追加"),
    "contract.drawn_up": _("条件書を作成"),
    "contract.formed": _("契約の成立"),
    "contract.amended": _("変更契約"),
    "contract.read": _("契約書面を取り出し"),
    "tenant.changed": _("契約者を変更"),
    "type.made": _("機種を追加"),
    "type.changed": _("機種を変更"),
    "violation.cleared": _("「違反なし」とした"),
    "violation.closed": _("違反を是正済みに"),
    "violation.confirmed": _("違反を確定"),
    "violation.recorded": _("違反を記録"),
    "visit.ended": _("閲覧を終了"),
    "visit.filed": _("監査アクセスを届け出"),
    "visit.opened": _("閲覧を開始"),
    "intent.declared": _("意思表示"),
    "register.reviewed": _("名簿の棚卸し"),
    "sign_ins.exported": _("ログイン履歴を取り出し"),
    "tenant.frozen": _("全アカウントを緊急停止"),
    "tenant.unfrozen": _("緊急停止を解除"),
    "tenant.privacy_contact_changed": _("個人情報の窓口を変更"),
    "user.account_closed": _("利用者IDを廃止"),
    "user.account_frozen": _("利用者IDを凍結"),
    "user.account_started": _("利用者IDを再開"),
    "user.account_stopped": _("利用者IDを停止"),
    "user.app_added": _("確認アプリを設定"),
    "user.app_removed": _("確認アプリを外した"),
    "user.changed": _("名簿の内容を変更"),
    "user.device_forgotten": _("覚えている機器を忘れた"),
    "user.ended": _("利用者を名簿から外した"),
    "user.factors_removed": _("二つ目の確認を外した"),
    "user.first_changed": _("初期パスワードを変更"),
    "user.first_sign_in": _("初期パスワードでログイン"),
    "user.issued": _("利用者IDを発行"),
    "user.joined": _("今ある利用者IDを名簿に結んだ"),
    "user.link_opened": _("一度だけ開ける画面を開いた"),
    "user.mail_changed": _("メールアドレスを変更"),
    "user.named": _("利用者を名簿に登録"),
    "user.passkey_added": _("パスキーを加えた"),
    "user.passkey_removed": _("パスキーを外した"),
    "user.profile_changed": _("お名前と表示を変更"),
    "user.reissued": _("初期パスワードを再発行"),
    "user.sessions_ended": _("ほかの機器のログインを終了"),
    "user.spare_codes_made": _("予備のコードを作った"),
    "user.started_again": _("利用者を再開"),
    "user.stopped": _("利用者を直ちに停止"),
    "user.made": _("利用者を追加"),
    "user.password_changed": _("パスワードを変更"),
    "user.password_reset": _("パスワードを作り直し"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One change in words."""

    entry: AuditEntry
    action: str
    subject: str
    details: list[tuple[str, str]]
    is_open: bool


@require_GET
@staff_page(duty=Duty.HISTORY)
def history(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The newest first, narrowed by tenant, action and words; `?before=` goes back in time."""
    tenant, action = number_of(request, "tenant"), text_of(request, "action")
    words, before = text_of(request, "q"), number_of(request, "before")
    rows = AuditEntry.objects.select_related("user", "tenant")
    if tenant is not None:
        rows = rows.filter(tenant=tenant)
    if action:
        rows = rows.filter(action=action)
    mine = open_tenants(by, timezone.now())
    if words:
        seen = Q(tenant=None) | Q(user=None) | Q(user__kind=User.Kind.STAFF) | Q(tenant__in=mine)
        rows = rows.filter(Q(seen, subject__icontains=words) | Q(user__name__icontains=words))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    looked = {one.tenant_id: one.tenant for one in shown if one.tenant_id in mine}
    closed_to(request, by, [tenant for tenant in looked.values() if tenant], timezone.now())
    context = {
        "lines": [line_of(entry, mine) for entry in shown],
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


def line_of(entry: AuditEntry, mine: set[int]) -> Line:
    """One entry in words; an action without words shows its name.

    What a tenant's own people changed stays theirs: without a visit, only who did what when.
    """
    action = str(ACTIONS.get(entry.action, entry.action))
    is_theirs = entry.user is not None and entry.user.kind != User.Kind.STAFF
    if entry.tenant_id is not None and is_theirs and entry.tenant_id not in mine:
        return Line(entry, action, "", [], is_open=False)
    return Line(entry, action, entry.subject, details_of(entry.details), is_open=True)
