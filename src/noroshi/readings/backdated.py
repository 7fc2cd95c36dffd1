"""Which months of a device were told of later: data are kept by the day they came, not their own.

A terminal may send what it measured months ago. By its own time such a reading would soon be out of
the contract's scope; by the time the network received it, it is not. So the month is noted with the
last day on which anything came for it.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from noroshi.base import wire
from noroshi.readings import days
from noroshi.readings.store import Point
from noroshi.readings.uplinks import NewUplink

PROMPT = timedelta(hours=1)
QUIET_DAY_MAX = 27  # from the 2nd to the 27th an hour never reaches into another month

NOTE = """
INSERT INTO readings_backdated AS kept (device_id, month, tenant_id, received_on)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::date[])
ON CONFLICT (device_id, month) DO UPDATE
SET received_on = excluded.received_on WHERE kept.received_on < excluded.received_on
"""


def note(uplinks: Sequence[NewUplink], points: Sequence[Point]) -> int:
    """Note what came in a later month than its own; answers how many months of devices that were.

    A point came with the last uplink of its device among `uplinks`. The caller holds the
    transaction in which both are kept.
    """
    if not uplinks or _are_prompt(uplinks, points):
        return 0
    came: dict[int, datetime] = {}
    late: dict[tuple[int, date], tuple[int, date]] = {}
    for one in uplinks:
        received_at = came[one.device_id] = max(
            one.received_at, came.get(one.device_id, one.received_at)
        )
        if not _is_prompt(one.sent_at, received_at):
            _look(late, (one.device_id, one.tenant_id), one.sent_at, received_at)
    for point in points:
        heard = came.get(point.device_id)
        if heard is not None and not _is_prompt(point.at, heard):
            _look(late, (point.device_id, point.tenant_id), point.at, heard)
    if not late:
        return 0
    rows = sorted((device, month, *rest) for (device, month), rest in late.items())
    with wire.cursor() as cursor:
        cursor.execute(NOTE, [list(column) for column in zip(*rows, strict=True)])
    return len(rows)


def _are_prompt(uplinks: Sequence[NewUplink], points: Sequence[Point]) -> bool:
    """The quick answer for nearly every batch: all of it is of the month in which it came."""
    came = [one.received_at for one in uplinks]
    first, last = min(came), max(came)
    if last - first > PROMPT or not _is_prompt(first, last):
        return False
    edge = last - PROMPT
    return all(one.sent_at >= edge for one in uplinks) and all(one.at >= edge for one in points)


def _is_prompt(at: datetime, received_at: datetime) -> bool:
    """The quick answer for nearly everything: surely of the month in which it was received."""
    return 2 <= received_at.day <= QUIET_DAY_MAX and at >= received_at - PROMPT


def _look(
    late: dict[tuple[int, date], tuple[int, date]],
    whose: tuple[int, int],
    at: datetime,
    received_at: datetime,
) -> None:
    device_id, tenant_id = whose
    came, own = days.day_of(received_at), days.day_of(at).replace(day=1)
    key = (device_id, own)
    if own < came.replace(day=1) and (key not in late or late[key][1] < came):
        late[key] = (tenant_id, came)
