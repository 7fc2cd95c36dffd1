"""The sums behind the conditions: distance, heat index, days left of a battery; pure thought."""

from collections.abc import Sequence
from datetime import date
from math import asin, cos, radians, sin, sqrt

DAY_S = 86_400
JAPAN_S = 9 * 3600  # Japan knows no summer time
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
EARTH_M = 6_371_008.8
SUN_KW = 0.8  # per m²: a clear noon
DAYS_LEFT_MAX = 3650.0
NEW_BATTERY = 0.25  # so much of what was left comes back only with a new one

Pair = tuple[float, float]


def japans_day(t: float) -> int:
    """The ordinal (as of datetime.date) of the day in Japan, of seconds since 1970."""
    return EPOCH_ORDINAL + int((t + JAPAN_S) // DAY_S)


def distance_m(one: Pair, other: Pair) -> float:
    """Between two points in degrees (latitude, longitude), on a sphere."""
    (lat, lng), (lat2, lng2) = (map(radians, place) for place in (one, other))
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lng2 - lng) / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(half)))


def wbgt(temperature: float, humidity: float, *, in_sun: bool = False) -> float:
    """The heat index in ℃ as estimated by Ono and Tonouchi (2014), without wind.

    From air temperature in ℃ and relative humidity in %; for prevention, never for a legal
    judgement.
    """
    sun = SUN_KW if in_sun else 0.0
    return (
        0.735 * temperature
        + 0.0374 * humidity
        + 0.00292 * temperature * humidity
        + 7.619 * sun
        - 4.557 * sun**2
        - 4.064
    )


def effective(mean: float, base: float) -> float:
    """What one day adds to a heat sum: what its mean lies over the base."""
    return max(mean - base, 0.0)


def is_new_battery(before: float, value: float, empty: float) -> bool:
    """Whether so much more is left that it must have been changed or charged."""
    return value > before and value - before > max(before - empty, 0.0) * NEW_BATTERY


def days_left(days: Sequence[Pair], empty: float) -> float:
    """From (day, lowest value): days after the last one until the straight line meets `empty`."""
    n = len(days)
    mean_day, mean = sum(day for day, _ in days) / n, sum(value for _, value in days) / n
    spread = sum((day - mean_day) ** 2 for day, _ in days)
    slope = sum((day - mean_day) * (value - mean) for day, value in days) / spread if spread else 0
    if slope >= 0:
        return DAYS_LEFT_MAX
    now = mean + slope * (days[-1][0] - mean_day)
    return min(max((now - empty) / -slope, 0.0), DAYS_LEFT_MAX)


def leading(window: Sequence[Pair], direction: str) -> tuple[tuple[Pair, ...], float, float]:
    """What can still become the lowest (up), the highest (down) or either; lowest and highest now.

    A pair that a later one has undercut is the lowest no more, however the window moves.
    """
    newest = window[-1]
    low = high = newest[1]
    kept = [newest]
    for pair in window[-2::-1]:
        value = pair[1]
        if value < low:
            low = value
            if direction != "down":
                kept.append(pair)
        elif value > high:
            high = value
            if direction != "up":
                kept.append(pair)
    kept.reverse()
    return tuple(kept), low, high


def squeezed(window: Sequence[Pair], step_s: float) -> tuple[Pair, ...]:
    """Of each `step_s` seconds only the lowest and the highest, and the last of all."""
    kept: dict[int, list[Pair]] = {}
    for pair in window[:-1]:
        kept.setdefault(int(pair[0] // step_s), []).append(pair)
    ends = {
        one
        for group in kept.values()
        for one in (min(group, key=lambda p: p[1]), max(group, key=lambda p: p[1]))
    }
    return (*sorted(ends), window[-1])
