"""What one reading shows by each kind of condition, with what must be remembered of the past."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import inf
from statistics import median
from typing import Any

import msgspec

from noroshi.alarms.conditions import (
    BatteryForecast,
    BatteryLow,
    Changed,
    Clear,
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
from noroshi.alarms.figures import (
    DAYS_LEFT_MAX,
    days_left,
    distance_m,
    effective,
    is_new_battery,
    japans_day,
    leading,
    squeezed,
    wbgt,
)

UPPER, LOWER = "upper", "lower"
BOTH, NONE = (UPPER, LOWER), ()
PAIR_S_MAX = 2 * 3600  # two quantities farther apart in time say nothing together
STUCK_READINGS_MIN = 3
HAIR = 1e-9  # 0.4 - 0.1 is less than 0.3 to a machine, but not to a person
WINDOW_MAX = 120  # pairs remembered at most
FORECAST_DAYS_MAX = 60
FORECAST_DAYS_MIN = 7
OTHER, AS_EVER, CHANGED = 0.0, 1.0, 2.0  # what is remembered of a value that may change

# Pairs of numbers, mostly (seconds since 1970, value); empty = nothing is known. It is written
# with the rule's state, so that the next batch asks for nothing.
Memory = tuple[tuple[float, float], ...]
Value = float | str | Mapping[str, Any]
Values = Sequence[Value | None]


class Sight(msgspec.Struct, frozen=True, gc=False):
    """What a reading shows.

    Attributes:
        side: on which side it is beyond; empty = normal, None = nothing can be said yet.
        keeps: alarms of which sides go on.
        value, limit: the figure that was compared, and with what.
    """

    side: str | None
    keeps: Sequence[str]
    value: float
    limit: float
    memory: Memory = ()


class Frame(msgspec.Struct, frozen=True, gc=False):
    """What a kind looks at: the rule, what is remembered, seconds since 1970, and the values."""

    plan: Plan
    memory: Memory
    t: float
    values: Values

    @property
    def number(self) -> float | None:
        """The value of the rule's own quantity, when it came and is a number."""
        return _number(self.values[0])


def look(plan: Plan, memory: Memory, at: datetime, values: Values) -> Sight:
    """What the values of one instant show by the rule."""
    frame = Frame(plan, memory, at.timestamp(), values)
    return LOOKS[type(plan.condition)](plan.condition, frame)


def _limits(told: Limits, now: Frame) -> Sight:
    value = now.number
    if value is None:
        return _unsaid(now)
    return _between(now.plan, told.upper, told.lower, value)


def _between(plan: Plan, upper: float | None, lower: float | None, value: float) -> Sight:
    side = ""
    if upper is not None and value > upper:
        side = UPPER
    elif lower is not None and value < lower:
        side = LOWER
    clear = plan.more.clear or NO_CLEAR
    keeps = []
    if upper is not None:
        end = upper - plan.margin if clear.upper is None else clear.upper
        if value > end:
            keeps.append(UPPER)
    if lower is not None:
        end = lower + plan.margin if clear.lower is None else clear.lower
        if value < end:
            keeps.append(LOWER)
    limit = upper if side == UPPER or lower is None else lower
    return Sight(side, keeps, value, value if limit is None else limit)


def _at_least(plan: Plan, value: float, limit: float, memory: Memory = ()) -> Sight:
    """An alarm from `limit` on; it ends below `limit` less the margin."""
    keeps = (UPPER,) if value >= limit - plan.margin else NONE
    return Sight(UPPER if value >= limit else "", keeps, value, limit, memory)


def _below(plan: Plan, value: float, limit: float, memory: Memory = ()) -> Sight:
    """An alarm below `limit`; it ends at `limit` and the margin."""
    keeps = (LOWER,) if value < limit + plan.margin else NONE
    return Sight(LOWER if value < limit else "", keeps, value, limit, memory)


def _inside(told: Inside, now: Frame) -> Sight:
    value = now.number
    if value is None:
        return _unsaid(now)
    is_in = told.lower <= value <= told.upper
    is_near = told.lower - now.plan.margin <= value <= told.upper + now.plan.margin
    middle = (told.lower + told.upper) / 2
    return Sight(UPPER if is_in else "", (UPPER,) if is_near else NONE, value, middle)


def _equals(told: Equals, now: Frame) -> Sight:
    if now.values[0] is None:
        return _unsaid(now)
    wanted = told.value
    is_so = now.values[0] == wanted
    limit = wanted if isinstance(wanted, float) else 0.0
    return Sight(UPPER if is_so else "", (UPPER,) if is_so else NONE, _figure(now.values[0]), limit)


def _changed(told: Changed, now: Frame) -> Sight:
    if now.values[0] is None:
        return _unsaid(now)
    wanted = told.value
    is_so = now.values[0] == wanted
    before = now.memory[0][1] if now.memory else AS_EVER
    is_new = is_so and before == OTHER
    after = CHANGED if is_new else before if is_so else OTHER
    # A change is one instant, but with a judgement time it must last.
    is_beyond = is_new or (bool(now.plan.hold_s) and after == CHANGED)
    limit = wanted if isinstance(wanted, float) else 0.0
    side, keeps = (UPPER if is_beyond else ""), ((UPPER,) if is_so else NONE)
    return Sight(side, keeps, _figure(now.values[0]), limit, ((now.t, after),))


def _rate(told: Rate, now: Frame) -> Sight:
    value = now.number
    if value is None:
        return _unsaid(now)
    first = now.t - told.within_s
    inside = [pair for pair in now.memory if pair[0] >= first]
    inside.append((now.t, value))
    window, lowest, highest = leading(inside, told.direction)
    if len(window) > WINDOW_MAX:
        window = squeezed(window, told.within_s / WINDOW_MAX * 4)
    rise = value - lowest if told.direction != "down" else -inf
    fall = highest - value if told.direction != "up" else -inf
    side = UPPER if rise >= fall else LOWER
    moved, by = max(rise, fall), told.by - HAIR
    end = max(by - now.plan.margin, 0.0)
    keeps = [one for one, way in ((UPPER, rise), (LOWER, fall)) if way > end]
    figure = moved if side == UPPER else -moved
    return Sight(side if moved >= by else "", keeps, figure, told.by, window)


def _difference(told: Difference, now: Frame) -> Sight:
    memory, (own, other) = _paired(now)
    if own is None or other is None:
        return _unsaid(now, memory)
    sight = _between(now.plan, told.upper, told.lower, own - other)
    return Sight(sight.side, sight.keeps, sight.value, sight.limit, memory)


def _wbgt(told: Wbgt, now: Frame) -> Sight:
    memory, (temperature, humidity) = _paired(now)
    if temperature is None or humidity is None:
        return _unsaid(now, memory)
    index = wbgt(temperature, humidity, in_sun=told.in_sun)
    return _at_least(now.plan, index, told.level, memory)


def _silence(_told: Silence, _now: Frame) -> Sight:
    """Heard: whatever was said, the silence is over."""
    return Sight("", NONE, 0.0, 0.0)


def _stuck(told: Stuck, now: Frame) -> Sight:
    value = now.number
    if value is None:
        return _unsaid(now)
    if not now.memory or abs(value - now.memory[0][1]) > told.tolerance + HAIR:
        return Sight("", NONE, 0.0, told.for_s, ((now.t, value), (1.0, 0.0)))
    since, count = now.memory[0][0], min(now.memory[1][0] + 1, STUCK_READINGS_MIN)
    for_s = now.t - since
    is_stuck = for_s >= told.for_s and count >= STUCK_READINGS_MIN
    after = (now.memory[0], (count, 0.0))
    return Sight(UPPER if is_stuck else "", (UPPER,), for_s, told.for_s, after)


def _battery(told: BatteryLow, now: Frame) -> Sight:
    value = now.number
    if value is None:
        return _unsaid(now)
    return _below(now.plan, value, told.limit)


def _forecast(told: BatteryForecast, now: Frame) -> Sight:
    """The lowest of each day, judged when a day is over."""
    value = now.number
    if value is None:
        return _unsaid(now)
    day = float(japans_day(now.t))
    if now.memory and now.memory[-1][0] == day:
        lowest = min(now.memory[-1][1], value)
        return _unsaid(now, (*now.memory[:-1], (day, lowest)))
    if now.memory and is_new_battery(now.memory[-1][1], value, told.empty):
        return Sight("", NONE, DAYS_LEFT_MAX, told.days, ((day, value),))
    after = (*now.memory[-FORECAST_DAYS_MAX:], (day, value))
    if len(now.memory) < FORECAST_DAYS_MIN:
        return _unsaid(now, after)
    return _below(now.plan, days_left(now.memory, told.empty), told.days, after)


def _link(told: Link, now: Frame) -> Sight:
    level = now.number
    if level is None:
        return _unsaid(now)
    window = (*now.memory, (now.t, level))[-told.of :]
    if len(window) < told.of:
        return _unsaid(now, window)
    return _below(now.plan, median(pair[1] for pair in window), told.below, window)


def _lost(told: Lost, now: Frame) -> Sight:
    """Numbers that are missing among the last ones; a device that counts anew begins anew."""
    number = now.number
    if number is None or (now.memory and number == now.memory[-1][1]):
        return _unsaid(now)
    is_anew = not now.memory or number < now.memory[-1][1]
    # Before the first number that was heard nothing is missing: it stands as a mark in front.
    first = max(number if is_anew else now.memory[0][0], number - told.of + 1)
    heard = (*(pair[1] for pair in now.memory if not is_anew and pair[1] >= first), number)
    missing = number - first + 1 - len(heard)
    after = tuple((first, one) for one in heard)
    return _at_least(now.plan, missing, told.count, after)


def _leaves(told: Leaves, now: Frame) -> Sight:
    where = now.values[0]
    if not isinstance(where, Mapping):
        return _unsaid(now)
    lat, lng = where.get("lat"), where.get("lng")
    if not isinstance(lat, int | float) or not isinstance(lng, int | float):
        return _unsaid(now)
    away = distance_m((told.lat, told.lng), (lat, lng))
    keeps = (UPPER,) if away > told.radius_m - now.plan.margin else NONE
    return Sight(UPPER if away > told.radius_m else "", keeps, away, told.radius_m)


def _count(told: Count, now: Frame) -> Sight:
    value = now.number
    if value is None:
        return _unsaid(now)
    is_high = told.upper is not None and value > told.upper
    is_low = told.lower is not None and value < told.lower
    window = (*now.memory, (now.t, float(is_high) - float(is_low)))
    if told.within_s:
        # Of readings within a time only those that count need to be remembered.
        window = tuple(one for one in window if one[1] and one[0] > now.t - told.within_s)
    window = window[-(told.of or WINDOW_MAX) :]
    high, low = (sum(1 for one in window if one[1] == way) for way in (1.0, -1.0))
    keeps = [side for side, hits in ((UPPER, high), (LOWER, low)) if hits >= told.count]
    return Sight(keeps[0] if keeps else "", keeps, max(high, low), told.count, window)


def _heat(told: HeatSum, now: Frame) -> Sight:
    """Means of whole days; reached is reached, so that the alarm is over with the next reading."""
    value, day = now.number, japans_day(now.t)
    if value is None or day < told.since.toordinal():
        return _unsaid(now)
    if not now.memory:
        return Sight("", NONE, 0.0, told.target, ((day, 0.0), (value, 1.0)))
    (known, total), (added, count) = now.memory
    if known == day:
        return Sight("", NONE, total, told.target, ((day, total), (added + value, count + 1)))
    after = total + effective(added / count, told.base)
    is_reached = total < told.target <= after
    kept = ((float(day), after), (value, 1.0))
    return Sight(UPPER if is_reached else "", NONE, after, told.target, kept)


def _paired(now: Frame) -> tuple[Memory, tuple[float | None, float | None]]:
    """The newest of two quantities; one that is too old beside the other is none."""
    pairs = now.memory or ((0.0, 0.0), (0.0, 0.0))
    fresh = tuple(
        pair if (value := _number(one)) is None else (now.t, value)
        for pair, one in zip(pairs, now.values, strict=True)
    )
    is_near = min(fresh[0][0], fresh[1][0]) > now.t - PAIR_S_MAX
    return fresh, ((fresh[0][1], fresh[1][1]) if is_near else (None, None))


def _unsaid(now: Frame, memory: Memory | None = None) -> Sight:
    """Nothing can be said yet; what was remembered stays, or is `memory`."""
    return Sight(None, NONE, 0.0, 0.0, now.memory if memory is None else memory)


def _number(value: Value | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _figure(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


NO_CLEAR = Clear()
LOOKS: dict[type[Condition], Callable[[Any, Frame], Sight]] = {
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
