"""The table of chunks: what came late is merged into the chunk that covers its day."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from noroshi.base import failpoints, wire
from noroshi.readings import days, runs
from noroshi.readings.pack import Run, merge, unpack
from noroshi.readings.pack_many import pack_many

MONTH_DAYS_MAX = 31

COVERING = """
SELECT DISTINCT ON (c.series_id, c.day_from) c.series_id, c.day_from, c.day_until, c.body
FROM unnest(%b::integer[], %b::date[]) AS wanted (series_id, day)
JOIN readings_chunk c ON c.series_id = wanted.series_id
    AND c.day_from BETWEEN wanted.day - %b AND wanted.day AND c.day_until > wanted.day
"""
WRITE = """
INSERT INTO readings_chunk (series_id, day_from, day_until, count, body)
SELECT * FROM unnest(%b::integer[], %b::date[], %b::date[], %b::integer[], %b::bytea[])
ON CONFLICT (series_id, day_from) DO UPDATE
SET day_until = excluded.day_until, count = excluded.count, body = excluded.body
"""
# A chunk covers one day or the month of its first day.
COVERED = """
SELECT DISTINCT series_id FROM readings_chunk
WHERE series_id BETWEEN %b AND %b AND day_from IN (%b, %b) AND day_until > %b
"""
WRITE_DAY = """
INSERT INTO readings_chunk (series_id, day_from, day_until, count, body)
SELECT unnest(%b::integer[]), %b::date, %b::date, unnest(%b::integer[]), unnest(%b::bytea[])
"""
TAKE_MONTHS = """
DELETE FROM readings_chunk c USING unnest(%b::integer[], %b::date[], %b::date[])
    AS wanted (series_id, month_from, month_until)
WHERE c.series_id = wanted.series_id AND c.day_from >= wanted.month_from
    AND c.day_from < wanted.month_until
RETURNING c.series_id, wanted.month_from, wanted.month_until, c.day_from, c.body
"""
DELETE = """
DELETE FROM readings_chunk c USING unnest(%b::integer[], %b::date[]) AS gone (series_id, day_from)
WHERE c.series_id = gone.series_id AND c.day_from = gone.day_from
"""


@dataclass(slots=True)
class Chunk:
    """A chunk on its way into the table: the readings of one series in [day_from, day_until)."""

    series_id: int
    day_from: date
    day_until: date
    run: Run


def absorb(found: dict[int, Run]) -> None:
    """Write readings by series into chunks: merged where a chunk covers the day, else day chunks.

    The caller holds the transaction and the closer's lock.
    """
    touched = {(series, day) for series, run in found.items() for day in _days(run)}
    _write(list(_rewritten(found, _covering(sorted(touched)))))


def absorb_day(day: date, rows: runs.Rows) -> None:
    """Write the readings of one day into chunks: all of them at once, unless one covers the day.

    The caller holds the transaction and the closer's lock.
    """
    if not len(rows.series):
        return
    bounds = [int(rows.series.min()), int(rows.series.max()), day, day.replace(day=1), day]
    with wire.cursor() as cursor:
        covered = cursor.execute(COVERED, bounds).fetchall()
    if covered:
        is_covered = np.isin(rows.series, [series for (series,) in covered])
        absorb(runs.by_series(rows.where(is_covered)))
        rows = rows.where(~is_covered)
    if len(rows.series):
        _write_day(day, rows)


def merge_into_months(due: Sequence[tuple[int, date]]) -> None:
    """Make one chunk of all chunks of each (series, first day of a month).

    The caller holds the transaction and the closer's lock.
    """
    wanted = [(series, day, days.month_after(day)) for series, day in due]
    columns = [list(column) for column in zip(*wanted, strict=True)]
    parts = defaultdict(list)
    with wire.cursor() as cursor:
        cursor.execute(TAKE_MONTHS, columns, binary=True)
        for series, first, until, day_from, body in cursor.fetchall():
            parts[series, first, until].append((day_from, body))
    failpoints.at("merge.taken")
    _write([Chunk(*whose, _joined(sorted(bodies))) for whose, bodies in parts.items()])


def take_out(found: Mapping[int, NDArray[np.int64]]) -> int:
    """Delete the readings at these times (microseconds, by series); answers how many there were.

    The caller holds the transaction and the closer's lock.
    """
    wanted = {
        (series, days.from_number(day)) for series, times in found.items()
        for day in np.unique(days.numbers(times)).tolist()
    }  # fmt: skip
    left: list[Chunk] = []
    empty: list[Chunk] = []
    taken = 0
    for series, known in _covering(sorted(wanted)).items():
        for chunk in known:
            stays = ~np.isin(chunk.run.times, found[series])
            taken += int(len(stays) - stays.sum())
            chunk.run = Run(chunk.run.times[stays], chunk.run.values[stays])
            (left if stays.any() else empty).append(chunk)
    _write(left)
    if empty:
        columns = [[one.series_id for one in empty], [one.day_from for one in empty]]
        with wire.cursor() as cursor:
            cursor.execute(DELETE, columns)
    return taken


def _joined(bodies: Sequence[tuple[date, bytes]]) -> Run:
    """Chunks of one series in order of their days, none of which overlap, as one run."""
    found = [unpack(body) for _, body in bodies]
    return Run(
        np.concatenate([run.times for run in found]), np.concatenate([run.values for run in found])
    )


def _days(run: Run) -> list[date]:
    return [days.from_number(day) for day in np.unique(days.numbers(run.times)).tolist()]


def _covering(wanted: Sequence[tuple[int, date]]) -> dict[int, list[Chunk]]:
    """The chunks that hold one of these (series, day)."""
    chunks: dict[int, list[Chunk]] = {}
    if not wanted:
        return chunks
    columns = [[series for series, _ in wanted], [day for _, day in wanted]]
    with wire.cursor() as cursor:
        cursor.execute(COVERING, [*columns, MONTH_DAYS_MAX - 1], binary=True)
        for series, day_from, day_until, body in cursor.fetchall():
            chunk = Chunk(series, day_from, day_until, unpack(body))
            chunks.setdefault(series, []).append(chunk)
    return chunks


def _rewritten(found: dict[int, Run], known: dict[int, list[Chunk]]) -> Iterator[Chunk]:
    """Known chunks with what came for them, and a new chunk for each day that had none."""
    for series, run in found.items():
        numbers = days.numbers(run.times)
        is_left = np.ones(len(numbers), dtype=np.bool_)
        for chunk in known.get(series, []):
            begin, end = np.searchsorted(
                numbers, [days.number(chunk.day_from), days.number(chunk.day_until)]
            )
            is_left[begin:end] = False
            chunk.run = merge(chunk.run, Run(run.times[begin:end], run.values[begin:end]))
            yield chunk
        for number in np.unique(numbers[is_left]).tolist():
            begin, end = np.searchsorted(numbers, [number, number + 1])
            piece = Run(run.times[begin:end], run.values[begin:end])
            yield Chunk(series, days.from_number(number), days.from_number(number + 1), piece)


def _write_day(day: date, rows: runs.Rows) -> None:
    (series, times, values), starts = runs.in_order(rows)
    columns = [
        wire.numbers(series[starts], wire.INT4),
        day,
        days.from_number(days.number(day) + 1),
        wire.numbers(np.diff(starts, append=len(series)), wire.INT4),
        wire.bodies(pack_many(times, values, starts), wire.BYTEA),
    ]
    with wire.cursor() as cursor:
        cursor.execute(WRITE_DAY, columns)


def _write(chunks: Sequence[Chunk]) -> None:
    if not chunks:
        return
    counts = np.array([len(chunk.run.times) for chunk in chunks])
    times = np.concatenate([chunk.run.times for chunk in chunks])
    values = np.concatenate([chunk.run.values for chunk in chunks])
    columns = [
        wire.numbers([chunk.series_id for chunk in chunks], wire.INT4),
        [chunk.day_from for chunk in chunks],
        [chunk.day_until for chunk in chunks],
        wire.numbers(counts, wire.INT4),
        wire.bodies(pack_many(times, values, np.cumsum(counts) - counts), wire.BYTEA),
    ]
    with wire.cursor() as cursor:
        cursor.execute(WRITE, columns)
