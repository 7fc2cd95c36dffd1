"""Thin a long run of readings to what a screen can show: mean, lowest and highest per step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noroshi.readings.pack import Run


@dataclass(frozen=True, slots=True)
class Thinned:
    """A drawable series: `times` in microseconds since 1970, and as many of everything else.

    When `is_thinned` is false each point is one reading and mean, low and high are its value.
    """

    times: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    count: NDArray[np.int64]
    is_thinned: bool


def thin(run: Run, since_us: int, until_us: int, max_points: int) -> Thinned:
    """At most `max_points` points of the run, which lies in [since_us, until_us).

    Steps of equal length; a step without readings has no point. A point stands at the mean time
    of its readings. Raises ValueError when max_points is below 1.
    """
    if max_points < 1:
        raise ValueError(f"max_points {max_points}")
    times, values = run
    if len(times) <= max_points:
        return Thinned(times, values, values, values, np.ones_like(times), is_thinned=False)
    starts, count = steps(times, since_us, until_us, max_points)
    low = np.minimum.reduceat(values, starts)
    high = np.maximum.reduceat(values, starts)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.add.reduceat(values, starts) / count
    # A sum of huge values overflows, and one of equal values may round past them.
    mean = np.clip(mean, low, high)
    middle = times[0] + np.add.reduceat(times - times[0], starts) // count
    return Thinned(middle, mean, low, high, count, is_thinned=True)


def steps(
    times: NDArray[np.int64], since_us: int, until_us: int, max_points: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each step that holds readings starts in `times`, and how many it holds."""
    length = max(1, -(-(until_us - since_us) // max_points))
    step = (times - since_us) // length
    starts = np.concatenate(([0], np.flatnonzero(step[1:] != step[:-1]) + 1))
    return starts, np.diff(starts, append=len(times))
