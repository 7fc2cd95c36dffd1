"""The rows of recipients' paces, locked in one order, and of notices: many in one statement."""

from collections.abc import Iterable, Mapping, Sequence

from noroshi.alarms import rows
from noroshi.alarms.models import Notice, Pace, Recipient
from noroshi.alarms.pacing import Lately
from noroshi.base import wire

NOTICE_COLUMNS = {
    "tenant_id": "bigint", "incident_id": "bigint", "device_id": "bigint",
    "recipient_id": "bigint", "name": "text", "address": "text", "event": "text",
    "number": "smallint", "decided_at": "timestamptz", "state": "text", "reason": "text",
    "due_at": "timestamptz", "posted_at": "timestamptz", "message_id": "text",
}  # fmt: skip
PACE_COLUMNS = {
    "recipient_id": "bigint", "minute_from": "timestamptz", "minute_count": "integer",
    "hour_from": "timestamptz", "hour_count": "integer", "gather_at": "timestamptz",
    "paused_until": "timestamptz", "due_at": "timestamptz",
}  # fmt: skip

LOCKED = "WHERE recipient_id = ANY (%b::bigint[]) ORDER BY recipient_id FOR NO KEY UPDATE"


def locked(recipients: Mapping[int, Recipient]) -> dict[int, Pace]:
    """The pace of each recipient, made where there is none; held until the transaction ends."""
    keys = sorted(recipients)
    asked = [wire.numbers(keys, wire.INT8)]
    found = {one.pk: one for one in rows.fetched(Pace, LOCKED, asked)}
    missing = [key for key in keys if key not in found]
    if missing:
        new = [Pace(recipient_id=key, tenant_id=recipients[key].tenant_id) for key in missing]
        Pace.objects.bulk_create(new, ignore_conflicts=True)
        found = {one.pk: one for one in rows.fetched(Pace, LOCKED, asked)}
    return found


def lately_of(pace: Pace) -> Lately:
    """The row as the pure room thinks of it."""
    return Lately(
        pace.minute_from,
        pace.minute_count,
        pace.hour_from,
        pace.hour_count,
        pace.gather_at,
        pace.paused_until,
    )


def put(pace: Pace, lately: Lately) -> None:
    """What is known now into the row, not yet written."""
    pace.minute_from, pace.minute_count = lately.minute_from, lately.minute_count
    pace.hour_from, pace.hour_count = lately.hour_from, lately.hour_count
    pace.gather_at, pace.paused_until = lately.gather_at, lately.paused_until


def keep_paces(paces: Iterable[Pace]) -> None:
    """Write them back."""
    _run(_KEEP_PACES, PACE_COLUMNS, list(paces))


def add_notices(notices: Sequence[Notice]) -> None:
    """Write new notices; one that is there already stays as it is."""
    _run(_ADD_NOTICES, NOTICE_COLUMNS, notices)


def _run(query: str, columns: Mapping[str, str], new: Sequence[Notice] | Sequence[Pace]) -> None:
    if new:
        with wire.hot() as cursor:
            cursor.execute(query, [[getattr(one, name) for one in new] for name in columns])


def _arrays(columns: Mapping[str, str]) -> str:
    return ", ".join(f"%b::{kind}[]" for kind in columns.values())


_ADD_NOTICES = f"""
INSERT INTO alarms_notice ({", ".join(NOTICE_COLUMNS)})
SELECT * FROM unnest({_arrays(NOTICE_COLUMNS)})
ON CONFLICT (incident_id, recipient_id, event, number) DO NOTHING
"""
_KEEP_PACES = f"""
UPDATE alarms_pace p
SET {", ".join(f"{name} = n.{name}" for name in PACE_COLUMNS if name != "recipient_id")}
FROM unnest({_arrays(PACE_COLUMNS)}) AS n ({", ".join(PACE_COLUMNS)})
WHERE p.recipient_id = n.recipient_id
"""
