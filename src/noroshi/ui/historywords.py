"""The audit log in words: what was done, and what a field was before and after."""

from datetime import datetime

from django.utils.translation import gettext as _

from noroshi.tenants.models import (
    Act,
    Enrolment,
    IntentKind,
    Membership,
    Party,
    StaffRole,
    User,
    Visit,
)
from noroshi.ui.words import instant_words

PAIRED = frozenset({"name", "site", "interval_s"})  # fields told as [before, after]
INSTANTS = frozenset({"since", "until"})
CHOICES = {
    "affiliation": Enrolment.Affiliation,
    "role": Membership.Role,
    "kind": Visit.Kind,
    "before": User.State,
    "after": User.State,
    "act": IntentKind,
    "roles": StaffRole,
    "standing": Party.Standing,
}


def action_of(action: str) -> str:
    """What was done, in words; an action without words shows its name."""
    return (devices_and_rules() | people() | visits() | acts() | contracts()).get(action, action)


def devices_and_rules() -> dict[str, str]:
    """What is done with devices, rules, recipients and readings."""
    return {
        "device.registered": _("端末を登録"),
        "device.changed": _("端末の設定を変更"),
        "device.pac_changed": _("端末のPACを変更"),
        "device.imported": _("端末をCSVで登録"),
        "device.retired": _("端末を廃止"),
        "device.moved_away": _("端末がほかの契約者へ移った"),
        "device.released": _("端末を在庫へ戻した"),
        "downlink.queued": _("下りを予約"),
        "downlink.cancelled": _("下りを取り消し"),
        "rule.made": _("通知条件を追加"),
        "rule.changed": _("通知条件を変更"),
        "rule.removed": _("通知条件を削除"),
        "recipient.added": _("通知先を追加"),
        "recipient.changed": _("通知先を変更"),
        "recipient.removed": _("通知先を削除"),
        "recipient.tested": _("通知先にテストメールを送信"),
        "recipient.asked_again": _("通知先に確認メールを再送"),
        "recipient.confirmed": _("通知先の人が受け取りを確認"),
        "recipient.declined": _("通知先の人が受け取りを辞退"),
        "address.stopped": _("届かない宛先への送信を停止"),
        "address.charset": _("宛先の文字の形式を変更"),
        "address.lifted": _("宛先への送信を再開"),
        "incoming.closed": _("届いたメールを確認済みに"),
        "incident.acknowledged": _("警報に対応"),
        "incident.taken": _("警報の担当になった"),
        "incident.commented": _("警報に書き込み"),
        "incident.settled": _("警報を終わりにした"),
        "policy.changed": _("知らせ方を変更"),
        "wording.changed": _("メールに添える文を変更"),
        "group.made": _("グループを追加"),
        "group.changed": _("グループを変更"),
        "group.removed": _("グループを削除"),
        "recipient.wished": _("通知先の希望を変更"),
        "readings.exported": _("データを取り出し"),
        "deletion.planned": _("データの削除を予定"),
        "deletion.cancelled": _("データの削除を取りやめ"),
        "deletion.done": _("保存期間を過ぎたデータを削除"),
        "deletion.told": _("データの削除を書面でお知らせ"),
    }


def people() -> dict[str, str]:
    """What is done with users and their ids."""
    return {
        "user.named": _("利用者を名簿に登録"),
        "user.changed": _("名簿の内容を変更"),
        "user.ended": _("利用者を名簿から外した"),
        "user.stopped": _("利用者を直ちに停止"),
        "user.started_again": _("利用者を再開"),
        "user.issued": _("利用者IDを発行"),
        "user.joined": _("今ある利用者IDを名簿に結んだ"),
        "user.reissued": _("初期パスワードを再発行"),
        "user.link_opened": _("一度だけ開ける画面を開いた"),
        "user.first_sign_in": _("初期パスワードでログイン"),
        "user.first_changed": _("初期パスワードを変更"),
        "user.password_changed": _("パスワードを変更"),
        "user.factors_removed": _("二つ目の確認を外した"),
        "user.account_stopped": _("利用者IDを停止"),
        "user.account_frozen": _("利用者IDを凍結"),
        "user.account_closed": _("利用者IDを廃止"),
        "user.account_started": _("利用者IDを再開"),
        "register.reviewed": _("名簿の棚卸し"),
        "tenant.frozen": _("全アカウントを緊急停止"),
        "tenant.unfrozen": _("緊急停止を解除"),
        "sign_ins.exported": _("ログイン履歴を取り出し"),
    }


def contracts() -> dict[str, str]:
    """What is done with the contract."""
    return {
        "contract.formed": _("契約の成立"),
        "contract.amended": _("変更契約"),
        "contract.read": _("契約書面を取り出し"),
    }


def visits() -> dict[str, str]:
    """What is done with permissions to look from outside."""
    return {
        "visit.filed": _("監査アクセスを事前通知"),
        "visit.opened": _("提供者側の閲覧を開始"),
        "visit.ended": _("閲覧を終了"),
        "violation.confirmed": _("違反が確定"),
        "violation.closed": _("違反が是正済みに"),
        "tenant.agent_named": _("代理店を変更"),
    }


def acts() -> dict[str, str]:
    """What binds the contractor."""
    return {
        "intent.declared": _("意思表示"),
        "tenant.privacy_contact_changed": _("個人情報の窓口を変更"),
    }


def details_of(details: object) -> list[tuple[str, str]]:
    """(field, before → after) of what changed."""
    if not isinstance(details, dict):
        return []
    before, after = details.get("before"), details.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            (label_of(key), f"{word_of(key, before.get(key))} → {word_of(key, value)}")
            for key, value in after.items()
            if before.get(key) != value
        ]
    return [(label_of(key), change_of(key, value)) for key, value in details.items()]


def change_of(key: str, value: object) -> str:
    """A pair under the name of one field is before and after; anything else stands for itself."""
    if key in PAIRED and isinstance(value, list) and len(value) == len(("before", "after")):
        return f"{word_of(key, value[0])} → {word_of(key, value[1])}"
    return word_of(key, value)


def label_of(key: str) -> str:
    """What a field is called; one without words shows its name."""
    known = labels() | labels_of_people() | labels_of_acts() | labels_of_the_office()
    return known.get(key, key)


def labels() -> dict[str, str]:
    """The fields of devices, rules, recipients and exports."""
    return {
        "name": _("名前"),
        "address": _("メールアドレス"),
        "language": _("メールの言語"),
        "is_active": _("有効"),
        "site": _("場所"),
        "interval_s": _("受信の間隔（秒）"),
        "model": _("型番"),
        "serial": _("製造番号"),
        "conformity": _("技適番号"),
        "battery": _("電池の種類"),
        "right_until": _("回線の期限"),
        "place_note": _("設置場所のメモ"),
        "left_out": _("登録しなかった行"),
        "upper": _("上限"),
        "lower": _("下限"),
        "margin": _("復帰の幅"),
        "hold_s": _("判定時間（秒）"),
        "recipients": _("通知先"),
        "key": _("項目"),
        "rule": _("通知条件"),
        "incident": _("警報"),
        "text": _("書き込み"),
        "after_min": _("知らせるまでの分"),
        "quiet_events": _("静かな時間のあいだは待つ知らせ"),
        "tells_recovery": _("復帰も知らせる"),
        "has_links": _("メールにリンクを入れる"),
        "repeat_every_min": _("再通知の間隔（分）"),
        "repeats_max": _("再通知の回数"),
        "quiet_from": _("静かな時間のはじまり"),
        "quiet_until": _("静かな時間のおわり"),
        "singles_a_minute": _("一分に一人へ送る通数"),
        "mails_an_hour": _("一時間に一人へ送る通数"),
        "by_mail_link_of": _("だれへのメールのリンクから"),
        "payload": _("データ（16進）"),
        "since": _("開始"),
        "until": _("終了"),
        "encoding": _("文字コード"),
        "form": _("並べ方"),
    }


def labels_of_people() -> dict[str, str]:
    """The fields of users, accounts and visits."""
    return {
        "email": _("メールアドレス"),
        "affiliation": _("所属の区分"),
        "role": _("役割"),
        "has_authority": _("契約権限"),
        "login": _("利用者ID"),
        "way": _("渡し方"),
        "sessions": _("終わらせたログイン（件）"),
        "people": _("止めた利用者（名）"),
        "audits": _("終わらせた監査閲覧（名）"),
        "kept": _("残した方（名）"),
        "ended": _("外した方（名）"),
        "factors": _("外した要素（件）"),
        "before": _("前の状態"),
        "after": _("後の状態"),
        "kind": _("立場"),
        "visitor": _("閲覧する方"),
        "clause": _("規約の条項"),
        "found_on": _("見つけた日"),
        "person": _("利用者"),
        "what": _("内容"),
        "agent": _("代理店"),
        "reason": _("目的・理由"),
        "ticket": _("整理番号"),
    }


def labels_of_acts() -> dict[str, str]:
    """The fields of acts of intent."""
    return {
        "number": _("受付番号"),
        "act": _("手続き"),
        "hash": _("ハッシュ値"),
        "privacy_name": _("個人情報の窓口"),
        "privacy_email": _("窓口のメール"),
        "privacy_phone": _("窓口の電話"),
    }


def labels_of_the_office() -> dict[str, str]:
    """The fields of what the office alone changes."""
    return {
        "roles": _("事務局での役割"),
        "standing": _("立場"),
        "corporate_number": _("法人番号"),
        "sha256": _("ハッシュ値"),
        "bytes": _("大きさ（バイト）"),
        "text": _("内容"),
        "answer": _("否認の理由"),
        "works": _("委託する業務"),
        "tier": _("委託の段階（1＝直接）"),
        "country": _("所在国（2文字）"),
        "secrecy": _("秘密保持契約"),
        "privacy": _("個人情報の取扱契約"),
        "agreed_on": _("代理店契約の日"),
        "switch": _("項目"),
        "retention_days": _("保存期間（日）"),
        "type": _("機種"),
        "paper": _("書類"),
        "codec": _("デコーダー"),
        "version": _("版"),
        "quantities": _("項目"),
        "count": _("件数"),
        "lines": _("行"),
        "kana": _("フリガナ"),
        "postcode": _("郵便番号"),
        "municipality_code": _("市区町村コード"),
        "representative": _("代表者"),
        "contact_name": _("担当者"),
        "contact_email": _("担当者のメール"),
        "phone": _("電話"),
    }


def word_of(key: str, value: object) -> str:
    """One value of a field as text."""
    if value is None or value == "":
        return _("なし")
    if isinstance(value, bool):
        return _("はい") if value else _("いいえ")
    if isinstance(value, list):
        return _("、").join(word_of(key, one) for one in value)
    if key == "act" and value in Act.values:
        return str(Act(value).label)
    if key in CHOICES and value in CHOICES[key].values:
        return str(CHOICES[key](value).label)
    return instant_of(value) if key in INSTANTS else str(value)


def instant_of(value: object) -> str:
    """An instant kept as text, in words; any other text as it is."""
    try:
        return instant_words(datetime.fromisoformat(str(value)))
    except ValueError:
        return str(value)
