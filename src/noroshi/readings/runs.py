"""The numbers of series between two moments, wherever they lie: hot rows, late rows, chunks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from noroshi.base import wire
from noroshi.readings import days
from noroshi.readings.pack import NOTHING, Run, merge, unpack

CHUNK_DAYS_MAX = 31
COPY_HEAD_BYTES = 19
COPY_END_BYTES = 2
ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("series_size", ">i4"),
        ("series", ">i4"),
        ("at_size", ">i4"),
        ("at", ">i8"),
        ("value_size", ">i4"),
        ("value", ">f8"),
    ]
)
HOT = """
COPY (SELECT series_id, at, value FROM readings_reading
WHERE series_id = ANY(%s::integer[]) AND at >= %s AND at < %s) TO STDOUT (FORMAT BINARY)
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


def rows_of(cursor: "psycopg.Cursor[Any]", query: str, parameters: Sequence[Any]) -> NDArray[Any]:
    """What a COPY of (integer, timestamptz, float8) that are never NULL answers, as ROWs."""
    with cursor.copy(query, parameters) as copy:
        raw = b"".join(copy)
    return np.frombuffer(raw[COPY_HEAD_BYTES:-COPY_END_BYTES], dtype=ROW)


def by_series(rows: NDArray[Any]) -> dict[int, Run]:
    """ROWs in any order as a run for each series; times of one series differ."""
    if not len(rows):
        return {}
    series = rows["series"].astype(np.int64)
    times = rows["at"].astype(np.int64) + wire.POSTGRES_EPOCH_US
    values = rows["value"].astype(np.float64)
    order = np.lexsort((times, series))
    series, times, values = series[order], times[order], values[order]
    starts = np.concatenate(([0], np.flatnonzero(series[1:] != series[:-1]) + 1))
    ends = np.append(starts[1:], len(series))
    return {
        int(series[start]): Run(times[start:end], values[start:end])
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    }


def _hot(series_ids: Sequence[int], since: datetime, until: datetime) -> dict[int, Run]:
    with wire.cursor() as cursor:
        return by_series(rows_of(cursor, HOT, [list(series_ids), since, until]))


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
