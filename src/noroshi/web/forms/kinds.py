"""How each kind of condition is asked for: a sentence with fields in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from noroshi.alarms.conditions import (
    BatteryForecast,
    BatteryLow,
    Changed,
    Condition,
    Count,
    Difference,
    Equals,
    HeatSum,
    Inside,
    Leaves,
    Limits,
    Link,
    Lost,
    Rate,
    Silence,
    Stuck,
    Wbgt,
)
from noroshi.alarms.sharing import Scope
from noroshi.web.measures import RADIO, Measure

ABS_MAX = 1e12
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
TEXT_CHARS_MAX = 100
WORDS_MAX = 50
ON, OFF = "on", "off"
BETWEEN = 0.5  # a truth value is 0 or 1: a limit between them tells the two apart

NO_SCOPE = Scope()
Cleaned = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rule is about, what else is measured, and for which devices where not for one."""

    measure: Measure
    others: Sequence[Measure]
    scope: Scope = NO_SCOPE

    @property
    def unit(self) -> str:
        """The unit of the quantity."""
        return self.measure.unit

    def choices(self, unit: str = "") -> list[tuple[str, str]]:
        """Other numbers of the device, of one unit or of any."""
        return [
            (one.key, one.name)
            for one in self.others
            if one.kind == "number" and one.key != self.measure.key and unit in {"", one.unit}
        ]


@dataclass(frozen=True, slots=True)
class Part:
    """One kind: its name in the list of kinds, its sentence, its fields, and the way both ways.

    `say` gives the sentence before 「状態が…続いたら」 or 「とき」, with {names} of fields in it.
    """

    name: Callable[[], str]
    say: Callable[[Asked], str]
    fields: Callable[[Asked], dict[str, forms.Field]]
    read: Callable[[Cleaned, Asked], Condition]
    show: Callable[[Any], dict[str, Any]]
    has_hold: bool = True
    has_margin: bool = False


def kinds_for(asked: Asked) -> list[str]:
    """Which kinds fit the quantity; the commonest first."""
    measure = asked.measure
    if measure.key == RADIO:
        return ["silence", "lost", "link"]
    if measure.kind == "boolean":
        return ["limits", "changed", "count"]
    if measure.kind == "text":
        return ["equals", "changed"]
    if measure.kind == "position":
        return ["leaves"]
    found = ["limits", "inside", "rate", "stuck", "count", "equals"]
    if measure.key.startswith("battery"):
        found = ["battery", "forecast", *found]
    if asked.choices():
        found.append("difference")
    if measure.unit == "℃":
        found += ["heat", *(["wbgt"] if asked.choices("%") else [])]
    return found


def number(label: str, *, least: float = -ABS_MAX, initial: float | None = None) -> forms.Field:
    """Any number."""
    return forms.FloatField(label=label, min_value=least, max_value=ABS_MAX, initial=initial)


def maybe(label: str) -> forms.Field:
    """A number or nothing."""
    return forms.FloatField(label=label, required=False, min_value=-ABS_MAX, max_value=ABS_MAX)


def whole(label: str, least: int, most: int, initial: int | None = None) -> forms.Field:
    """A whole number."""
    return forms.IntegerField(label=label, min_value=least, max_value=most, initial=initial)


def choice(label: str, choices: Sequence[tuple[str, str]]) -> forms.Field:
    """One of some words."""
    return forms.ChoiceField(label=label, choices=choices)


def _value(asked: Asked) -> dict[str, forms.Field]:
    measure = asked.measure
    if measure.kind == "boolean":
        return {"value": choice(_("値"), [(ON, measure.word(1)), (OFF, measure.word(0))])}
    if measure.kind == "text":
        return {"value": forms.CharField(label=_("値"), max_length=TEXT_CHARS_MAX)}
    return {"value": number(_("値"))}


def _read_value(cleaned: Cleaned, asked: Asked) -> float | str:
    value = cleaned["value"]
    if asked.measure.kind == "boolean":
        return float(value == ON)
    return str(value) if asked.measure.kind == "text" else float(value)


def _show_value(told: Equals | Changed) -> dict[str, Any]:
    # A truth value is shown by its word, a number as it is; the field knows which it has.
    return {"value": told.value}


def _limits_fields(asked: Asked) -> dict[str, forms.Field]:
    measure = asked.measure
    if measure.kind == "boolean":
        return {"when": choice(_("知らせるとき"), [(ON, measure.word(1)), (OFF, measure.word(0))])}
    return {"upper": maybe(_("上限")), "lower": maybe(_("下限"))}


def _limits_of(cleaned: Cleaned, asked: Asked) -> Limits:
    if asked.measure.kind == "boolean":
        return Limits(BETWEEN) if cleaned["when"] == ON else Limits(None, BETWEEN)
    return Limits(cleaned.get("upper"), cleaned.get("lower"))


def _say_limits(asked: Asked) -> str:
    if asked.measure.kind == "boolean":
        return _("{when} の")
    return _("{upper} %(unit)s より高いか {lower} %(unit)s より低い") % {"unit": asked.unit}


def _say_count(asked: Asked) -> str:
    return _("最近 {of} 回のうち {count} 回以上 %(so)s") % {"so": _say_limits(asked)}


def _count_of(cleaned: Cleaned, asked: Asked) -> Count:
    limits = _limits_of(cleaned, asked)
    return Count(cleaned["count"], cleaned["of"], upper=limits.upper, lower=limits.lower)


def _directions() -> list[tuple[str, str]]:
    return [("up", _("上がった")), ("down", _("下がった")), ("either", _("変わった"))]


def _levels() -> list[tuple[str, str]]:
    return [
        ("rssi", _("電波の強さ（dBm）")),
        ("snr", _("電波の質（SNR・dB）")),
        ("gateways", _("受けた基地局の数")),
    ]


PARTS: Mapping[str, Part] = {
    "limits": Part(
        lambda: _("上限・下限を外れた"),
        _say_limits,
        _limits_fields,
        _limits_of,
        lambda told: {
            "upper": told.upper,
            "lower": told.lower,
            "when": ON if told.upper is not None else OFF,
        },
        has_margin=True,
    ),
    "inside": Part(
        lambda: _("範囲の中に入った"),
        lambda asked: _("{lower} %(unit)s 以上 {upper} %(unit)s 以下の") % {"unit": asked.unit},
        lambda _asked: {"lower": number(_("下限")), "upper": number(_("上限"))},
        lambda cleaned, _asked: Inside(cleaned["lower"], cleaned["upper"]),
        lambda told: {"lower": told.lower, "upper": told.upper},
        has_margin=True,
    ),
    "equals": Part(
        lambda: _("決まった値になっている"),
        lambda asked: _("「 {value} %(unit)s 」の") % {"unit": asked.unit},
        _value,
        lambda cleaned, asked: Equals(_read_value(cleaned, asked)),
        _show_value,
    ),
    "changed": Part(
        lambda: _("決まった値に変わった"),
        lambda asked: _("「 {value} %(unit)s 」に変わった") % {"unit": asked.unit},
        _value,
        lambda cleaned, asked: Changed(_read_value(cleaned, asked)),
        _show_value,
    ),
    "rate": Part(
        lambda: _("急に変わった"),
        lambda asked: (
            _("{within_min} 分のうちに {by} %(unit)s 以上 {direction}") % {"unit": asked.unit}
        ),
        lambda _asked: {
            "within_min": whole(_("何分のうちに"), 1, 1440, 30),
            "by": number(_("どれだけ"), least=0),
            "direction": choice(_("向き"), _directions()),
        },
        lambda cleaned, _asked: Rate(
            cleaned["by"], cleaned["within_min"] * MINUTE_S, cleaned["direction"]
        ),
        lambda told: {
            "within_min": told.within_s // MINUTE_S,
            "by": told.by,
            "direction": told.direction,
        },
    ),
    "difference": Part(
        lambda: _("ほかの項目との差"),
        lambda asked: (
            _("{other} との差が {upper} %(unit)s より大きいか {lower} %(unit)s より小さい")
            % {"unit": asked.unit}
        ),
        lambda asked: {
            "other": choice(_("比べる項目"), asked.choices()),
            "upper": maybe(_("差の上限")),
            "lower": maybe(_("差の下限")),
        },
        lambda cleaned, _asked: Difference(cleaned["other"], cleaned["upper"], cleaned["lower"]),
        lambda told: {"other": told.other, "upper": told.upper, "lower": told.lower},
        has_margin=True,
    ),
    "stuck": Part(
        lambda: _("値が動かない"),
        lambda asked: (
            _("{for_h} 時間のあいだ {tolerance} %(unit)s も動かない") % {"unit": asked.unit}
        ),
        lambda _asked: {
            "for_h": whole(_("何時間"), 1, 720, 6),
            "tolerance": number(_("動きの幅"), least=0, initial=0),
        },
        lambda cleaned, _asked: Stuck(cleaned["for_h"] * HOUR_S, cleaned["tolerance"]),
        lambda told: {"for_h": told.for_s // HOUR_S, "tolerance": told.tolerance},
        has_hold=False,
    ),
    "count": Part(
        lambda: _("何回か外れた"),
        _say_count,
        lambda asked: {
            "of": whole(_("最近の何回"), 1, 100, 5),
            "count": whole(_("そのうち何回"), 1, 100, 3),
            **_limits_fields(asked),
        },
        _count_of,
        lambda told: {
            "of": told.of,
            "count": told.count,
            "upper": told.upper,
            "lower": told.lower,
            "when": ON if told.upper is not None else OFF,
        },
        has_hold=False,
    ),
    "battery": Part(
        lambda: _("電池が少ない"),
        lambda asked: _("{limit} %(unit)s より少ない") % {"unit": asked.unit},
        lambda asked: {"limit": number(_("残り"), initial=20 if asked.unit == "%" else None)},
        lambda cleaned, _asked: BatteryLow(cleaned["limit"]),
        lambda told: {"limit": told.limit},
        has_margin=True,
    ),
    "forecast": Part(
        lambda: _("電池がもうすぐなくなる"),
        lambda asked: _("{days} 日以内に {empty} %(unit)s になりそうな") % {"unit": asked.unit},
        lambda _asked: {
            "days": whole(_("何日以内"), 1, 365, 30),
            "empty": number(_("使えなくなる値"), initial=0),
        },
        lambda cleaned, _asked: BatteryForecast(cleaned["days"], cleaned["empty"]),
        lambda told: {"days": told.days, "empty": told.empty},
        has_hold=False,
    ),
    "heat": Part(
        lambda: _("積算温度に達した"),
        lambda _asked: _("{since} からの積算で {target} ℃日 に達した（{base} ℃を超えた分）"),
        lambda _asked: {
            "since": forms.DateField(
                label=_("数えはじめる日"),
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            ),
            "target": number(_("積算"), least=0, initial=1000),
            "base": number(_("基準の温度"), initial=0),
        },
        lambda cleaned, _asked: HeatSum(cleaned["target"], cleaned["since"], cleaned["base"]),
        lambda told: {"target": told.target, "since": told.since, "base": told.base},
        has_hold=False,
    ),
    "wbgt": Part(
        lambda: _("暑さ指数（推定）"),
        lambda _asked: _(
            "{humidity} と合わせて推定した暑さ指数（WBGT）が {place} で {level} ℃以上の"
        ),
        lambda asked: {
            "humidity": choice(_("湿度の項目"), asked.choices("%")),
            "place": choice(_("場所"), [("shade", _("日陰")), ("sun", _("日なた"))]),
            "level": choice(
                _("段階"),
                [("25", _("25（警戒）")), ("28", _("28（厳重警戒）")), ("31", _("31（危険）"))],
            ),
        },
        lambda cleaned, _asked: Wbgt(
            cleaned["humidity"], float(cleaned["level"]), cleaned["place"] == "sun"
        ),
        lambda told: {
            "humidity": told.humidity,
            "place": "sun" if told.in_sun else "shade",
            "level": f"{told.level:.0f}",
        },
        has_margin=True,
    ),
    "leaves": Part(
        lambda: _("決めた場所から離れた"),
        lambda _asked: _("緯度 {lat} 経度 {lng} から {radius_m} m より離れた"),
        lambda _asked: {
            "lat": number(_("緯度")),
            "lng": number(_("経度")),
            "radius_m": number(_("距離"), least=0, initial=500),
        },
        lambda cleaned, _asked: Leaves(cleaned["lat"], cleaned["lng"], cleaned["radius_m"]),
        lambda told: {"lat": told.lat, "lng": told.lng, "radius_m": told.radius_m},
        has_margin=True,
    ),
    "silence": Part(
        lambda: _("応答がない"),
        lambda _asked: _("いつもの間隔の {intervals} 回分 ない"),
        lambda _asked: {"intervals": whole(_("何回分"), 1, 100, 3)},
        lambda cleaned, _asked: Silence(cleaned["intervals"]),
        lambda told: {"intervals": told.intervals},
        has_hold=False,
    ),
    "lost": Part(
        lambda: _("受信が抜けた"),
        lambda _asked: _("最近 {of} 回のうち {count} 回以上 抜けた"),
        lambda _asked: {
            "of": whole(_("最近の何回"), 2, 100, 20),
            "count": whole(_("そのうち何回"), 1, 99, 5),
        },
        lambda cleaned, _asked: Lost(cleaned["count"], cleaned["of"]),
        lambda told: {"of": told.of, "count": told.count},
        has_hold=False,
    ),
    "link": Part(
        lambda: _("電波が弱い"),
        lambda _asked: _("{what} の、最近 {of} 回の真ん中の値が {below} より低い"),
        lambda _asked: {
            "what": choice(_("何が"), _levels()),
            "of": whole(_("最近の何回"), 1, 100, 10),
            "below": number(_("この値より低い"), initial=-120),
        },
        lambda cleaned, _asked: Link(cleaned["what"], cleaned["below"], cleaned["of"]),
        lambda told: {"what": told.what, "of": told.of, "below": told.below},
        has_hold=False,
        has_margin=True,
    ),
}
