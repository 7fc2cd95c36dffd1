"""Decode a device's uplinks of a period anew, after a codec was mended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from noroshi import pipeline
from noroshi.alarms import watch
from noroshi.base import wire
from noroshi.codecs.result import Decoded
from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox import journal
from noroshi.jobs.rebuilding import Period, as_then, stored_of
from noroshi.jobs.senders import heard_in
from noroshi.pipeline import Heard, Parsed
from noroshi.readings import removing
from noroshi.readings.removing import Place

BATCH_MESSAGES = 500

KEYS = """
SELECT DISTINCT entry_key FROM readings_uplink
WHERE device_id = %b AND sent_at >= %b AND sent_at < %b ORDER BY entry_key
"""
RENEW = """
UPDATE readings_uplink SET codec_version_id = %b, problem = %b, data = data - %b::text[]
WHERE device_id = %b AND sent_at = %b AND message = %b
"""


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done: messages decoded anew, of those failed; readings removed; messages gone."""

    messages: int = 0
    failed: int = 0
    removed: int = 0
    lost: int = 0

    def __add__(self, other: "Mended") -> "Mended":
        return Mended(
            self.messages + other.messages,
            self.failed + other.failed,
            self.removed + other.removed,
            self.lost + other.lost,
        )


def mend(period: Period, sandbox: Sandbox, *, now: datetime) -> Mended:
    """Decode what the device sent in the period by today's codec, batch by batch.

    New readings take the place of the old; those that the codec of then brought and today's does
    not are removed. A message at which today's codec fails stays as it is. Safe to stop at any
    moment and to repeat. The period names a device.
    """
    with wire.cursor() as cursor:
        found = cursor.execute(KEYS, [period.device_id, period.since, period.until]).fetchall()
    keys = [key for (key,) in found]
    done = Mended()
    for begin in range(0, len(keys), BATCH_MESSAGES):
        with transaction.atomic():
            done += _mend_batch(keys[begin : begin + BATCH_MESSAGES], period, sandbox, now)
    return done


def _mend_batch(keys: Sequence[UUID], period: Period, sandbox: Sandbox, now: datetime) -> Mended:
    rows = journal.by_keys(keys)
    heard = [one for one in heard_in(rows) if one.device.id == period.device_id]
    stored = stored_of(heard)
    then = [as_then(message, stored.get(place)) for place, message in enumerate(heard)]
    before = pipeline.decode(then, sandbox)
    after = pipeline.decode(heard, sandbox)
    good = [n for n, result in enumerate(after) if result is None or not result.error]
    parsed = Parsed(heard=[heard[n] for n in good])
    kept = pipeline.keep(parsed, [after[n] for n in good], now=now)
    old = set(_places([then[n] for n in good], [before[n] for n in good]))
    new = set(_places(parsed.heard, [after[n] for n in good]))
    removed = removing.remove(old - new)
    _renew([(heard[n], _gone(then[n], before[n], after[n]), after[n]) for n in good])
    watch.watch(kept, now=now)
    pipeline.tell(parsed, has_incidents=False)
    return Mended(len(heard), len(heard) - len(good), removed, len(keys) - len(rows))


def _places(heard: Sequence[Heard], results: Sequence[Decoded | None]) -> Iterator[Place]:
    """Where the readings of these messages lie."""
    for message, result in zip(heard, results, strict=True):
        for point in pipeline.points_of(message, result):
            yield (point.device_id, point.key, point.kind), wire.micros(point.at)


def _gone(message: Heard, before: Decoded | None, after: Decoded | None) -> list[str]:
    """Keys of the record that the codec of then brought and today's does not."""
    old: Mapping[str, object] = pipeline.data_of(message, before)
    return sorted(old.keys() - pipeline.data_of(message, after).keys())


def _renew(told: Sequence[tuple[Heard, list[str], Decoded | None]]) -> None:
    """Note today's codec in the uplinks' records."""
    with wire.cursor() as cursor:
        cursor.executemany(
            RENEW,
            [
                (
                    message.device.type.codec_version_id,
                    pipeline.problem_of(message.uplink, result),
                    gone,
                    message.device.id,
                    message.at,
                    message.uplink.message,
                )
                for message, gone, result in told
                if result is not None
            ],
        )
