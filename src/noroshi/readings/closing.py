"""Close days: pack what is no longer hot into chunks, so that years stay small and quick.

A closed day moves whole: its partition is read, packed and dropped in one transaction, and no row
is deleted. Late rows, and a day that somebody uses, move in batches, each taken out of its table
and put into chunks in one transaction. All of it under one lock: a kill at any moment leaves every
reading in exactly one place, and two closers never work on the same chunk. Readers look at hot
rows first and at chunks after, so that they meet a reading that is moving at least once
(runs.read_many).
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.utils import OperationalError

from noroshi.base import failpoints, partitions, wire
from noroshi.readings import chunks, days, runs

READINGS = "readings_reading"
CHUNKS = "readings_chunk"
LATE = "readings_reading_late"
MONTHLY = ("readings_uplink", "readings_loose")  # beside CHUNKS
HOT_DAYS = 3
BATCH_READINGS = 50_000
PIECE_BYTES = 16 * 2**20  # of a day's table, about 320,000 readings: packed at a time
SAMPLE_PERCENT = 2  # of a day's pages tells which series make a piece
SERIES_MAX = 2**31 - 1
BATCH_MONTHS = 200
DAYS_AHEAD = 3
CHUNKS_BATCH = 2_000
CLOSING_LOCK = 0x6E6F_7264_0001  # "nord", one closer at a time in the whole house
FIRST = (-1, datetime(1, 1, 2, tzinfo=UTC))

BATCH_END = """
SELECT series_id, at FROM {table} WHERE at < %s AND (series_id, at) > (%s, %s)
ORDER BY series_id, at OFFSET %s LIMIT 1
"""
TAKE = f"""
WITH taken AS (
    DELETE FROM {{table}} WHERE at < %b AND (series_id, at) > (%b, %b)
    AND (series_id, at) <= (%b, %b) RETURNING series_id, at, value)
SELECT {runs.COLUMNS} FROM taken
"""
SIZE = "SELECT pg_relation_size(%b::regclass)"
EDGES = f"""
SELECT percentile_disc(%b::float8[]) WITHIN GROUP (ORDER BY series_id)
FROM {{table}} TABLESAMPLE SYSTEM ({SAMPLE_PERCENT})
"""
READ = f"SELECT {runs.COLUMNS} FROM {{table}} WHERE series_id > %b AND series_id <= %b"
SNAPSHOT = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
# All that a statement before could not see, and some of what it saw.
UNSEEN = f"SELECT {runs.COLUMNS} FROM {{table}} WHERE age(xmin) <= age(%b::text::xid)"
LAST = (2**31 - 1, datetime(9999, 12, 30, tzinfo=UTC))
DUE_MONTHS = """
SELECT series_id, date_trunc('month', day_from::timestamp)::date AS month FROM readings_chunk
WHERE day_until - day_from = 1 AND day_from < %s GROUP BY 1, 2 ORDER BY 1, 2
"""
# What a deleted terminal left behind. What is out of a contract's scope goes by plan: retention.
PRUNE_CHUNKS = """
DELETE FROM readings_chunk WHERE (series_id, day_from) IN (
    SELECT c.series_id, c.day_from FROM readings_chunk c
    LEFT JOIN readings_series s ON s.id = c.series_id WHERE s.id IS NULL LIMIT %s)
"""


def close_days(now: datetime) -> int:
    """Pack every reading older than HOT_DAYS whole days of Japan; answers how many were packed.

    Call it outside a transaction. A partition that somebody uses is emptied, and dropped by a later
    call.
    """
    closed_before = _closed_before(now)
    packed = 0
    for span in partitions.existing(READINGS):
        if span.until <= closed_before:
            moved = _move_day(span)
            if moved is None:
                moved = _pack_table(f"{READINGS}_{span.suffix}", closed_before)
            packed += moved
    return packed + _pack_table(LATE, closed_before)


def merge_months(now: datetime) -> int:
    """Make one chunk per series of each closed month's day chunks; answers how many were made."""
    with wire.cursor() as cursor:
        due = cursor.execute(DUE_MONTHS, [_closed_before(now).replace(day=1)]).fetchall()
    for begin in range(0, len(due), BATCH_MONTHS):
        with transaction.atomic(), wire.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLOSING_LOCK])
            failpoints.at("merge.locked")
            chunks.merge_into_months(due[begin : begin + BATCH_MONTHS])
            failpoints.at("merge.written")
        failpoints.at("merge.committed")
    return len(due)


def make_partitions(now: datetime) -> int:
    """Make the next days of readings and months of everything else; answers how many were new.

    What stands in a default partition and belongs to a new one (a device whose clock runs ahead)
    moves there.
    """
    today = days.day_of(now)
    wanted = [
        (READINGS, span) for span in partitions.days(today, today + timedelta(days=DAYS_AHEAD))
    ]
    last = today + timedelta(days=31 * partitions.MONTHS_AHEAD)
    months = list(partitions.months(today, last))
    for table in MONTHLY:
        wanted += [(table, span) for span in months]
    made = sum(partitions.ensure_with_rows(*one, bound="time") for one in wanted)
    return made + sum(partitions.ensure_with_rows(CHUNKS, span, bound="day") for span in months)


def prune(_now: datetime) -> int:
    """Delete the chunks of series that are gone; answers how many.

    Call it outside a transaction.
    """
    pruned: int = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLOSING_LOCK])
            cursor.execute(PRUNE_CHUNKS, [CHUNKS_BATCH])
            pruned += cursor.rowcount
            failpoints.at("prune.chunks")
            if cursor.rowcount < CHUNKS_BATCH:
                return pruned


def _closed_before(now: datetime) -> date:
    return days.day_of(now) - timedelta(days=HOT_DAYS)


def _move_day(span: partitions.Span) -> int | None:
    """Pack a closed day and drop its partition; None when somebody uses it for long.

    Writers of late readings are not held up while the day is read: what they wrote meanwhile is
    looked for at the end, when nobody can write any more.
    """
    table = f"{READINGS}_{span.suffix}"
    moved = 0
    try:
        with transaction.atomic(), wire.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLOSING_LOCK])
            failpoints.at("close.locked")
            snapshot = cursor.execute(SNAPSHOT).fetchone()
            for bounds in pairwise(_edges(cursor, table)):
                rows = runs.rows_of(cursor, READ.format(table=table), bounds)
                failpoints.at("close.taken")
                chunks.absorb_day(span.since, rows)
                failpoints.at("close.absorbed")
                moved += len(rows.series)
            cursor.execute(f"SET LOCAL lock_timeout = {partitions.WAIT_MS}")
            cursor.execute(f"LOCK TABLE ONLY {READINGS} IN ACCESS EXCLUSIVE MODE")
            cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            unseen = runs.rows_of(cursor, UNSEEN.format(table=table), snapshot or [])
            chunks.absorb(runs.by_series(unseen))
            partitions.drop(READINGS, span)
            failpoints.at("close.dropped")
            cursor.execute("SET LOCAL lock_timeout = 0")
    except OperationalError:
        return None
    failpoints.at("close.committed")
    return moved


def _edges(cursor: "psycopg.Cursor[Any]", table: str) -> list[int]:
    """Numbers of series between which lies about PIECE_BYTES of the table each."""
    size = cursor.execute(SIZE, [table]).fetchone()
    pieces = 1 + (size[0] if size else 0) // PIECE_BYTES
    shares = [n / pieces for n in range(1, pieces)]
    found = cursor.execute(EDGES.format(table=table), [shares]).fetchone()
    return [-1, *sorted(set((found and found[0]) or [])), SERIES_MAX]


def _pack_table(table: str, closed_before: date) -> int:
    packed, after = 0, FIRST
    while True:
        count, after = _pack_batch(table, days.midnight(closed_before), after)
        packed += count
        if after == LAST:
            return packed


def _pack_batch(
    table: str, before: datetime, after: tuple[int, datetime]
) -> tuple[int, tuple[int, datetime]]:
    """Move the next rows into chunks; answers how many, and where the batch ended."""
    with transaction.atomic(), wire.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLOSING_LOCK])
        failpoints.at("close.locked")
        query = BATCH_END.format(table=table)
        end = cursor.execute(query, [before, *after, BATCH_READINGS - 1]).fetchone() or LAST
        taken = runs.rows_of(cursor, TAKE.format(table=table), [before, *after, *end])
        failpoints.at("close.taken")
        chunks.absorb(runs.by_series(taken))
        failpoints.at("close.absorbed")
    failpoints.at("close.committed")
    return len(taken.series), end
