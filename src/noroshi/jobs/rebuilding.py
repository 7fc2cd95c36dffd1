"""Rebuild readings from raw uplinks into a scratch table, each by the codec that was in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from noroshi import pipeline
from noroshi.base import wire
from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox import journal
from noroshi.jobs.senders import heard_in
from noroshi.pipeline import Heard
from noroshi.readings.store import NUMERIC_KINDS, Point

BATCH_ENTRIES = 1024

SCRATCH = """
CREATE TEMPORARY TABLE rebuilt (device_id bigint, key text, kind text, at timestamptz,
    value float8, loose jsonb, run_at timestamptz, entry_id bigint, is_again boolean)
    ON COMMIT DROP
"""
KEEP = """
INSERT INTO rebuilt SELECT d, k, n, a, v, l::jsonb, r, e, g FROM unnest(%b::bigint[], %b::text[],
    %b::text[], %b::timestamptz[], %b::float8[], %b::text[], %b::timestamptz[], %b::bigint[],
    %b::boolean[]) AS new (d, k, n, a, v, l, r, e, g)
"""
# The uplink as the spine kept it: which codec read it, and when. What was read again by a later
# version ran after that was written.
STORED = """
SELECT n.place, u.codec_version_id, c.kind, greatest(u.processed_at, v.created_at),
    coalesce(v.created_at > u.processed_at, false)
FROM unnest(%b::integer[], %b::bigint[], %b::timestamptz[], %b::uuid[])
    AS n (place, device_id, sent_at, message)
JOIN readings_uplink u USING (device_id, sent_at, message)
LEFT JOIN codecs_codecversion v ON v.id = u.codec_version_id
LEFT JOIN codecs_codec c ON c.id = v.codec_id
"""
# The last one to be carried through of those that name the same moment stands.
READ = """
SELECT DISTINCT ON (device_id, key, kind, at) device_id, key, kind, at, value, loose
FROM rebuilt WHERE device_id = ANY(%s) AND at >= %s AND at < %s
ORDER BY device_id, key, kind, at, run_at DESC, entry_id DESC
"""
# What could not be carried through brought nothing, and need not.
NAMED = (
    "SELECT entry_key FROM inbox_exception WHERE state IN ('open', 'again', 'dismissed') "
    "AND entry_key = ANY(%b::uuid[])"
)


class Stored(msgspec.Struct, frozen=True, gc=False):
    """What the spine noted of a message: the codec's version and kind, None = none; when it ran.

    `is_again`: it was read before by an older version.
    """

    version_id: int | None
    kind: str | None
    run_at: datetime
    is_again: bool


@dataclass(frozen=True, slots=True)
class Period:
    """The readings to rebuild, by their own time; `device_id` None = of every device."""

    since: datetime
    until: datetime
    device_id: int | None = None


def fill(period: Period, sandbox: Sandbox) -> int:
    """Rebuild the period into the table `rebuilt`; answers how many messages were read.

    The caller's transaction is repeatable read. A reading is younger than its uplink's receipt but
    for the minutes that a clock may be ahead; how late it comes is open.
    """
    with wire.cursor() as cursor:
        cursor.execute(SCRATCH)
    count = 0
    for rows in journal.carried(period.since - pipeline.FUTURE_MAX, limit=BATCH_ENTRIES):
        heard = heard_in(rows)
        if period.device_id is not None:
            heard = [message for message in heard if message.device.id == period.device_id]
        if heard:
            count += len(heard)
            _keep(heard, period, sandbox)
    return count


def read(device_ids: Sequence[int], period: Period) -> dict[int, dict[tuple[str, str, int], Any]]:
    """Device → (key, kind, time in microseconds) → value, as rebuilt."""
    found: dict[int, dict[tuple[str, str, int], Any]] = {one: {} for one in device_ids}
    with wire.cursor() as cursor:
        cursor.execute(READ, [list(device_ids), period.since, period.until])
        for device_id, key, kind, at, value, loose in cursor:
            said = value if kind in NUMERIC_KINDS else loose
            found[device_id][key, kind, wire.micros(at)] = said
    return found


def stored_of(heard: Sequence[Heard]) -> dict[int, Stored]:
    """What the spine noted of each message, by its place in the list; missing: nothing."""
    with wire.cursor() as cursor:
        cursor.execute(
            STORED,
            [
                list(range(len(heard))),
                [message.device.id for message in heard],
                [message.at for message in heard],
                [message.uplink.message for message in heard],
            ],
            binary=True,
        )
        return {place: Stored(*facts) for place, *facts in cursor.fetchall()}


def as_then(message: Heard, stored: Stored | None) -> Heard:
    """The message with the codec that read it, in place of today's."""
    if stored is None:
        return message
    device, facts = message.device, message.device.type
    then = msgspec.structs.replace(
        facts,
        codec_version_id=stored.version_id,
        codec_kind=stored.kind or facts.codec_kind,
    )
    return msgspec.structs.replace(message, device=msgspec.structs.replace(device, type=then))


def _keep(heard: Sequence[Heard], period: Period, sandbox: Sandbox) -> None:
    stored = stored_of(heard)
    unsettled = _unsettled(heard, stored)
    places = [place for place in range(len(heard)) if place not in unsettled]
    then = [as_then(heard[place], stored.get(place)) for place in places]
    rows = []
    for place, message, result in zip(places, then, pipeline.decode(then, sandbox), strict=True):
        known = stored.get(place)
        ran = (known.run_at, known.is_again) if known else (message.row.received_at, False)
        rows += [
            (*_columns(point), ran[0], message.row.id, ran[1])
            for point in pipeline.points_of(message, result)
            if point.at >= period.since  # an incident of the period may end after it
        ]
    if rows:
        with wire.cursor() as cursor:
            cursor.execute(KEEP, [list(column) for column in zip(*rows, strict=True)])


def _unsettled(heard: Sequence[Heard], stored: Mapping[int, Stored]) -> set[int]:
    """Messages that were not carried through, and stand on the exception list for it."""
    missing = [place for place in range(len(heard)) if place not in stored]
    if not missing:
        return set()
    with wire.cursor() as cursor:
        cursor.execute(NAMED, [[heard[place].row.key for place in missing]])
        named = {key for (key,) in cursor.fetchall()}
    return {place for place in missing if heard[place].row.key in named}


def _columns(point: Point) -> tuple[Any, ...]:
    is_number = point.kind in NUMERIC_KINDS
    return (
        point.device_id,
        point.key,
        point.kind,
        point.at,
        float(point.value) if is_number else None,  # type: ignore[arg-type]
        None if is_number else wire.json_bytes(point.value).decode(),
    )
