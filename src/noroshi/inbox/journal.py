"""Read the journal on from the watermarks; the row lock on a watermark claims its slice."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from noroshi.base import failpoints, wire
from noroshi.inbox import blocks
from noroshi.inbox.blocks import Listed
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.models import SLICES

READ_BYTES_MAX = 32 << 20  # of bodies in one batch, so that large ones do not fill the memory
COLUMNS = "key, id, slice, connection_id, received_at, event, address, content_type, query, body"
CLAIM = """
SELECT slice, entry_id FROM inbox_watermark ORDER BY entry_id, random()
LIMIT %b::bigint FOR UPDATE SKIP LOCKED
"""
READ_ON = f"""
SELECT {COLUMNS} FROM (
    SELECT {COLUMNS},
        sum(octet_length(body)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS bytes_so_far
    FROM inbox_entry WHERE id > %b::bigint AND slice = ANY(%b::smallint[])
    ORDER BY id LIMIT %b::bigint
) AS waiting
WHERE bytes_so_far - octet_length(body) < %b::bigint
ORDER BY id
"""
MOVE = """
UPDATE inbox_watermark SET entry_id = %b::bigint
WHERE slice = ANY(%b::smallint[]) AND entry_id < %b::bigint
"""
CARRIED = f"""
SELECT {COLUMNS} FROM inbox_entry e WHERE received_at >= %b AND id > %b
    AND id <= (SELECT entry_id FROM inbox_watermark w WHERE w.slice = e.slice)
ORDER BY id LIMIT %b
"""
BLOCKS_SINCE = "SELECT first_key FROM inbox_block WHERE received_until >= %b ORDER BY first_id"


def claim_slices(limit: int) -> dict[int, int]:
    """Lock up to `limit` slices that no other worker holds, those furthest behind first.

    Of equals any: slices where nothing comes in must not stand before those with entries to run
    again. Returns slice → id of the last entry read. The caller's transaction holds the claim.
    """
    with wire.hot() as cursor:
        claimed = dict(cursor.execute(CLAIM, [limit]).fetchall())
    failpoints.at("spine.claimed")
    return claimed


def read_on(marks: Mapping[int, int], *, limit: int) -> tuple[list[EntryRow], int]:
    """The next entries of the claimed slices in order of id, and the id read up to.

    The gate hands ids out under one lock, so what is visible is a prefix: no entry with a
    smaller id can appear later. Slices in which nothing came are read up to the newest entry too:
    else they would be furthest behind for ever and be claimed in place of those with entries.
    """
    lowest = newest = min(marks.values())
    with wire.hot() as cursor:
        if len(marks) < SLICES:
            cursor.execute("SELECT coalesce(max(id), 0) FROM inbox_entry")
            newest = max(newest, *[found for (found,) in cursor.fetchall()])
        slices = wire.numbers(list(marks), wire.INT2)
        cursor.execute(READ_ON, [lowest, slices, limit, READ_BYTES_MAX])
        rows = [EntryRow(*row) for row in cursor.fetchall()]
    failpoints.at("spine.read")
    read_to = rows[-1].id if rows else lowest
    if len(rows) < limit and sum(len(row.body) for row in rows) < READ_BYTES_MAX:
        read_to = max(read_to, newest)
    return [row for row in rows if row.id > marks[row.slice]], read_to


def move(marks: Mapping[int, int], read_to: int) -> None:
    """Set the claimed watermarks that are behind to `read_to`."""
    slices = wire.numbers(list(marks), wire.INT2)
    with wire.hot() as cursor:
        cursor.execute(MOVE, [read_to, slices, read_to])
    failpoints.at("spine.moved")


def by_keys(keys: Sequence[uuid.UUID]) -> list[EntryRow]:
    """Entries by their keys, in order of id; those past their retention are absent.

    What is being packed meanwhile is looked for here first and in the blocks after.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {COLUMNS} FROM inbox_entry WHERE key = ANY(%s) ORDER BY id", [list(keys)]
        )
        rows = [EntryRow(*row) for row in cursor.fetchall()]
    missing = set(keys) - {row.key for row in rows}
    if missing:
        rows = sorted([*rows, *blocks.by_keys(missing)], key=lambda row: row.id)
    return rows


def carried(since: datetime, *, limit: int) -> Iterator[list[EntryRow]]:
    """All entries received from `since` on that the spine has carried through, piece by piece.

    In no order. The caller's transaction is repeatable read: what is being packed meanwhile stands
    still for it.
    """
    last = 0
    while True:
        with wire.cursor() as cursor:
            cursor.execute(CARRIED, [since, last, limit], binary=True)
            rows = [EntryRow(*row) for row in cursor.fetchall()]
        if not rows:
            break
        yield rows
        last = rows[-1].id
    with wire.cursor() as cursor:
        firsts = cursor.execute(BLOCKS_SINCE, [since]).fetchall()
    for (first,) in firsts:
        for block in blocks.read([first]):
            yield [row for row in blocks.rows_of(block) if row.received_at >= since]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of the journal is still to be read."""

    count: int
    oldest_at: datetime | None


def waiting(*, count_max: int = 10_000) -> Waiting:
    """Entries not yet read by the spine, counted up to `count_max`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(received_at) FROM (SELECT e.received_at FROM inbox_entry e "
            "JOIN inbox_watermark w ON w.slice = e.slice "
            "WHERE e.id > (SELECT min(entry_id) FROM inbox_watermark) AND e.id > w.entry_id "
            "LIMIT %s) AS unread",
            [count_max],
        )
        return Waiting(*cursor.fetchone())


def recent_waiting(*, limit: int) -> list[Listed]:
    """The oldest entries not yet read, for the office."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.key, e.id, e.slice, e.connection_id, e.received_at, e.event, e.address, "
            "octet_length(e.body) FROM inbox_entry e "
            "JOIN inbox_watermark w ON w.slice = e.slice "
            "WHERE e.id > (SELECT min(entry_id) FROM inbox_watermark) AND e.id > w.entry_id "
            "ORDER BY e.id LIMIT %s",
            [limit],
        )
        return [Listed(*row) for row in cursor.fetchall()]
