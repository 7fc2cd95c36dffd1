"""Store the uplinks of a batch: what is told twice of one radio message is one row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from noroshi.base import failpoints, wire
from noroshi.readings.fresh import insert_new

KEEP_NEW = """
INSERT INTO readings_uplink (device_id, sent_at, message, tenant_id, entry_key, received_at,
    processed_at, event, f_port, counter, payload, rssi_dbm, snr_db, gateways, link, data,
    codec_version_id, problem, is_late)
SELECT n.a, n.b, n.c, n.d, n.e, n.f, n.g, n.h, n.i, n.j, n.k, n.l, n.m, n.n, n.o::jsonb,
    n.p::jsonb, n.q, n.r, n.s
FROM unnest(%b::bigint[], %b::timestamptz[], %b::uuid[], %b::bigint[], %b::uuid[],
    %b::timestamptz[], %b::timestamptz[], %b::text[], %b::smallint[], %b::bigint[], %b::bytea[],
    %b::real[], %b::real[], %b::smallint[], %b::text[], %b::text[], %b::bigint[], %b::text[],
    %b::boolean[]) AS n (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
"""
KEEP_UPLINKS = f"""{KEEP_NEW}
ON CONFLICT (device_id, sent_at, message) DO NOTHING
RETURNING device_id, message
"""
# What the row already knows stays; what it lacked is filled in. A decode that worked takes the
# place of the one before.
MERGE_UPLINKS = """
UPDATE readings_uplink AS u SET
    f_port = coalesce(u.f_port, n.f_port),
    counter = coalesce(u.counter, n.counter),
    payload = CASE WHEN length(u.payload) = 0 THEN n.payload ELSE u.payload END,
    rssi_dbm = coalesce(u.rssi_dbm, n.rssi_dbm),
    snr_db = coalesce(u.snr_db, n.snr_db),
    gateways = greatest(u.gateways, n.gateways),
    link = n.link::jsonb || u.link,
    data = CASE WHEN n.mends THEN u.data || n.data::jsonb ELSE n.data::jsonb || u.data END,
    codec_version_id = CASE WHEN n.mends
        THEN coalesce(n.codec, u.codec_version_id) ELSE coalesce(u.codec_version_id, n.codec) END,
    problem = CASE WHEN n.mends THEN '' WHEN u.problem = '' AND u.data = '{}' THEN n.problem
        ELSE u.problem END
FROM unnest(%b::bigint[], %b::timestamptz[], %b::uuid[], %b::smallint[], %b::bigint[],
    %b::bytea[], %b::real[], %b::real[], %b::smallint[], %b::text[], %b::text[], %b::bigint[],
    %b::text[], %b::boolean[]) AS n (device_id, sent_at, message, f_port, counter, payload,
    rssi_dbm, snr_db, gateways, link, data, codec, problem, mends)
WHERE u.device_id = n.device_id AND u.sent_at = n.sent_at AND u.message = n.message
"""


class NewUplink(msgspec.Struct, frozen=True, gc=False):
    """One row of readings_uplink as the spine knows it; see models.StoredUplink."""

    device_id: int
    sent_at: datetime
    message: UUID
    tenant_id: int
    entry_key: UUID
    received_at: datetime
    processed_at: datetime
    event: str
    f_port: int | None
    counter: int | None
    payload: bytes
    rssi_dbm: float | None
    snr_db: float | None
    gateways: int
    link: Mapping[str, Any]
    data: Mapping[str, Any]
    codec_version_id: int | None
    problem: str
    is_late: bool


def keep_uplinks(
    uplinks: Iterable[NewUplink], *, heard: Mapping[int, datetime | None] | None = None
) -> list[NewUplink]:
    """Store a batch of uplinks; those known already are merged. Answers which ones were new.

    `heard`: device → when it was heard last before this batch, None for never. What is younger is
    inserted without a look whether it is there, at half the price; raises fresh.KnownAlready if so.

    The caller holds the transaction.
    """
    batch = _merged(uplinks)
    before = heard or {}
    young = [
        one
        for one in batch
        if (last := before.get(one.device_id)) is not None and one.sent_at > last
    ]
    if young:
        insert_new(KEEP_NEW, _columns(young))
        failpoints.at("spine.uplinks_inserted")
    if len(young) == len(batch):
        return young
    inserted = set(map(id, young))
    return young + _keep_or_merge([one for one in batch if id(one) not in inserted])


def _merged(uplinks: Iterable[NewUplink]) -> Sequence[NewUplink]:
    """One for each radio message of the batch."""
    merged: dict[tuple[int, datetime, int], NewUplink] = {}
    for uplink in uplinks:
        # A UUID's own hash is slow.
        key = (uplink.device_id, uplink.sent_at, uplink.message.int)
        first = merged.setdefault(key, uplink)
        if first is not uplink:
            merged[key] = merge(first, uplink)
    return list(merged.values())


def _keep_or_merge(batch: Sequence[NewUplink]) -> list[NewUplink]:
    """Those of them that were new."""
    with wire.hot() as cursor:
        names = set(cursor.execute(KEEP_UPLINKS, _columns(batch)).fetchall())
        failpoints.at("spine.uplinks_inserted")
        is_new = [(one.device_id, one.message) in names for one in batch]
        if not all(is_new):
            known = [one for one, new in zip(batch, is_new, strict=True) if not new]
            cursor.execute(MERGE_UPLINKS, _merge_columns(known))
    return [one for one, new in zip(batch, is_new, strict=True) if new]


def merge(first: NewUplink, second: NewUplink) -> NewUplink:
    """One uplink from two tellings of it: the second fills in what the first lacked."""
    mends = _mends(second)
    if mends:
        codec = second.codec_version_id or first.codec_version_id
    else:
        codec = first.codec_version_id or second.codec_version_id
    problem = second.problem if not first.problem and not first.data else first.problem
    return msgspec.structs.replace(
        first,
        f_port=second.f_port if first.f_port is None else first.f_port,
        counter=second.counter if first.counter is None else first.counter,
        payload=first.payload or second.payload,
        rssi_dbm=second.rssi_dbm if first.rssi_dbm is None else first.rssi_dbm,
        snr_db=second.snr_db if first.snr_db is None else first.snr_db,
        gateways=max(first.gateways, second.gateways),
        link={**second.link, **first.link},
        data={**first.data, **second.data} if mends else {**second.data, **first.data},
        codec_version_id=codec,
        problem="" if mends else problem,
    )


def _columns(batch: Sequence[NewUplink]) -> list[wire.Packed]:
    return [
        wire.numbers([one.device_id for one in batch], wire.INT8),
        wire.times(wire.all_micros(one.sent_at for one in batch)),
        wire.uuids(one.message for one in batch),
        wire.numbers([one.tenant_id for one in batch], wire.INT8),
        wire.uuids(one.entry_key for one in batch),
        wire.times(wire.all_micros(one.received_at for one in batch)),
        wire.times(wire.all_micros(one.processed_at for one in batch)),
        wire.texts(one.event for one in batch),
        wire.numbers_or_nulls([one.f_port for one in batch], wire.INT2),
        wire.numbers_or_nulls([one.counter for one in batch], wire.INT8),
        wire.bodies([one.payload for one in batch], wire.BYTEA),
        wire.numbers_or_nulls([one.rssi_dbm for one in batch], wire.FLOAT4),
        wire.numbers_or_nulls([one.snr_db for one in batch], wire.FLOAT4),
        wire.numbers([one.gateways for one in batch], wire.INT2),
        wire.jsons(one.link for one in batch),
        wire.jsons(one.data for one in batch),
        wire.numbers_or_nulls([one.codec_version_id for one in batch], wire.INT8),
        wire.texts(one.problem for one in batch),
        wire.numbers([one.is_late for one in batch], wire.BOOL),
    ]


def _merge_columns(batch: Sequence[NewUplink]) -> list[wire.Packed]:
    columns = _columns(batch)
    return [*columns[:3], *columns[8:18], wire.numbers([_mends(one) for one in batch], wire.BOOL)]


def _mends(uplink: NewUplink) -> bool:
    """Whether this telling was decoded well, so that an older problem is over."""
    return not uplink.problem and bool(uplink.data)
