"""What a page that a visitor opened is called, on both sides of the visit."""

from django.utils.translation import gettext as _


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
        "shared-rule": _("まとめた通知条件"),
        "shared-rule-new": _("まとめた通知条件の追加"),
        "rule-trial": _("通知条件を過去で試す"),
        "recipients": _("通知先"),
        "recipient": _("通知先"),
        "recipient-new": _("通知先の追加"),
        "policy": _("知らせ方"),
        "policy-words": _("メールに添える文"),
        "why": _("メールが届かないとき"),
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
