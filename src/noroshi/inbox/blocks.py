"""Blocks of the journal: about a thousand entries in one row, compressed together, read singly."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from typing import NamedTuple

import msgspec
import zstandard

from noroshi.base import wire
from noroshi.inbox.entry import EntryRow

FORMAT = 1
BLOCK_ENTRIES = 1024  # a larger block is hardly smaller, and each look inside opens all of it
BLOCK_BYTES_MAX = 8 << 20  # of bodies
LEVEL = 12  # measured in docs/decisions/0017: a third of the time of 15 for two bytes an uplink
TIME_BYTES, REST_BYTES = 6, 10
KEY_BYTES = TIME_BYTES + REST_BYTES
DAY_MS = 86_400_000
COLUMNS = (
    "first_key, last_key, owner_id, connection_id, first_id, last_id, received_from, "
    "received_until, count, format, keys, head, body"
)

WRITE = f"""
INSERT INTO inbox_block ({COLUMNS})
SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::bigint[], %b::integer[], %b::bigint[],
    %b::bigint[], %b::timestamptz[], %b::timestamptz[], %b::integer[], %b::smallint[], %b::bytea[],
    %b::bytea[], %b::bytea[])
"""
# A block holds keys of one day (in UTC, of the message's own time), so few blocks may hold a key.
HOLDING = """
SELECT DISTINCT b.first_key, b.last_key FROM unnest(%b::uuid[], %b::uuid[]) AS wanted (day, key)
JOIN inbox_block b ON b.first_key >= wanted.day AND b.first_key <= wanted.key
    AND b.last_key >= wanted.key AND position(uuid_send(wanted.key) IN b.keys) > 0
"""
READ = f"SELECT {COLUMNS} FROM inbox_block WHERE first_key = ANY(%b::uuid[])"


class UnknownFormat(Exception):
    """A block was written by a later version of the program."""


class Block(NamedTuple):
    """One row of inbox_block; keys, head and body are in the same order, that of the ids.

    All its entries came by one connection, have keys of one day, and are kept for one owner: a
    tenant's id, or None for what is nobody's (strangers, refused bodies).
    """

    first_key: uuid.UUID
    last_key: uuid.UUID
    owner_id: int | None
    connection_id: int
    first_id: int
    last_id: int
    received_from: datetime
    received_until: datetime
    entries: int
    format: int
    keys: bytes
    head: bytes
    body: bytes = b""  # absent where only the head was asked for


class Listed(NamedTuple):
    """One entry as lists show it; `size` is that of its body in bytes."""

    key: uuid.UUID
    id: int
    slice: int
    connection_id: int
    received_at: datetime
    event: str
    address: str
    size: int


# Everything of an entry but its body, in the order of EntryRow.
Facts = tuple[uuid.UUID, int, int, int, datetime, str, str, str, str]


class Head(msgspec.Struct, array_like=True, gc=False):
    """What the entries of a block are besides key and body, by columns; numbers as steps."""

    ids: list[int]
    received_us: list[int]
    slices: list[int]
    sizes: list[int]  # of the bodies, in bytes
    events: list[str]
    addresses: list[str]
    content_types: list[str]
    queries: list[str]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)


def packed(rows: Sequence[EntryRow], owner_id: int | None) -> Block:
    """Entries of one connection and day of keys as one block."""
    rows = sorted(rows, key=lambda row: row.id)
    keys = [row.key for row in rows]
    received = [row.received_at for row in rows]
    head = Head(
        _steps([row.id for row in rows]),
        _steps(wire.all_micros(received)),
        [row.slice for row in rows],
        [len(row.body) for row in rows],
        [row.event for row in rows],
        [row.address for row in rows],
        [row.content_type for row in rows],
        [row.query for row in rows],
    )
    return Block(
        min(keys),
        max(keys),
        owner_id,
        rows[0].connection_id,
        rows[0].id,
        rows[-1].id,
        min(received),
        max(received),
        len(rows),
        FORMAT,
        b"".join(key.bytes for key in keys),
        _compressed(_encoder.encode(head)),
        _compressed(b"".join(row.body for row in rows)),
    )


def keys_of(keys: bytes) -> list[uuid.UUID]:
    """The keys of a block in their order."""
    begins = range(0, len(keys), KEY_BYTES)
    return [uuid.UUID(bytes=keys[begin : begin + KEY_BYTES]) for begin in begins]


def rows_of(block: Block) -> list[EntryRow]:
    """The entries of a block, exactly as they came. Raises UnknownFormat."""
    head = head_of(block)
    bodies = zstandard.ZstdDecompressor().decompress(block.body)
    ends = list(accumulate(head.sizes, initial=0))
    return [
        EntryRow(*facts, bodies[begin:end])
        for facts, (begin, end) in zip(_facts(block, head), pairwise(ends), strict=True)
    ]


def listed(block: Block) -> Iterator[Listed]:
    """The entries of a block without their bodies, which it need not have. Raises UnknownFormat."""
    head = head_of(block)
    for facts, size in zip(_facts(block, head), head.sizes, strict=True):
        yield Listed(*facts[:-2], size)


def picked(block: Block, wanted: Collection[uuid.UUID]) -> Iterator[EntryRow]:
    """Those of the entries of a block that are wanted; to make all for one's sake is slow."""
    places = [place for key in wanted if (place := _place(block.keys, key)) is not None]
    if not places:
        return
    head = head_of(block)
    bodies = zstandard.ZstdDecompressor().decompress(block.body)
    ids, received = list(accumulate(head.ids)), list(accumulate(head.received_us))
    ends = list(accumulate(head.sizes, initial=0))
    for n in places:
        yield EntryRow(
            keys_of(block.keys[n * KEY_BYTES : (n + 1) * KEY_BYTES])[0],
            ids[n],
            head.slices[n],
            block.connection_id,
            wire.moment(received[n]),
            head.events[n],
            head.addresses[n],
            head.content_types[n],
            head.queries[n],
            bodies[ends[n] : ends[n + 1]],
        )


def _place(keys: bytes, key: uuid.UUID) -> int | None:
    at = keys.find(key.bytes)
    while at % KEY_BYTES and at > 0:  # what spans two keys is none
        at = keys.find(key.bytes, at + 1)
    return at // KEY_BYTES if at >= 0 else None


def head_of(block: Block) -> Head:
    """The columns of a block without its bodies. Raises UnknownFormat."""
    if block.format != FORMAT:
        text = f"a block of the journal has format {block.format}, this program knows {FORMAT}"
        raise UnknownFormat(text)
    return _decoder.decode(zstandard.ZstdDecompressor().decompress(block.head))


def _facts(block: Block, head: Head) -> Iterator[Facts]:
    received = map(wire.moment, accumulate(head.received_us))
    whose = [block.connection_id] * block.entries
    return zip(
        keys_of(block.keys), accumulate(head.ids), head.slices, whose, received, head.events,
        head.addresses, head.content_types, head.queries, strict=True,
    )  # fmt: skip


def by_keys(keys: Iterable[uuid.UUID]) -> list[EntryRow]:
    """Those of the entries that lie in blocks, in order of id."""
    wanted = set(keys)
    found = [row for block in holding(wanted) for row in picked(block, wanted)]
    return sorted(found, key=lambda row: row.id)


def holding(keys: Iterable[uuid.UUID]) -> list[Block]:
    """The blocks in which these keys lie."""
    wanted = list(keys)
    if not wanted:
        return []
    with wire.cursor() as cursor:
        days = [first_of_day(day_of(key)) for key in wanted]
        cursor.execute(HOLDING, [days, wanted], binary=True)
        firsts = [first for first, _ in cursor.fetchall()]
        return read(firsts)


def read(firsts: Sequence[uuid.UUID]) -> list[Block]:
    """The blocks that begin with these keys."""
    with wire.cursor() as cursor:
        cursor.execute(READ, [list(firsts)], binary=True)
        return [Block(*row) for row in cursor.fetchall()]


def write(blocks: Sequence[Block]) -> None:
    """Put blocks into their table."""
    if blocks:
        columns = [list(column) for column in zip(*blocks, strict=True)]
        with wire.cursor() as cursor:
            cursor.execute(WRITE, columns)


def pieces(rows: Sequence[EntryRow]) -> list[list[EntryRow]]:
    """Entries, ordered by key, in pieces of the right size for a block."""
    found: list[list[EntryRow]] = []
    size = 0
    for row in rows:
        is_full = not found or len(found[-1]) == BLOCK_ENTRIES or size > BLOCK_BYTES_MAX
        if is_full:
            found.append([])
            size = 0
        found[-1].append(row)
        size += len(row.body)
    return found


def day_of(key: uuid.UUID) -> int:
    """Days since 1970 of the time that a key begins with."""
    return int.from_bytes(key.bytes[:TIME_BYTES], "big") // DAY_MS


def first_of_day(day: int) -> uuid.UUID:
    """The smallest key of a day."""
    return uuid.UUID(bytes=(day * DAY_MS).to_bytes(TIME_BYTES, "big") + bytes(REST_BYTES))


def last_of_day(day: int) -> uuid.UUID:
    """The largest key of a day."""
    ms = min((day + 1) * DAY_MS - 1, 2 ** (8 * TIME_BYTES) - 1)
    return uuid.UUID(bytes=ms.to_bytes(TIME_BYTES, "big") + b"\xff" * REST_BYTES)


def by_day(keys: Iterable[uuid.UUID]) -> dict[int, list[uuid.UUID]]:
    """Keys by their day."""
    days = defaultdict(list)
    for key in keys:
        days[day_of(key)].append(key)
    return days


def _steps(numbers: Sequence[int]) -> list[int]:
    return [numbers[0], *(after - before for before, after in pairwise(numbers))]


def _compressed(raw: bytes) -> bytes:
    # The checksum is verified at each reading.
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(raw)
