"""Conditions in words, as parts of a sentence, in the language in force: for pages and mails."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Protocol

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
    Plan,
    Rate,
    Silence,
    Stuck,
    Wbgt,
)
from noroshi.alarms.words import duration, plain

KM = 1000
MINUTE_S = 60


class Named(Protocol):
    """What a key means to people: its name, and its values with their unit."""

    @property
    def name(self) -> str:
        """In the reader's language."""

    @property
    def kind(self) -> str:
        """As devices.Quantity.Kind."""

    def words(self, value: float | None) -> str:
        """A number with its unit."""

    def word(self, value: float) -> str:
        """What a truth value is called."""


Names = Callable[[str], Named]


def subject(plan: Plan, names: Names) -> str:
    """What is watched: the name of a quantity, or of what the radio link tells."""
    match plan.condition:
        case Silence() | Lost():
            return str(_("受信"))
        case Link(what="rssi"):
            return str(_("電波の強さ"))
        case Link(what="snr"):
            return str(_("電波の質（SNR）"))
        case Link():
            return str(_("受けた基地局の数"))
        case Wbgt():
            return str(_("暑さ指数（WBGT・推定）"))
        case HeatSum():
            return str(_("%(quantity)sの積算") % {"quantity": names(plan.key).name})
        case _:
            return names(plan.key).name


def condition(plan: Plan, names: Names) -> str:
    """What must be so; in Japanese it stands before 「とき」, 「状態」 and 「ため」."""
    return SAID[type(plan.condition)](plan.condition, plan, names)


def figure(told: Condition, value: float, named: Named) -> str:
    """The figure that was compared, with its unit."""
    if isinstance(told, Equals | Changed):
        return valued(told.value if isinstance(told.value, str) else value, named)
    if isinstance(told, Link):
        return plain(round(value)) + UNITS[told.what]
    if isinstance(told, Rate):
        return ("+" if value > 0 else "") + named.words(value)
    write = FIGURES.get(type(told))
    return write(value) if write else named.words(value)


def valued(value: float | str, named: Named) -> str:
    """One value: a word for texts and truth values, else a number with its unit."""
    if isinstance(value, str):
        return value
    return named.word(value) if named.kind == "boolean" else named.words(value)


def metres(value: float) -> str:
    """450m, 1.2km."""
    return f"{plain(round(value))}m" if value < KM else f"{value / KM:.1f}km"


def lasting(seconds: int) -> str:
    """So many seconds in words."""
    return duration(timedelta(seconds=seconds))


def day_words(day: date) -> str:
    """4月1日, or 1 Apr."""
    return _("%(month)d月%(day)d日") % {"month": day.month, "day": day.day}


def beyond(upper: float | None, lower: float | None, named: Named) -> str:
    """Which values are not normal."""
    if named.kind == "boolean":
        return _("「%(word)s」の") % {"word": named.word(float(upper is not None))}
    limits = {"upper": named.words(upper), "lower": named.words(lower)}
    if upper is not None and lower is not None:
        return _("%(upper)s より高いか %(lower)s より低い") % limits
    if upper is not None:
        return _("%(upper)s より高い") % limits
    return _("%(lower)s より低い") % limits


def _limits(told: Limits, plan: Plan, names: Names) -> str:
    return beyond(told.upper, told.lower, names(plan.key))


def _inside(told: Inside, plan: Plan, names: Names) -> str:
    named = names(plan.key)
    ends = {"lower": named.words(told.lower), "upper": named.words(told.upper)}
    return _("%(lower)s 以上 %(upper)s 以下の") % ends


def _equals(told: Equals, plan: Plan, names: Names) -> str:
    return _("「%(word)s」の") % {"word": valued(told.value, names(plan.key))}


def _changed(told: Changed, plan: Plan, names: Names) -> str:
    return _("「%(word)s」に変わった") % {"word": valued(told.value, names(plan.key))}


def _rate(told: Rate, plan: Plan, names: Names) -> str:
    words = {"by": names(plan.key).words(told.by), "within": lasting(told.within_s)}
    if told.direction == "up":
        return _("%(within)sで %(by)s 以上 上がった") % words
    if told.direction == "down":
        return _("%(within)sで %(by)s 以上 下がった") % words
    return _("%(within)sで %(by)s 以上 変わった") % words


def _difference(told: Difference, plan: Plan, names: Names) -> str:
    other, named = names(told.other).name, names(plan.key)
    parts = []
    if told.upper is not None:
        words = {"other": other, "limit": named.words(told.upper)}
        parts.append(_("「%(other)s」との差が %(limit)s より大きい") % words)
    if told.lower is not None:
        words = {"other": other, "limit": named.words(told.lower)}
        parts.append(_("「%(other)s」との差が %(limit)s より小さい") % words)
    return _("か、").join(parts)


def _silence(told: Silence, _plan: Plan, _names: Names) -> str:
    if told.after_s is not None:
        return _("%(time)s ない") % {"time": lasting(told.after_s)}
    return _("いつもの間隔の %(n)d回分 ない") % {"n": told.intervals}


def _stuck(told: Stuck, plan: Plan, names: Names) -> str:
    words = {"time": lasting(told.for_s), "by": names(plan.key).words(told.tolerance)}
    if told.tolerance:
        return _("%(time)s のあいだ %(by)s も動かない") % words
    return _("%(time)s のあいだ まったく変わらない") % words


def _battery(told: BatteryLow, plan: Plan, names: Names) -> str:
    return _("%(limit)s より少ない") % {"limit": names(plan.key).words(told.limit)}


def _forecast(told: BatteryForecast, plan: Plan, names: Names) -> str:
    words = {"n": told.days, "empty": names(plan.key).words(told.empty)}
    return _("%(n)d日以内に %(empty)s になりそうな") % words


def _link(told: Link, _plan: Plan, _names: Names) -> str:
    words = {"n": told.of, "limit": plain(told.below) + UNITS[told.what]}
    return _("最近%(n)d回の真ん中の値で %(limit)s より低い") % words


def _lost(told: Lost, _plan: Plan, _names: Names) -> str:
    return _("最近%(of)d回のうち %(n)d回以上 抜けた") % {"of": told.of, "n": told.count}


def _leaves(told: Leaves, _plan: Plan, _names: Names) -> str:
    return _("決めた場所から %(far)s より離れた") % {"far": metres(told.radius_m)}


def _count(told: Count, plan: Plan, names: Names) -> str:
    is_so = beyond(told.upper, told.lower, names(plan.key))
    if told.within_s:
        words = {"time": lasting(told.within_s), "n": told.count, "so": is_so}
        return _("%(time)sのうちに %(n)d回以上 %(so)s") % words
    return _("%(of)d回のうち %(n)d回以上 %(so)s") % {"of": told.of, "n": told.count, "so": is_so}


def _heat(told: HeatSum, _plan: Plan, _names: Names) -> str:
    words = {"day": day_words(told.since), "sum": plain(told.target), "base": plain(told.base)}
    if told.base:
        return _("%(day)sから %(base)s℃を超えた分で %(sum)s℃日 に達した") % words
    return _("%(day)sから %(sum)s℃日 に達した") % words


def _wbgt(told: Wbgt, _plan: Plan, _names: Names) -> str:
    words = {"level": plain(told.level)}
    if told.in_sun:
        return _("日なたで %(level)s℃ 以上の") % words
    return _("日陰で %(level)s℃ 以上の") % words


FIGURES: dict[type[Condition], Callable[[float], str]] = {
    Silence: lambda value: lasting(round(value / MINUTE_S) * MINUTE_S),
    Stuck: lambda value: lasting(round(value / MINUTE_S) * MINUTE_S),
    Lost: lambda value: _("%(n)s回") % {"n": plain(value)},
    Count: lambda value: _("%(n)s回") % {"n": plain(value)},
    BatteryForecast: lambda value: _("あと%(n)s日") % {"n": plain(round(value))},
    Leaves: metres,
    HeatSum: lambda value: _("%(n)s℃日") % {"n": plain(round(value))},
    Wbgt: lambda value: f"{value:.1f}℃",
}
UNITS = {"rssi": "dBm", "snr": "dB", "gateways": ""}
SAID: dict[type[Condition], Callable[[Any, Plan, Names], str]] = {
    Limits: _limits,
    Inside: _inside,
    Equals: _equals,
    Changed: _changed,
    Rate: _rate,
    Difference: _difference,
    Silence: _silence,
    Stuck: _stuck,
    BatteryLow: _battery,
    BatteryForecast: _forecast,
    Link: _link,
    Lost: _lost,
    Leaves: _leaves,
    Count: _count,
    HeatSum: _heat,
    Wbgt: _wbgt,
}
