"""When each device was heard last, written once a batch."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from noroshi.base import failpoints, wire

LEVEL_MAX = 1000.0  # dBm or dB: beyond this it is no signal
# An UPDATE of what is known stays in its page and writes a third of what a conflict does.
RENEW = """
UPDATE devices_heartbeat AS kept SET sent_at = new.sent_at, received_at = new.received_at,
  counter = new.counter, rssi_dbm = coalesce(new.rssi_dbm, kept.rssi_dbm),
  snr_db = coalesce(new.snr_db, kept.snr_db), gateways = new.gateways
FROM unnest(%b::bigint[], %b::bigint[], %b::timestamptz[], %b::timestamptz[],
  %b::bigint[], %b::float8[], %b::float8[], %b::smallint[])
  AS new (device_id, tenant_id, sent_at, received_at, counter, rssi_dbm, snr_db, gateways)
WHERE kept.device_id = new.device_id AND new.sent_at >= kept.sent_at
RETURNING kept.device_id
"""
HEAR = """
INSERT INTO devices_heartbeat
  (device_id, tenant_id, sent_at, received_at, counter, rssi_dbm, snr_db, gateways)
SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::timestamptz[], %b::timestamptz[],
  %b::bigint[], %b::float8[], %b::float8[], %b::smallint[])
ON CONFLICT (device_id) DO UPDATE SET
  sent_at = excluded.sent_at, received_at = excluded.received_at, counter = excluded.counter,
  rssi_dbm = coalesce(excluded.rssi_dbm, devices_heartbeat.rssi_dbm),
  snr_db = coalesce(excluded.snr_db, devices_heartbeat.snr_db), gateways = excluded.gateways
WHERE excluded.sent_at >= devices_heartbeat.sent_at
"""


class Beat(msgspec.Struct, frozen=True, gc=False):
    """One uplink as a sign of life; RSSI in dBm, SNR in dB."""

    device_id: int
    tenant_id: int
    sent_at: datetime
    received_at: datetime
    counter: int | None
    rssi_dbm: float | None
    snr_db: float | None
    gateways: int


def hear(beats: Sequence[Beat]) -> None:
    """Keep the newest beat of each device."""
    newest: dict[int, Beat] = {}
    for beat in beats:
        known = newest.get(beat.device_id)
        if known is None or beat.sent_at >= known.sent_at:
            newest[beat.device_id] = beat
    if not newest:
        return
    rows = [newest[key] for key in sorted(newest)]
    with wire.hot() as cursor:
        renewed = {device_id for (device_id,) in cursor.execute(RENEW, _columns(rows)).fetchall()}
        if len(renewed) < len(rows):
            first = [beat for beat in rows if beat.device_id not in renewed]
            cursor.execute(HEAR, _columns(first))
    failpoints.at("spine.heard")


def _columns(rows: Sequence[Beat]) -> list[wire.Packed]:
    return [
        wire.numbers([beat.device_id for beat in rows], wire.INT8),
        wire.numbers([beat.tenant_id for beat in rows], wire.INT8),
        wire.times(wire.all_micros(beat.sent_at for beat in rows)),
        wire.times(wire.all_micros(beat.received_at for beat in rows)),
        wire.numbers_or_nulls([beat.counter for beat in rows], wire.INT8),
        wire.numbers_or_nulls([beat.rssi_dbm for beat in rows], wire.FLOAT8),
        wire.numbers_or_nulls([beat.snr_db for beat in rows], wire.FLOAT8),
        wire.numbers([min(beat.gateways, 32767) for beat in rows], wire.INT2),
    ]


def level(told: float | None) -> float | None:
    """A signal level that can be one; a sender may write any number."""
    return told if told is not None and -LEVEL_MAX <= told <= LEVEL_MAX else None
