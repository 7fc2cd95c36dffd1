"""Decoding's errors, doubts and examples in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

ERRORS: dict[str, Promise] = {
    "timeout": gettext_lazy("デコーダーの処理が時間内に終わりませんでした。"),
    "out_of_memory": gettext_lazy("デコーダーがメモリーを使いすぎました。"),
    "exception": gettext_lazy("デコーダーがエラーを返しました。"),
    "no_entry_point": gettext_lazy(
        "デコーダーに関数 decodeUplink（または Decode、Decoder）がありません。"
    ),
    "bad_result": gettext_lazy("デコーダーの結果に計測値がありません。"),
    "too_big": gettext_lazy("データが大きすぎます。"),
    "crashed": gettext_lazy("デコーダーの処理が途中で止まりました。"),
    "poisoned": gettext_lazy("失敗が続いたため、このデコーダーを1分間止めています。"),
    "truncated": gettext_lazy("データが途中で切れています。"),
    "unknown_type": gettext_lazy("知らない種類の値があり、そこから先を読めません。"),
    "bad_format": gettext_lazy("ペイロードの書式に誤りがあります。"),
    "no_encoder": gettext_lazy(
        "デコーダーに関数 encodeDownlink（または Encode、Encoder）がありません。"
    ),
    "no_downlink_decoder": gettext_lazy("デコーダーに関数 decodeDownlink がありません。"),
    "bad_data": gettext_lazy("JSON のオブジェクトとして読めません。"),
    "no_bytes": gettext_lazy("エンコーダーの結果に bytes がありません。"),
    "bad_bytes": gettext_lazy("エンコーダーの結果の bytes に、数ではないものがあります。"),
    "bad_port": gettext_lazy("エンコーダーの結果の fPort が 1 から 255 の整数ではありません。"),
}

ENCODER_ERRORS: dict[str, Promise] = {
    "timeout": gettext_lazy("エンコーダーの処理が時間内に終わりませんでした。"),
    "out_of_memory": gettext_lazy("エンコーダーがメモリーを使いすぎました。"),
    "exception": gettext_lazy("エンコーダーがエラーを返しました。"),
    "bad_result": gettext_lazy("エンコーダーの結果を読めません。"),
    "too_big": gettext_lazy("エンコーダーの結果が255バイトを超えています。"),
    "crashed": gettext_lazy("エンコーダーの処理が途中で止まりました。"),
    "poisoned": gettext_lazy("失敗が続いたため、このエンコーダーを1分間止めています。"),
}

WARNINGS: dict[str, Promise] = {
    "no_fields": gettext_lazy("計測値がありません。"),
    "too_deep": gettext_lazy("入れ子が深すぎるため除きました。"),
    "too_many_values": gettext_lazy("計測値が多すぎるため、残りを除きました。"),
    "too_many_readings": gettext_lazy("時刻の数が多すぎるため、残りを除きました。"),
    "not_a_value": gettext_lazy("計測値として扱えないため除きました。"),
    "not_finite": gettext_lazy("数値ではない、または大きすぎるため除きました。"),
    "text_cut": gettext_lazy("文字が長すぎるため、途中までにしました。"),
    "bad_name": gettext_lazy("項目名が空か長すぎるため除きました。"),
    "same_name": gettext_lazy("同じ項目名が2回あります。"),
    "bad_time": gettext_lazy("時刻が正しくないため除きました。"),
    "bad_position": gettext_lazy("緯度・経度が範囲の外です。"),
    "not_normalized": gettext_lazy("normalizeUplink が失敗したため、そろえた値はありません。"),
    "past_end": gettext_lazy("データの長さが足りず、読めませんでした。"),
    "bool_byte_disputed": gettext_lazy(
        "バイト位置の解釈が分かれる書き方です。位置を数字で書いてください。"
    ),
    "start_bit_disputed": gettext_lazy(
        "開始ビットの解釈が分かれる書き方です。値を確かめてください。"
    ),
    "little_endian_disputed": gettext_lazy(
        "little-endian の解釈が分かれる書き方です。値を確かめてください。"
    ),
}

BAD_FORMATS: dict[str, Promise] = {
    "empty": gettext_lazy("書式が空です。"),
    "too_long": gettext_lazy("書式が長すぎます。"),
    "bad_name": gettext_lazy("項目名に使えない文字があります。"),
    "same_name": gettext_lazy("同じ項目名が2回あります。"),
    "bad_index": gettext_lazy("バイト位置は 0 から 255 の数字で書いてください。"),
    "bad_type": gettext_lazy("型は bool、char、float、uint、int のどれかにしてください。"),
    "bad_width": gettext_lazy("大きさの数字が正しくありません。"),
    "bad_endian": gettext_lazy("big-endian か little-endian と書いてください。"),
    "bad_start_bit": gettext_lazy("ビットは 0 から 7 の数字で書いてください。"),
    "too_many_parts": gettext_lazy("「:」で区切った部分が多すぎます。"),
}

EXAMPLES: dict[str, Promise] = {
    "paddy": gettext_lazy("水田の水位"),
    "cold_store": gettext_lazy("冷蔵庫の温度・湿度"),
    "greenhouse": gettext_lazy("温室の環境"),
    "door": gettext_lazy("扉の開閉"),
    "trap": gettext_lazy("わなの作動"),
}


def say_error(code: str) -> str:
    """The sentence for a result's error code; the code itself where it is not ours."""
    return str(ERRORS.get(code, code))


def say_encoder_error(code: str) -> str:
    """The sentence for what befell an encoder, which is not called a decoder."""
    return str(ENCODER_ERRORS[code]) if code in ENCODER_ERRORS else say_error(code)


def say_warning(warning: str) -> str:
    """The sentence for one of our warnings ("@code subject"); a codec's own stays as it is."""
    if not warning.startswith("@"):
        return warning
    code, _space, subject = warning[1:].partition(" ")
    sentence = str(WARNINGS.get(code, code))
    return (
        _("%(field)s：%(warning)s") % {"field": subject, "warning": sentence}
        if subject
        else sentence
    )


def say_bad_format(reason: str, position: int) -> str:
    """The sentence for a BadFormat, with the place counted from 1."""
    sentence = str(BAD_FORMATS.get(reason, reason))
    return _("%(place)d文字目：%(reason)s") % {"place": position + 1, "reason": sentence}
