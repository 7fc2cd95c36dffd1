"""Reason codes in the reader's words, each with what to do about it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.codecs.words import ERRORS, say_error

CODEC_FAILED = "codec_failed"


@dataclass(frozen=True, slots=True)
class Said:
    """A reason in words: what is wrong, and what mends it."""

    what: str
    mend: str


REASONS: dict[str, tuple[Promise, Promise]] = {
    "unknown_device": (
        gettext_lazy("登録されていない端末です。"),
        gettext_lazy("端末を登録すると、ここで待っている受信がすべて処理されます。"),
    ),
    "no_holder": (
        gettext_lazy("送られたとき、この端末はどの契約者のものでもありませんでした。"),
        gettext_lazy(
            "在庫の端末の受信は、契約者には渡しません。いらなければ一覧から外してください。"
        ),
    ),
    CODEC_FAILED: (
        gettext_lazy("デコーダーがデータを読めませんでした。"),
        gettext_lazy("デコーダーを直して保存したあと、再処理してください。"),
    ),
    "too_many_series": (
        gettext_lazy("端末の項目が多すぎて、新しい項目を保存できませんでした。"),
        gettext_lazy(
            "デコーダーが毎回ちがう名前を作っていないか確かめ、直して再処理してください。"
        ),
    ),
    "bad_data": (
        gettext_lazy("データベースに保存できない値がありました。"),
        gettext_lazy("値の大きさや文字を確かめ、デコーダーを直して再処理してください。"),
    ),
    "bug": (
        gettext_lazy("Noroshi の不具合で処理できませんでした。"),
        gettext_lazy("下の内容を添えて開発元に知らせ、更新のあとで再処理してください。"),
    ),
    "not_json": (
        gettext_lazy("本文が JSON として読めません。"),
        gettext_lazy("ネットワーク側の本文のひな形で、かっこや引用符を確かめてください。"),
    ),
    "not_text": (
        gettext_lazy("本文の文字コードが UTF-8 ではありません。"),
        gettext_lazy("ネットワーク側の送信形式を JSON（UTF-8）にしてください。"),
    ),
    "nul_in_text": (
        gettext_lazy("文字の中に扱えない制御文字（U+0000）があります。"),
        gettext_lazy("送信側で、この文字を除いてください。"),
    ),
    "empty": (
        gettext_lazy("本文がありません。"),
        gettext_lazy("ネットワーク側で、本文のひな形が入っているか確かめてください。"),
    ),
    "bad_line": (
        gettext_lazy("行の形が、決めた書式と合いません。"),
        gettext_lazy("接続の設定 line と、ネットワーク側の行のひな形をそろえてください。"),
    ),
    "bad_settings": (
        gettext_lazy("この接続の設定に誤りがあります。"),
        gettext_lazy("接続のページで設定を直してから再処理してください。"),
    ),
    "template_not_filled": (
        gettext_lazy("ひな形の {…} が値に置きかわらずに届きました。"),
        gettext_lazy("ネットワーク側の変数名のつづりを確かめてください。"),
    ),
    "no_device_id": (
        gettext_lazy("端末IDがありません。"),
        gettext_lazy("本文に端末IDを入れるか、接続の設定で場所を指定してください。"),
    ),
    "bad_device_id": (
        gettext_lazy("端末IDの形が正しくありません。"),
        gettext_lazy("送られた端末IDと、接続の種類（ネットワーク）を確かめてください。"),
    ),
    "no_time": (
        gettext_lazy("時刻がありません。"),
        gettext_lazy("本文のひな形に時刻（Sigfox なら {time}）を入れてください。"),
    ),
    "bad_time": (
        gettext_lazy("時刻が読めないか、ありえない日時です。"),
        gettext_lazy("送信側の時計と時刻の形式を確かめてください。"),
    ),
    "bad_hex": (
        gettext_lazy("データが16進数ではありません。"),
        gettext_lazy("ひな形の data が {data} のままか、形式の設定を確かめてください。"),
    ),
    "bad_base64": (
        gettext_lazy("データが Base64 ではありません。"),
        gettext_lazy("接続の設定 payload_encoding を確かめてください。"),
    ),
    "too_long": (
        gettext_lazy("データが、このネットワークで送れる長さを超えています。"),
        gettext_lazy("ひな形の data に、ほかの値が混ざっていないか確かめてください。"),
    ),
    "too_deep": (
        gettext_lazy("本文の入れ子が深すぎます。"),
        gettext_lazy("送信側で、必要な項目だけを送るようにしてください。"),
    ),
    "unknown_event": (
        gettext_lazy("知らない種類のお知らせです。"),
        gettext_lazy("URL の最後（uplink など）が設定手順のとおりか確かめてください。"),
    ),
    "unsupported_encoding": (
        gettext_lazy("JSON ではない形式（Protobuf）で届きました。"),
        gettext_lazy("ネットワーク側の Payload encoding を JSON にしてください。"),
    ),
}


def say(reason: str, detail: str = "") -> Said:
    """The reason in words; a codec's own error where the detail names one."""
    what, mend = REASONS.get(reason, (reason, ""))
    code = detail.partition(":")[0]
    if reason == CODEC_FAILED and code in ERRORS:
        return Said(say_error(code), str(mend))
    return Said(str(what), str(mend))


def rest_of(reason: str, detail: str) -> str:
    """The detail without the code that `say` has put in words."""
    code, _colon, rest = detail.partition(":")
    return rest.strip() if reason == CODEC_FAILED and code in ERRORS else detail


def span_words(seconds: float) -> str:
    """A length of time in one unit: 40秒, 2分, 3時間, 5日."""
    if seconds < 60:
        return _("%(n)d秒") % {"n": max(0, seconds)}
    if seconds < 5400:
        return _("%(n)d分") % {"n": seconds // 60}
    if seconds < 2 * 86400:
        return _("%(n)d時間") % {"n": seconds // 3600}
    return _("%(n)d日") % {"n": seconds // 86400}


def bytes_words(count: float) -> str:
    """A size in the unit that reads best: 812 kB, 3.4 GB."""
    size, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:,.0f} {units[0]}" if size >= 100 or units[0] == "B" else f"{size:.1f} {units[0]}"


def job_of(program: str) -> str:
    """What a program does, in a word."""
    jobs = {
        "gate": _("受信口"),
        "listen": _("MQTT の受信"),
        "work": _("受信の処理"),
        "send": _("メール送信"),
        "receive": _("メール受信"),
        "tick": _("定時の仕事"),
        "live": _("画面の更新"),
        "wal": _("更新ログの控え"),
    }
    return jobs.get(program, "")
