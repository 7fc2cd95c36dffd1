"""The exception list: entries that could not be carried through, and their way back."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from noroshi.base import failpoints, wire
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.models import ExceptionalEntry

DETAIL_CHARS_MAX = 500
REASON_CHARS_MAX = 60
UNKNOWN = ExceptionalEntry.Kind.UNKNOWN
CLAIM_AGAIN = """
SELECT id, entry_key FROM inbox_exception WHERE state = 'again' AND slice = ANY(%b::smallint[])
ORDER BY entry_id LIMIT %b::bigint FOR UPDATE SKIP LOCKED
"""
SETTLE = """
UPDATE inbox_exception SET state = 'done', attempts = least(attempts + 1, 30000)
WHERE id = ANY(%b::bigint[])
"""


class Trouble(msgspec.Struct, frozen=True, gc=False):
    """Why one entry stands on the list; `kind` is refused, unknown or failed."""

    row: EntryRow
    kind: str
    reason: str
    detail: str = ""
    space: str = ""
    address: str = ""


class Again(NamedTuple):
    """An entry that somebody asked to run again: its row on the list, and its key."""

    id: int
    entry_key: UUID


def put(troubles: Sequence[Trouble]) -> None:
    """Write entries on the list, or write their new reason; one row an entry."""
    ExceptionalEntry.objects.bulk_create(
        [
            ExceptionalEntry(
                entry_key=trouble.row.key,
                entry_id=trouble.row.id,
                slice=trouble.row.slice,
                connection_id=trouble.row.connection_id,
                received_at=trouble.row.received_at,
                space=trouble.space,
                address=trouble.address[:64],
                kind=trouble.kind,
                reason=trouble.reason[:REASON_CHARS_MAX],
                detail=clean(trouble.detail),
            )
            for trouble in one_each(troubles)
        ],
        update_conflicts=True,
        unique_fields=["entry_key"],
        update_fields=["space", "address", "kind", "reason", "detail", "state"],
    )
    failpoints.at("spine.troubles_put")


def one_each(troubles: Sequence[Trouble]) -> list[Trouble]:
    """The last trouble of each entry; of several unknown devices in one body, the detail tells all.

    Whichever of them is registered first finds the entry by it (actions.run_waiting_of).
    """
    strangers: dict[UUID, dict[str, None]] = {}
    for trouble in troubles:
        if trouble.kind == UNKNOWN:
            strangers.setdefault(trouble.row.key, {})[trouble.address] = None
    return [
        msgspec.structs.replace(trouble, detail=", ".join(strangers[key]))
        if trouble.kind == UNKNOWN and len(strangers[key]) > 1
        else trouble
        for key, trouble in {trouble.row.key: trouble for trouble in troubles}.items()
    ]


def clean(text: str) -> str:
    """Text a database column takes: no NUL, no half characters, not too long."""
    printable = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return printable[:DETAIL_CHARS_MAX]


def claim_again(slices: Iterable[int], *, limit: int) -> list[Again]:
    """Entries of the claimed slices that somebody asked to run again, oldest first."""
    with wire.hot() as cursor:
        cursor.execute(CLAIM_AGAIN, [wire.numbers(list(slices), wire.INT2), limit])
        claimed = [Again(*row) for row in cursor.fetchall()]
    failpoints.at("spine.again_claimed")
    return claimed


def settle(again: Sequence[Again]) -> None:
    """Before they run once more: done, unless `put` says otherwise in the same transaction."""
    if again:
        with wire.hot() as cursor:
            cursor.execute(SETTLE, [wire.numbers([one.id for one in again], wire.INT8)])
    failpoints.at("spine.again_settled")
