"""Pack closed days of the journal into blocks, so that a year of raw uplinks stays small.

Each batch puts entries into blocks, reads the blocks back, compares them with what it took, and
only then deletes: in one transaction, under one lock. A kill at any moment leaves every entry in
exactly one place. Readers look at entries first and at blocks after, so that they meet one that is
moving.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from noroshi.base import partitions, wire
from noroshi.inbox import blocks
from noroshi.inbox.blocks import Block
from noroshi.inbox.entry import EntryRow

ENTRIES = "inbox_entry"
OTHER = "inbox_entry_other"
HOT_DAYS = 3  # networks repeat themselves within minutes, or hours after an outage of ours
BATCH_ENTRIES = 8_192
BATCH_BYTES = 16 << 20  # of bodies; the program takes some five times as much for a while
REFILLED_BELOW = blocks.BLOCK_ENTRIES // 2  # a block this empty takes in what comes for it
PACKING_LOCK = 0x6E6F_7264_0002  # one packer or pruner at a time in the whole house
FIRST = uuid.UUID(int=0)

# For each entry the tenant whose it is, by key; absent: nobody's.
Owners = Callable[[Sequence[EntryRow]], Mapping[uuid.UUID, int]]
Place = tuple[int, int, int | None]  # day of the key, connection, owner

COLUMNS = "key, id, slice, connection_id, received_at, event, address, content_type, query, body"
# What the spine has not read stays; ids are a prefix, so the slice furthest behind says it for all.
TAKE = f"""
SELECT {COLUMNS} FROM (
    SELECT {COLUMNS},
        sum(octet_length(body)) OVER (ORDER BY key ROWS UNBOUNDED PRECEDING) AS bytes_so_far
    FROM {{table}} WHERE key > %b AND received_at < %b
        AND id <= (SELECT min(entry_id) FROM inbox_watermark)
    ORDER BY key LIMIT %b
) AS closed
WHERE bytes_so_far - octet_length(body) < %b
ORDER BY key
"""
LOCK = "SELECT pg_advisory_xact_lock(%b)"
DELETE = "DELETE FROM {table} WHERE key = ANY(%b::uuid[])"
KNOWN = """
SELECT keys FROM inbox_block WHERE first_key >= %b AND first_key <= %b AND last_key >= %b
"""
REFILLED = """
DELETE FROM inbox_block WHERE first_key = (
    SELECT first_key FROM inbox_block WHERE first_key BETWEEN %b AND %b
        AND connection_id = %b AND owner_id IS NOT DISTINCT FROM %b AND count < %b
    ORDER BY first_key DESC LIMIT 1)
RETURNING {columns}
"""


class NotTheSame(Exception):
    """What was read back from the blocks is not what was put there; nothing was deleted."""


def pack_closed(now: datetime, owners: Owners) -> int:
    """Pack every entry older than HOT_DAYS whole days that the spine has read; answers how many.

    Call it outside a transaction. A partition whose drop would hold up others waits for the next
    call. Raises NotTheSame.
    """
    closed_before = now.astimezone(UTC).date() - timedelta(days=HOT_DAYS)
    done = 0
    for span in partitions.existing(ENTRIES):
        if span.until <= closed_before:
            # The day is long over: what stands here came late, and was read.
            done += _pack_table(f"{ENTRIES}_{span.suffix}", now, owners)
            partitions.drop_if_empty(ENTRIES, span)
    return done + _pack_table(OTHER, _midnight(closed_before), owners)


def repack(rows: Sequence[EntryRow], owner_id: int) -> None:
    """Put entries taken out of blocks into blocks of this owner.

    The caller holds the transaction and the lock.
    """
    _put(_by_place(rows, dict.fromkeys(_keys(rows), owner_id)))


def lock() -> None:
    """Wait until nobody else packs or prunes; held to the end of the transaction."""
    with wire.cursor() as cursor:
        cursor.execute(LOCK, [PACKING_LOCK])


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _keys(rows: Iterable[EntryRow]) -> list[uuid.UUID]:
    return [row.key for row in rows]


def _pack_table(table: str, before: datetime, owners: Owners) -> int:
    packed, after = 0, FIRST
    while True:
        count, last = _pack_batch(table, before, after, owners)
        if last is None:
            return packed
        packed, after = packed + count, last


def _pack_batch(
    table: str, before: datetime, after: uuid.UUID, owners: Owners
) -> tuple[int, uuid.UUID | None]:
    """Move the next entries into blocks; answers how many, and the last key, None at the end."""
    with transaction.atomic():
        lock()
        with wire.cursor() as cursor:
            cursor.execute(
                TAKE.format(table=table), [after, before, BATCH_ENTRIES, BATCH_BYTES], binary=True
            )
            rows = [EntryRow(*row) for row in cursor.fetchall()]
        if not rows:
            return 0, None
        # A late repeat that came while its day was being packed: the first one stays.
        known = _known(_keys(rows))
        new = [row for row in rows if row.key not in known]
        _put(_by_place(new, owners(new)))
        with wire.cursor() as cursor:
            cursor.execute(DELETE.format(table=table), [_keys(rows)])
            if cursor.rowcount != len(rows):
                raise NotTheSame(f"{len(rows)} entries of {table}, {cursor.rowcount} to delete")
    return len(rows), rows[-1].key


def _by_place(
    rows: Sequence[EntryRow], owners: Mapping[uuid.UUID, int]
) -> Mapping[Place, list[EntryRow]]:
    places = defaultdict(list)
    for row in rows:
        place = (blocks.day_of(row.key), row.connection_id, owners.get(row.key))
        places[place].append(row)
    return places


def _put(places: Mapping[Place, list[EntryRow]]) -> None:
    """Write the entries of each place as blocks, and read them back."""
    expected: dict[uuid.UUID, EntryRow] = {}
    made: list[Block] = []
    for place, rows in places.items():
        found = sorted([*_refilled(place), *rows], key=lambda row: row.key)
        made += [blocks.packed(piece, place[2]) for piece in blocks.pieces(found)]
        expected |= {row.key: row for row in found}
    blocks.write(made)
    for block in blocks.read([one.first_key for one in made]):
        for row in blocks.rows_of(block):
            if expected.pop(row.key, None) != row:
                raise NotTheSame(f"entry {row.key} differs in its block")
    if expected:
        raise NotTheSame(f"{len(expected)} entries are in no block")


def _refilled(place: Place) -> list[EntryRow]:
    """The entries of the newest block of this place that has room, which is taken out."""
    day, connection_id, owner_id = place
    first, last = blocks.first_of_day(day), blocks.last_of_day(day)
    query = REFILLED.format(columns=blocks.COLUMNS)
    told = [first, last, connection_id, owner_id, REFILLED_BELOW]
    with wire.cursor() as cursor:
        taken = cursor.execute(query, told, binary=True).fetchone()
    return blocks.rows_of(Block(*taken)) if taken else []


def _known(keys: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these keys lie in blocks already."""
    found: set[uuid.UUID] = set()
    with wire.cursor() as cursor:
        for day, wanted in blocks.by_day(keys).items():
            cursor.execute(KNOWN, [blocks.first_of_day(day), max(wanted), min(wanted)], binary=True)
            for (block_keys,) in cursor.fetchall():
                found.update(blocks.keys_of(block_keys))
    return found.intersection(keys)
