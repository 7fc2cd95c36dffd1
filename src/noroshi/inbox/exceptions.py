"""The exception list: entries that could not be carried through, and their way back."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from django.db import connection

from noroshi.base import failpoints
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.models import ExceptionalEntry

DETAIL_CHARS_MAX = 500
REASON_CHARS_MAX = 60
AGAIN = ExceptionalEntry.State.AGAIN
OPEN = ExceptionalEntry.State.OPEN
DONE = ExceptionalEntry.State.DONE
UNKNOWN = ExceptionalEntry.Kind.UNKNOWN


class Trouble(msgspec.Struct, frozen=True, gc=False):
    """Why one entry stands on the list; `kind` is refused, unknown or failed."""

    row: EntryRow
    kind: str
    reason: str
    detail: str = ""
    space: str = ""
    address: str = ""


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


def claim_again(slices: Iterable[int], *, limit: int) -> list[ExceptionalEntry]:
    """Entries of the claimed slices that somebody asked to run again, oldest first."""
    claimed = list(
        ExceptionalEntry.objects.filter(state=AGAIN, slice__in=list(slices))
        .order_by("entry_id")
        .select_for_update(skip_locked=True)[:limit]
    )
    failpoints.at("spine.again_claimed")
    return claimed


def settle(again: Sequence[ExceptionalEntry]) -> None:
    """Before they run once more: done, unless `put` says otherwise in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbox_exception SET state = %s, attempts = least(attempts + 1, 30000) "
            "WHERE id = ANY(%s)",
            [DONE, [row.pk for row in again]],
        )
    failpoints.at("spine.again_settled")
