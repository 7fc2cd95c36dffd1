"""What a series said in each hour, day or month: counted from the readings whenever it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from noroshi.base import wire
from noroshi.readings import runs
from noroshi.readings.pack import NOTHING, Run

Step = Literal["hour", "day", "month"]

STEPS: tuple[Step, ...] = ("hour", "day", "month")
HOUR_US = 3_600_000_000
STEPS_MAX = 100_000  # eleven years of hours


@dataclass(frozen=True, slots=True)
class Summaries:
    """The steps of one series that hold readings, oldest first; arrays of one length.

    Times are microseconds since 1970. `begin` is where a step begins in the zone that was asked
    for, `first` and `last` are the values at `first_at` and `last_at`.
    """

    begin: NDArray[np.int64]
    count: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    total: NDArray[np.float64]
    first: NDArray[np.float64]
    first_at: NDArray[np.int64]
    last: NDArray[np.float64]
    last_at: NDArray[np.int64]


_TIMES, _VALUES = NOTHING
NONE = Summaries(
    _TIMES, _TIMES, _VALUES, _VALUES, _VALUES, _VALUES, _VALUES, _TIMES, _VALUES, _TIMES
)


def summaries(series_ids: Sequence[int], borders: Sequence[datetime]) -> dict[int, Summaries]:
    """The steps of each series between `borders`, which `borders_of` gives. Two queries."""
    found = runs.read_many(series_ids, borders[0], borders[-1])
    edges = np.array(wire.all_micros(borders), dtype=np.int64)
    return {series_id: summed(run, edges) for series_id, run in found.items()}


def summed(run: Run, edges: NDArray[np.int64]) -> Summaries:
    """The run by steps; every reading lies in [edges[0], edges[-1]), edges rise."""
    times, values = run
    if not len(times):
        return NONE
    step = np.searchsorted(edges, times, side="right") - 1
    starts = np.concatenate(([0], np.flatnonzero(step[1:] != step[:-1]) + 1))
    ends = np.append(starts[1:], len(times)) - 1
    count = ends - starts + 1
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduceat(values, starts)
        # A sum of huge values overflows, and one of equal values may round past them.
        mean = np.clip(total / count, low, high)
    return Summaries(
        begin=edges[step[starts]],
        count=count,
        low=low,
        high=high,
        mean=mean,
        total=total,
        first=values[starts],
        first_at=times[starts],
        last=values[ends],
        last_at=times[ends],
    )


def borders_of(step: Step, since: datetime, until: datetime, zone: tzinfo) -> list[datetime]:
    """Where the steps that touch [since, until) begin, in UTC, and where the last one ends.

    Days and months begin at midnight in `zone`; hours are counted from there, so that the day on
    which clocks change has 23 or 25. Raises ValueError when until is not after since, or for more
    than STEPS_MAX steps.
    """
    if until <= since:
        raise ValueError(f"{since} to {until}")
    first = _begin(step, since.astimezone(zone).date())
    last = (until - wire.MICROSECOND).astimezone(zone).date()
    days = [first]
    while days[-1] <= last:
        days.append(_following(step, days[-1]))
        if len(days) > STEPS_MAX:
            raise ValueError(f"more than {STEPS_MAX} steps")
    midnights = [_midnight(day, zone) for day in days]
    if step != "hour":
        return midnights
    edges: list[int] = []
    for begin, end in pairwise(midnights):
        edges += range(wire.micros(begin), wire.micros(end), HOUR_US)
    edges.append(wire.micros(midnights[-1]))
    begin_us, until_us = wire.micros(since), wire.micros(until)
    lower = int(np.searchsorted(edges, begin_us, side="right")) - 1
    upper = int(np.searchsorted(edges, until_us, side="left"))
    if upper - lower > STEPS_MAX:
        raise ValueError(f"more than {STEPS_MAX} steps")
    return [wire.moment(edge) for edge in edges[lower : upper + 1]]


def _begin(step: Step, day: date) -> date:
    return day.replace(day=1) if step == "month" else day


def _following(step: Step, day: date) -> date:
    if step == "month":
        return (day + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
