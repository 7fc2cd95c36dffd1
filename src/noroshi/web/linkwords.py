"""The radio facts of one uplink in words, where adapters name them in the networks' own."""

from collections.abc import Mapping

from django.utils.translation import gettext as _


def link_lines(link: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name, words) of what was noted of the radio path: known facts first, the rest behind."""
    names = fact_names()
    order = {key: place for place, key in enumerate(names)}
    found = sorted(link.items(), key=lambda pair: (order.get(pair[0], len(order)), pair[0]))
    return [(names.get(key, key), words_of(key, text)) for key, text in found]


def fact_names() -> dict[str, str]:
    """Key → name, in the order in which people look for them."""
    return {
        "lqi": _("電波の品質"),
        "data_rate": _("データレート"),
        "frequency_mhz": _("周波数"),
        "region": _("周波数帯"),
        "confirmed": _("到達確認"),
        "operator": _("事業者"),
        "country": _("国番号"),
        "device_name": _("ネットワークでの名前"),
        "application": _("アプリケーション"),
        "application_id": _("アプリケーションID"),
        "profile": _("プロファイル"),
        "device_type": _("デバイスタイプ"),
        "model": _("機種"),
        "dev_addr": "DevAddr",
        "simulated": _("試験送信"),
    }


def words_of(key: str, text: str) -> str:
    """The value in words where it is a code, with its unit where it is a number."""
    if key == "frequency_mhz":
        return f"{text} MHz"
    codes = {
        "EXCELLENT": _("とても良い"),
        "GOOD": _("良い"),
        "AVERAGE": _("ふつう"),
        "LIMIT": _("弱い"),
        "yes": _("あり"),
    }
    return codes.get(text, text) if key in {"lqi", "confirmed", "simulated"} else text
