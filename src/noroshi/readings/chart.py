"""What pages ask of readings: a chart's points, small lines, latest values, rows of a table."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from noroshi.base import wire
from noroshi.readings import runs
from noroshi.readings.thin import Thinned, thin

Value = float | str | Mapping[str, Any]

POINTS_MAX = 1_000
SPARK_POINTS = 48
ROWS_PAGE_FIRST = timedelta(days=1)
ROWS_PAGE_GROWTH = 4
WINDOW_PIECE = timedelta(days=31)
SECOND_US = 1_000_000
# A join: to plan = ANY of thousands takes longer than to answer it.
LATEST = """
SELECT s.device_id, s.id, s.key, s.kind, l.at, l.value, l.loose
FROM unnest(%b::bigint[]) AS wanted (device_id)
JOIN readings_latest l ON l.device_id = wanted.device_id
JOIN readings_series s ON s.id = l.series_id ORDER BY s.device_id, s.id
"""
NUMBERS = """
SELECT array_agg(l.device_id), array_agg(l.series_id), array_agg(l.at), array_agg(l.value)
FROM unnest(%b::bigint[]) AS wanted (device_id)
JOIN readings_latest l ON l.device_id = wanted.device_id WHERE l.value IS NOT NULL
"""


class Newest(NamedTuple):
    """The newest numbers of many devices, in no order; `at` in microseconds since 1970."""

    device: NDArray[np.int64]
    series: NDArray[np.int64]
    at: NDArray[np.int64]
    value: NDArray[np.float64]


class LatestValue(msgspec.Struct, frozen=True, gc=False):
    """The newest value of one series; numbers and booleans as float, others as they came."""

    device_id: int
    series_id: int
    key: str
    kind: str
    at: datetime
    value: Value


@dataclass(frozen=True, slots=True)
class Row:
    """What several series said at one moment; a series that said nothing is absent."""

    at: datetime
    values: Mapping[int, Value]


def points(
    series_id: int, since: datetime, until: datetime, max_points: int = POINTS_MAX
) -> Thinned:
    """One series in [since, until) as at most `max_points` points; raw when there are fewer."""
    found = runs.read(series_id, since, until)
    return thin(found, wire.micros(since), wire.micros(until), max_points)


def sparklines(
    series_ids: Sequence[int], since: datetime, until: datetime, points: int = SPARK_POINTS
) -> dict[int, list[tuple[float | None, ...]]]:
    """(time in seconds since 1970, mean, low, high) of at most `points` steps for each series.

    Two queries, however many series.
    """
    bounds = (wire.micros(since), wire.micros(until))
    return {
        series_id: _lines(thin(found, *bounds, points))
        for series_id, found in runs.read_many(series_ids, since, until).items()
    }


def latest(device_ids: Sequence[int]) -> dict[int, list[LatestValue]]:
    """The newest value of every series of these devices; a device without any is absent."""
    found: dict[int, list[LatestValue]] = defaultdict(list)
    with wire.cursor() as cursor:
        wanted = wire.numbers(list(dict.fromkeys(device_ids)), wire.INT8)
        for device, series, key, kind, at, value, loose in cursor.execute(
            LATEST, [wanted], binary=True
        ):
            shown = loose if value is None else value
            found[device].append(LatestValue(device, series, key, kind, at, shown))
    return dict(found)


def latest_numbers(device_ids: Sequence[int]) -> Newest:
    """The newest number of every series of these devices, for pages of thousands."""
    kinds = (wire.INT8, wire.INT4, wire.TIMESTAMPTZ, wire.FLOAT8)
    with wire.cursor() as cursor:
        wanted = wire.numbers(list(dict.fromkeys(device_ids)), wire.INT8)
        return Newest(*wire.columns(cursor, NUMBERS, [wanted], kinds))


def window(series_ids: Sequence[int], since: datetime, until: datetime) -> Iterator[Row]:
    """Every row in [since, until), oldest first, a month in memory at a time."""
    first = runs.oldest(series_ids)
    if first is None:
        return
    begin = max(since, first)
    while begin < until:
        end = min(until, begin + WINDOW_PIECE)
        yield from _rows(series_ids, begin, end)
        begin = end


def last_rows(series_ids: Sequence[int], before: datetime, limit: int) -> list[Row]:
    """The newest `limit` rows older than `before`, newest first.

    The next page begins before the last row's time.
    """
    first = runs.oldest(series_ids)
    rows: list[Row] = []
    if first is None:
        return rows
    span, until = ROWS_PAGE_FIRST, before
    while len(rows) < limit and until > first:
        since = max(first, until - span)
        rows.extend(reversed(_rows(series_ids, since, until)))
        until, span = since, span * ROWS_PAGE_GROWTH
    return rows[:limit]


def _lines(thinned: Thinned) -> list[tuple[float | None, ...]]:
    seconds = (thinned.times / SECOND_US).tolist()
    columns = (thinned.mean.tolist(), thinned.low.tolist(), thinned.high.tolist())
    return list(zip(seconds, *columns, strict=True))


def _rows(series_ids: Sequence[int], since: datetime, until: datetime) -> list[Row]:
    """The rows in [since, until), oldest first."""
    at_times: dict[int, dict[int, Value]] = defaultdict(dict)
    for series_id, (times, values) in runs.read_many(series_ids, since, until).items():
        for at_us, value in zip(times.tolist(), values.tolist(), strict=True):
            at_times[at_us][series_id] = value
    for series_id, items in runs.loose_many(series_ids, since, until).items():
        for at, value in items:
            at_times[wire.micros(at.astimezone(UTC))][series_id] = value
    return [Row(wire.moment(at_us), at_times[at_us]) for at_us in sorted(at_times)]
