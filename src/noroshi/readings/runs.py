"""The numbers of series between two moments, wherever they lie: hot rows, late rows, chunks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from noroshi.base import wire
from noroshi.readings import days
from noroshi.readings.pack import NOTHING, Run, merge, unpack

CHUNK_DAYS_MAX = 31
COLUMNS = "array_agg(series_id), array_agg(at), array_agg(value)"  # what rows_of reads
HOT = f"""
SELECT {COLUMNS} FROM readings_reading
WHERE series_id = ANY(%b::integer[]) AND at >= %b AND at < %b
"""
CHUNKS = """
SELECT series_id, body FROM readings_chunk
WHERE series_id = ANY(%b) AND day_from <= %b AND day_from > %b AND day_until > %b
ORDER BY series_id, day_from
"""
LOOSE = """
SELECT series_id, at, value FROM readings_loose
WHERE series_id = ANY(%s::integer[]) AND at >= %s AND at < %s ORDER BY series_id, at
"""
OLDEST = """
SELECT least(
    (SELECT min(at) FROM readings_reading WHERE series_id = ANY(%s::integer[])),
    (SELECT min(at) FROM readings_loose WHERE series_id = ANY(%s::integer[])),
    (SELECT min(day_from)::timestamp AT TIME ZONE 'Asia/Tokyo' FROM readings_chunk
     WHERE series_id = ANY(%s::integer[])))
"""


class Rows(NamedTuple):
    """Readings of many series, in any order: ids, microseconds since 1970, values."""

    series: NDArray[np.int64]
    times: NDArray[np.int64]
    values: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Some of them."""
        return Rows(self.series[chosen], self.times[chosen], self.values[chosen])


def read(series_id: int, since: datetime, until: datetime) -> Run:
    """The readings of one series in [since, until)."""
    return read_many([series_id], since, until)[series_id]


def read_many(series_ids: Sequence[int], since: datetime, until: datetime) -> dict[int, Run]:
    """The readings of each series in [since, until), in two queries; a late row wins.

    Hot rows are read first: what is being packed meanwhile is then seen twice rather than never.
    """
    if not series_ids:
        return {}
    hot = _hot(series_ids, since, until)
    packed = _packed(series_ids, since, until)
    return {one: merge(packed.get(one, NOTHING), hot.get(one, NOTHING)) for one in series_ids}


def rows_of(cursor: "psycopg.Cursor[Any]", query: str, parameters: Sequence[Any]) -> Rows:
    """What a query for COLUMNS of readings answers."""
    series, times, values = wire.columns(
        cursor, query, parameters, (wire.INT4, wire.TIMESTAMPTZ, wire.FLOAT8)
    )
    return Rows(series.astype(np.int64), times, values)


def in_order(rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
    """Rows, at least one, by series and time, and where each series starts.

    Times of one series differ.
    """
    order = _order(rows)
    series, times, values = rows.series[order], rows.times[order], rows.values[order]
    starts = np.concatenate(([0], np.flatnonzero(series[1:] != series[:-1]) + 1))
    return Rows(series, times, values), starts


def by_series(rows: Rows) -> dict[int, Run]:
    """Rows in any order as a run for each series; times of one series differ."""
    if not len(rows.series):
        return {}
    (series, times, values), starts = in_order(rows)
    ends = np.append(starts[1:], len(series))
    return {
        int(series[start]): Run(times[start:end], values[start:end])
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    }


def _order(rows: Rows) -> NDArray[np.int64]:
    """By series and time: by one whole number, where both fit into it."""
    first, oldest = rows.series.min(), rows.times.min()
    span = int(rows.times.max()) - int(oldest) + 1
    if (int(rows.series.max()) - int(first) + 1) * span < 2**63:
        return np.argsort((rows.series - first) * span + (rows.times - oldest))
    return np.lexsort((rows.times, rows.series))


def _hot(series_ids: Sequence[int], since: datetime, until: datetime) -> dict[int, Run]:
    with wire.cursor() as cursor:
        wanted = wire.numbers(list(series_ids), wire.INT4)
        return by_series(rows_of(cursor, HOT, [wanted, since, until]))


def _packed(series_ids: Sequence[int], since: datetime, until: datetime) -> dict[int, Run]:
    first, last = days.day_of(since), days.day_of(until - wire.MICROSECOND)
    earliest = first - timedelta(days=CHUNK_DAYS_MAX)  # so that older partitions are not opened
    with wire.cursor() as cursor:
        wanted = wire.numbers(list(series_ids), wire.INT4)
        rows = cursor.execute(CHUNKS, [wanted, last, earliest, first], binary=True).fetchall()
    chunks = defaultdict(list)
    for series_id, body in rows:
        chunks[series_id].append(unpack(body))
    bounds = (wire.micros(since), wire.micros(until))
    return {series_id: _joined(parts, *bounds) for series_id, parts in chunks.items()}


def _joined(parts: Sequence[Run], since_us: int, until_us: int) -> Run:
    """Chunks of one series, in order and apart from each other, cut to [since_us, until_us)."""
    times = np.concatenate([part.times for part in parts])
    values = np.concatenate([part.values for part in parts])
    begin, end = np.searchsorted(times, [since_us, until_us])
    return Run(times[begin:end], values[begin:end])


def loose_many(
    series_ids: Sequence[int], since: datetime, until: datetime
) -> dict[int, list[tuple[datetime, Any]]]:
    """The texts and positions of each series in [since, until), oldest first."""
    found: dict[int, list[tuple[datetime, Any]]] = defaultdict(list)
    with wire.cursor() as cursor:
        for series_id, at, value in cursor.execute(LOOSE, [list(series_ids), since, until]):
            found[series_id].append((at, value))
    return found


def oldest(series_ids: Sequence[int]) -> datetime | None:
    """When the oldest reading of these series may have been; None when there is none."""
    with wire.cursor() as cursor:
        ids = list(series_ids)
        row = cursor.execute(OLDEST, [ids, ids, ids]).fetchone()
    found: datetime | None = row[0] if row else None
    return found


def loose_texts(
    series_ids: Sequence[int], since: datetime, until: datetime, limit: int
) -> list[tuple[int, datetime, Any]]:
    """(series, time, value) of the first `limit` texts and positions in [since, until)."""
    with wire.cursor() as cursor:
        query = LOOSE + " LIMIT %s"
        return cursor.execute(query, [list(series_ids), since, until, limit]).fetchall()
