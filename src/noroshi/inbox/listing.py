"""Look through the journal for people, newest first, whichever form an entry lies in."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from noroshi.base import wire
from noroshi.inbox import blocks
from noroshi.inbox.blocks import Listed

NEWEST = """
SELECT greatest((SELECT max(id) FROM inbox_entry), (SELECT max(last_id) FROM inbox_block))
"""
HOT = """
SELECT key, id, slice, connection_id, received_at, event, address, octet_length(body)
FROM inbox_entry WHERE id > %b AND id < %b
    AND (%b::integer IS NULL OR connection_id = %b) AND strpos(lower(address), %b) > 0
ORDER BY id DESC LIMIT %b
"""
BLOCKS = f"""
SELECT {blocks.COLUMNS.removesuffix(", body")} FROM inbox_block
WHERE last_id > %b AND first_id < %b AND (%b::integer IS NULL OR connection_id = %b)
ORDER BY last_id DESC
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list: entries with smaller ids than `before`; None or "" = all."""

    before: int | None = None
    connection: int | None = None
    address: str = ""  # a part of it, in any case


def recent(wanted: Wanted, *, limit: int, ids_back: int) -> list[Listed]:
    """The newest entries of the journal, newest first, no further back than so many ids.

    What is being packed meanwhile is looked for here first and in the blocks after.
    """
    with wire.cursor() as cursor:
        row = cursor.execute(NEWEST).fetchone()
        newest: int = (row and row[0]) or 0
        oldest, before = newest - ids_back, wanted.before or newest + 1
        part = wanted.address.lower()
        source = [wanted.connection, wanted.connection]
        cursor.execute(HOT, [oldest, before, *source, part, limit], binary=True)
        found = {row[0]: Listed(*row) for row in cursor.fetchall()}
        cursor.execute(BLOCKS, [oldest, before, *source], binary=True)
        for block in (blocks.Block(*row) for row in cursor):
            last = _last(found, limit)
            if last is not None and block.last_id < last:
                break
            for one in _within(block, oldest, before, part):
                found.setdefault(one.key, one)
    return sorted(found.values(), key=lambda one: -one.id)[:limit]


def _last(found: dict[UUID, Listed], limit: int) -> int | None:
    """The id of the last one of a full list; None while there is room."""
    ids = sorted((one.id for one in found.values()), reverse=True)
    return ids[limit - 1] if len(ids) >= limit else None


def _within(block: blocks.Block, oldest: int, before: int, part: str) -> Iterator[Listed]:
    for one in blocks.listed(block):
        if oldest < one.id < before and part in one.address.lower():
            yield one
