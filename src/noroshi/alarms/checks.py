"""Whether a rule makes sense, told in words for the person who typed it."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from math import isfinite
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from noroshi.alarms.conditions import (
    BatteryForecast,
    Condition,
    Count,
    Difference,
    HeatSum,
    Hours,
    Inside,
    Leaves,
    Limits,
    Link,
    Lost,
    More,
    Plan,
    Rate,
    Silence,
    Stuck,
    Temporary,
    Wbgt,
)

NUMBER_MAX = 1e12
MINUTE_S, DAY_S = 60, 86_400
WINDOW_S_MAX = DAY_S
LONG_S_MAX = 30 * DAY_S
OF_MAX = 100
TEMPORARY_MAX = timedelta(days=366)
DAY_MIN = 24 * 60
TEXT_CHARS_MAX = 100
LEAP_YEAR = 2028


def flaw_of(plan: Plan) -> str:
    """What is wrong with it, or an empty text."""
    if plan.margin < 0 or plan.hold_s < 0:
        return _("復帰の幅と判定時間は、0以上にしてください。")
    if any(not isfinite(one) or abs(one) > NUMBER_MAX for one in _numbers(plan)):
        return _("数が大きすぎるか、数ではありません。")
    look = FLAWS.get(type(plan.condition))
    return (look(plan.condition) if look else "") or _flaw_of_more(plan.more)


def _numbers(plan: Plan) -> Iterator[float]:
    yield plan.margin
    told = msgspec.to_builtins(plan.condition)
    yield from (one for one in told.values() if isinstance(one, int | float))


def _flaw_of_more(more: More) -> str:
    if more.hours is not None and not _is_time(more.hours):
        return _("知らせる時間帯が正しくありません。")
    if more.temporary is not None and not _is_span(more.temporary):
        return _("一時的な変更は、はじめより後の、1年以内の日時までにしてください。")
    clear = more.clear
    if clear is not None and not 0 <= clear.hold_s <= DAY_S:
        return _("復帰までの時間は、24時間以内にしてください。")
    return ""


def _is_time(hours: Hours) -> bool:
    is_clock = 0 <= hours.begin_min < DAY_MIN and 0 <= hours.end_min <= DAY_MIN
    is_week = all(0 <= day <= 6 for day in hours.weekdays)
    season = hours.season
    return is_clock and is_week and (season is None or _is_season(season))


def _is_season(season: tuple[int, int, int, int]) -> bool:
    try:
        date(LEAP_YEAR, season[0], season[1])
        date(LEAP_YEAR, season[2], season[3])
    except ValueError:
        return False
    return True


def _is_span(temporary: Temporary) -> bool:
    return temporary.since < temporary.until <= temporary.since + TEMPORARY_MAX


def _ordered(lower: float | None, upper: float | None) -> str:
    if lower is None and upper is None:
        return _("上限か下限のどちらかを入れてください。")
    if lower is not None and upper is not None and lower >= upper:
        return _("下限は、上限より小さくしてください。")
    return ""


def _within(value: float, least: float, most: float) -> str:
    return "" if least <= value <= most else _("時間か回数が、短すぎるか長すぎます。")


def _rate(told: Rate) -> str:
    if told.by <= 0:
        return _("変化の大きさは、0より大きくしてください。")
    return _within(told.within_s, MINUTE_S, WINDOW_S_MAX)


def _silence(told: Silence) -> str:
    if told.after_s is not None:
        return _within(told.after_s, MINUTE_S, LONG_S_MAX)
    return _within(told.intervals, 1, OF_MAX)


def _stuck(told: Stuck) -> str:
    if told.tolerance < 0:
        return _("動きの幅は、0以上にしてください。")
    return _within(told.for_s, MINUTE_S, LONG_S_MAX)


def _lost(told: Lost) -> str:
    return _within(told.of, 2, OF_MAX) or _within(told.count, 1, told.of - 1)


def _leaves(told: Leaves) -> str:
    if not (-90 <= told.lat <= 90 and -180 <= told.lng <= 180):
        return _("緯度・経度を確かめてください。")
    return "" if told.radius_m > 0 else _("距離は、0より大きくしてください。")


def _count(told: Count) -> str:
    if not told.within_s and not told.of:
        return _("回数を数える範囲を入れてください。")
    window = _within(told.of, 1, OF_MAX) if told.of else _within(told.within_s, 1, WINDOW_S_MAX)
    most = told.of or OF_MAX
    return window or _within(told.count, 1, most) or _ordered(told.lower, told.upper)


def _heat(told: HeatSum) -> str:
    return "" if told.target > 0 else _("積算は、0より大きくしてください。")


FLAWS: dict[type[Condition], Callable[[Any], str]] = {
    Limits: lambda told: _ordered(told.lower, told.upper),
    Inside: lambda told: _ordered(told.lower, told.upper),
    Difference: lambda told: _ordered(told.lower, told.upper),
    Rate: _rate,
    Silence: _silence,
    Stuck: _stuck,
    BatteryForecast: lambda told: _within(told.days, 1, 365),
    Link: lambda told: _within(told.of, 1, OF_MAX),
    Lost: _lost,
    Leaves: _leaves,
    Count: _count,
    HeatSum: _heat,
    Wbgt: lambda told: _within(told.level, 15, 45),
}
