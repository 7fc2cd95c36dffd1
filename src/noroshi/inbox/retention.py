"""The journal's partitions ahead; what is past its owner's time goes with all that names it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from noroshi.base import failpoints, partitions, wire
from noroshi.inbox import blocks, packing
from noroshi.inbox.blocks import Block
from noroshi.inbox.models import ExceptionalEntry
from noroshi.inbox.packing import Owners

DAYS_AHEAD = 7
MONTHS_AHEAD = timedelta(days=31)
SETTLED_KEPT = timedelta(days=30)
DAYS_DEFAULT = 365
DAYS_OF_NOBODY = 93  # strangers and refused bodies
BATCH_BLOCKS = 20
ENTRIES, BLOCKS = "inbox_entry", "inbox_block"

OWNERS = "SELECT DISTINCT owner_id FROM inbox_block WHERE received_until < %b"
TAKE = f"""
DELETE FROM inbox_block WHERE (first_key, last_key) IN (
    SELECT first_key, last_key FROM inbox_block
    WHERE owner_id IS NOT DISTINCT FROM %b AND received_until < %b LIMIT %b)
RETURNING {blocks.COLUMNS}
"""
FORGET = "DELETE FROM inbox_exception WHERE entry_key = ANY(%b::uuid[])"
IS_NEEDED = "SELECT EXISTS (SELECT FROM {part} WHERE received_until >= %s)"


@dataclass(frozen=True, slots=True)
class Kept:
    """How many whole days raw uplinks are kept after their receipt.

    Attributes:
        by_owner: of each tenant, by its id.
        others: of a tenant that is not named: one that is gone.
        nobodys: strangers' and refused bodies.
    """

    by_owner: Mapping[int, int]
    others: int = DAYS_DEFAULT
    nobodys: int = DAYS_OF_NOBODY

    def days(self, owner_id: int | None) -> int:
        """The days of one owner; None is nobody."""
        return self.nobodys if owner_id is None else self.by_owner.get(owner_id, self.others)

    @property
    def longest(self) -> int:
        """The most days of all."""
        return max([self.others, self.nobodys, *self.by_owner.values()])

    @property
    def shortest(self) -> int:
        """The fewest days of all."""
        return min([self.others, self.nobodys, *self.by_owner.values()])


def make_partitions(now: datetime) -> int:
    """The days of entries and months of blocks from now on; returns how many were new.

    What came while nobody made them (a house that slept all winter) moves in.
    """
    today = now.astimezone(UTC).date()
    wanted = [
        (ENTRIES, span)
        for span in partitions.days(
            today - timedelta(days=packing.HOT_DAYS), today + timedelta(days=DAYS_AHEAD)
        )
    ]
    wanted += [(BLOCKS, span) for span in partitions.months(today, today + MONTHS_AHEAD)]
    return sum(partitions.ensure_with_rows(*one, bound="key") for one in wanted)


def prune(now: datetime, kept: Kept, owners: Owners) -> int:
    """Delete what is past its owner's time; answers how many blocks and months went.

    An entry goes with its line on the exception list. What was nobody's may have found its owner
    since: such entries move to the owner's blocks instead. Call it outside a transaction.
    """
    settled = [ExceptionalEntry.State.DONE, ExceptionalEntry.State.DISMISSED]
    ExceptionalEntry.objects.filter(state__in=settled, received_at__lt=now - SETTLED_KEPT).delete()
    failpoints.at("prune.exceptions")
    done = _drop_months(now, kept)
    failpoints.at("prune.journal")
    with wire.cursor() as cursor:
        found = cursor.execute(OWNERS, [now - timedelta(days=kept.shortest)]).fetchall()
    for (owner_id,) in found:
        before = now - timedelta(days=kept.days(owner_id))
        while taken := _take(owner_id, before, owners):
            done += taken
    return done


def _drop_months(now: datetime, kept: Kept) -> int:
    """Drop whole what no owner keeps, and what is empty."""
    oldest = now - timedelta(days=kept.longest)
    dropped = 0
    for span in partitions.existing(BLOCKS):
        if span.until > (now - timedelta(days=kept.shortest)).astimezone(UTC).date():
            continue
        with connection.cursor() as cursor:
            cursor.execute(IS_NEEDED.format(part=f"{BLOCKS}_{span.suffix}"), [oldest])
            is_needed = cursor.fetchone()[0]
        if not is_needed:
            dropped += partitions.drop_when_free(BLOCKS, span)
    # Their entries are gone with the months.
    ExceptionalEntry.objects.filter(received_at__lt=oldest).delete()
    return dropped


def _move_to_owners(taken: Sequence[Block], owners: Owners) -> set[UUID]:
    """Entries of strangers that are registered by now go to their owners; answers their keys."""
    rows = [row for block in taken for row in blocks.rows_of(block)]
    found = owners(rows)
    by_owner = defaultdict(list)
    for row in rows:
        if row.key in found:
            by_owner[found[row.key]].append(row)
    for owner_id, own in by_owner.items():
        packing.repack(own, owner_id)
    return set(found)


def _take(owner_id: int | None, before: datetime, owners: Owners) -> int:
    """Delete some of an owner's blocks; answers how many."""
    with transaction.atomic():
        packing.lock()
        with wire.cursor() as cursor:
            cursor.execute(TAKE, [owner_id, before, BATCH_BLOCKS], binary=True)
            taken = [Block(*row) for row in cursor.fetchall()]
        spared = _move_to_owners(taken, owners) if owner_id is None else set()
        keys = [key for block in taken for key in blocks.keys_of(block.keys) if key not in spared]
        with wire.cursor() as cursor:
            cursor.execute(FORGET, [keys])
    return len(taken)
