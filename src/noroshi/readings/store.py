"""Store what a batch of uplinks brought: points into their series, uplinks merged into one row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from noroshi.base import failpoints, wire
from noroshi.readings import hot

NUMERIC_KINDS = frozenset({"number", "boolean"})
SERIES_CACHED_MAX = 200_000
DEVICE_SERIES_MAX = 500  # quantities of one device: a codec that invents names ends here

SeriesName = tuple[int, str, str]  # device_id, key, kind

_series_ids: dict[SeriesName, int] = {}

NEWEST = "SELECT series_id, at FROM readings_latest WHERE series_id = ANY(%b::integer[])"
STILL_THERE = "SELECT id FROM readings_series WHERE id = ANY(%b::integer[])"
FIND_SERIES = """
SELECT s.device_id, s.key, s.kind, s.id
FROM unnest(%b::bigint[], %b::text[], %b::text[]) AS wanted (device_id, key, kind)
JOIN readings_series s USING (device_id, key, kind)
"""
# Of one device no more than so many, those that it has and those new here together.
MAKE_SERIES = """
INSERT INTO readings_series (tenant_id, device_id, key, kind)
SELECT tenant_id, device_id, key, kind FROM (
    SELECT n.*, row_number() OVER (PARTITION BY n.device_id ORDER BY n.place) + (
        SELECT count(*) FROM readings_series s WHERE s.device_id = n.device_id) AS number
    FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[]) WITH ORDINALITY
        AS n (tenant_id, device_id, key, kind, place)
    WHERE NOT EXISTS (SELECT FROM readings_series s
        WHERE s.device_id = n.device_id AND s.key = n.key AND s.kind = n.kind)
) AS new
WHERE number <= %b::bigint
ON CONFLICT (device_id, key, kind) DO NOTHING
"""
KEEP_LOOSE = """
INSERT INTO readings_loose (series_id, at, value)
SELECT s, a, v::jsonb FROM unnest(%b::integer[], %b::timestamptz[], %b::text[]) AS new (s, a, v)
ON CONFLICT (series_id, at) DO UPDATE SET value = excluded.value
"""
# An UPDATE of what is known writes half the WAL of an INSERT that runs into a conflict.
RENEW_LATEST = """
UPDATE readings_latest AS kept SET at = new.a, value = new.v, loose = new.l::jsonb
FROM unnest(%b::integer[], %b::timestamptz[], %b::float8[], %b::text[]) AS new (s, a, v, l)
WHERE kept.series_id = new.s AND new.a >= kept.at
"""
KEEP_LATEST = """
INSERT INTO readings_latest AS kept (series_id, tenant_id, device_id, at, value, loose)
SELECT s, t, d, a, v, l::jsonb
FROM unnest(
    %b::integer[], %b::bigint[], %b::bigint[], %b::timestamptz[], %b::float8[], %b::text[]
) AS new (s, t, d, a, v, l)
ON CONFLICT (series_id) DO UPDATE SET at = excluded.at, value = excluded.value,
    loose = excluded.loose
WHERE excluded.at >= kept.at
"""
KEEP_UPLINKS = """
INSERT INTO readings_uplink (device_id, sent_at, message, tenant_id, entry_key, received_at,
    processed_at, event, f_port, counter, payload, rssi_dbm, snr_db, gateways, link, data,
    codec_version_id, problem, is_late)
SELECT n.a, n.b, n.c, n.d, n.e, n.f, n.g, n.h, n.i, n.j, n.k, n.l, n.m, n.n, n.o::jsonb,
    n.p::jsonb, n.q, n.r, n.s
FROM unnest(%b::bigint[], %b::timestamptz[], %b::uuid[], %b::bigint[], %b::uuid[],
    %b::timestamptz[], %b::timestamptz[], %b::text[], %b::smallint[], %b::bigint[], %b::bytea[],
    %b::real[], %b::real[], %b::smallint[], %b::text[], %b::text[], %b::bigint[], %b::text[],
    %b::boolean[]) AS n (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
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


class Point(msgspec.Struct, frozen=True, gc=False):
    """One value of one quantity of a device; `kind` is a value of Series.Kind."""

    tenant_id: int
    device_id: int
    key: str
    kind: str
    at: datetime
    value: float | str | Mapping[str, Any]


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A stored point. `is_late`: older than the newest one known before its batch."""

    point: Point
    series_id: int
    is_late: bool


Timed = tuple[Kept, int]  # with its time in microseconds since 1970


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


def keep_points(points: Sequence[Point]) -> list[Kept]:
    """Store a batch; the last of equal (series, at) wins. Answers in the order of `points`.

    A point whose device has DEVICE_SERIES_MAX quantities besides is not kept, and not answered.

    The caller holds the transaction, whose commit raises IntegrityError when a device is gone.
    """
    if not points:
        return []
    points, ids, newest = _series_of(points)
    kept = [
        Kept(point, series_id, (before := newest[series_id]) is not None and point.at < before)
        for point, series_id in zip(points, ids, strict=True)
    ]
    moments = wire.all_micros(point.at for point in points)
    last = {(one.series_id, us): (one, us) for one, us in zip(kept, moments, strict=True)}
    stored = list(last.values())
    failpoints.at("spine.series_known")
    _keep_numbers([one for one in stored if one[0].point.kind in NUMERIC_KINDS], newest)
    failpoints.at("spine.numbers_kept")
    _keep_loose([one for one in stored if one[0].point.kind not in NUMERIC_KINDS])
    failpoints.at("spine.loose_kept")
    _keep_latest((one for one in stored if not one[0].is_late), newest)
    failpoints.at("spine.latest_kept")
    return kept


def lost(points: Sequence[Point], kept: Sequence[Kept]) -> dict[int, str]:
    """Device → the keys, in one text, of those of its points that were not kept."""
    if len(points) == len(kept):
        return {}
    stored = {id(one.point) for one in kept}
    keys: dict[int, dict[str, None]] = {}
    for point in points:
        if id(point) not in stored:
            keys.setdefault(point.device_id, {})[point.key] = None
    return {device_id: ", ".join(found) for device_id, found in keys.items()}


def keep_uplinks(uplinks: Iterable[NewUplink]) -> set[tuple[int, UUID]]:
    """Store a batch of uplinks; those known already are merged. Answers which ones were new.

    The caller holds the transaction.
    """
    merged: dict[tuple[int, datetime, int], NewUplink] = {}
    for uplink in uplinks:
        # A UUID's own hash is slow.
        key = (uplink.device_id, uplink.sent_at, uplink.message.int)
        first = merged.setdefault(key, uplink)
        if first is not uplink:
            merged[key] = merge(first, uplink)
    if not merged:
        return set()
    batch = list(merged.values())
    with wire.hot() as cursor:
        cursor.execute(KEEP_UPLINKS, _columns(batch))
        new = set(cursor.fetchall())
        failpoints.at("spine.uplinks_inserted")
        if len(new) < len(batch):
            known = [one for one in batch if (one.device_id, one.message) not in new]
            if known:
                cursor.execute(MERGE_UPLINKS, _merge_columns(known))
    return new


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


def forget_series() -> None:
    """Empty the process's memory of series ids."""
    _series_ids.clear()


def _series_of(
    points: Sequence[Point],
) -> tuple[Sequence[Point], list[int], dict[int, datetime | None]]:
    """The points that have a series, its id, and when it was heard last before this batch."""
    names = [(point.device_id, point.key, point.kind) for point in points]
    missing = {
        name: point for name, point in zip(names, points, strict=True) if name not in _series_ids
    }
    if missing:
        _find_or_make(missing)
        if not missing.keys() <= _series_ids.keys():
            points = [one for one, name in zip(points, names, strict=True) if name in _series_ids]
            names = [name for name in names if name in _series_ids]
    ids = [_series_ids[name] for name in names]
    newest = _newest(ids)
    gone = {name for name, series_id in zip(names, ids, strict=True) if series_id not in newest}
    if gone:
        # Remembered from a transaction that was rolled back, or deleted by another program.
        _find_or_make(
            {name: point for name, point in zip(names, points, strict=True) if name in gone}
        )
        ids = [_series_ids[name] for name in names]
        newest = _newest(ids)
    return points, ids, newest


def _find_or_make(wanted: Mapping[SeriesName, Point]) -> None:
    if len(_series_ids) + len(wanted) > SERIES_CACHED_MAX:
        _series_ids.clear()
    devices, keys, kinds = zip(*wanted, strict=True)
    columns = [wire.numbers(devices, wire.INT8), wire.texts(keys), wire.texts(kinds)]
    with wire.hot() as cursor:
        found = cursor.execute(FIND_SERIES, columns).fetchall()
        if len(found) < len(wanted):
            tenants = wire.numbers([point.tenant_id for point in wanted.values()], wire.INT8)
            cursor.execute(MAKE_SERIES, [tenants, *columns, DEVICE_SERIES_MAX])
            found = cursor.execute(FIND_SERIES, columns).fetchall()
    _series_ids.update(((device, key, kind), series) for device, key, kind, series in found)


def _newest(ids: Iterable[int]) -> dict[int, datetime | None]:
    """When each series was heard last, None for never; a series that is gone is absent."""
    wanted = set(ids)
    with wire.hot() as cursor:
        cursor.execute(NEWEST, [wire.numbers(sorted(wanted), wire.INT4)])
        newest: dict[int, datetime | None] = dict(cursor.fetchall())
        if len(newest) < len(wanted):
            silent = sorted(wanted - newest.keys())
            found = cursor.execute(STILL_THERE, [wire.numbers(silent, wire.INT4)])
            newest.update((series_id, None) for (series_id,) in found)
    return newest


def _keep_numbers(stored: Sequence[Timed], before: Mapping[int, datetime | None]) -> None:
    newer: list[Timed] = []
    others: list[Timed] = []
    for one in stored:
        known = before[one[0].series_id]
        is_newer = known is not None and one[0].point.at > known
        (newer if is_newer else others).append(one)
    if newer:
        hot.add(_number_columns(newer))
    if others:
        hot.keep(_number_columns(others))


def _number_columns(stored: Sequence[Timed]) -> list[wire.Packed]:
    return [
        wire.numbers([one.series_id for one, _ in stored], wire.INT4),
        wire.times([us for _, us in stored]),
        wire.numbers([_number(one.point) for one, _ in stored], wire.FLOAT8),
    ]


def _keep_loose(stored: Sequence[Timed]) -> None:
    if not stored:
        return
    columns = [
        wire.numbers([one.series_id for one, _ in stored], wire.INT4),
        wire.times([us for _, us in stored]),
        wire.jsons(one.point.value for one, _ in stored),
    ]
    with wire.hot() as cursor:
        cursor.execute(KEEP_LOOSE, columns)


def _keep_latest(stored: Iterable[Timed], before: Mapping[int, datetime | None]) -> None:
    newest: dict[int, Timed] = {}
    for one in stored:
        series_id = one[0].series_id
        other = newest.get(series_id)
        if other is None or one[1] >= other[1]:
            newest[series_id] = one
    first = [one for series_id, one in newest.items() if before[series_id] is None]
    again = [one for series_id, one in newest.items() if before[series_id] is not None]
    with wire.hot() as cursor:
        if first:
            owners = [
                wire.numbers([one.point.tenant_id for one, _ in first], wire.INT8),
                wire.numbers([one.point.device_id for one, _ in first], wire.INT8),
            ]
            series, *values = _latest_columns(first)
            cursor.execute(KEEP_LATEST, [series, *owners, *values])
        if again:
            cursor.execute(RENEW_LATEST, _latest_columns(again))


def _latest_columns(newest: Sequence[Timed]) -> list[wire.Packed]:
    points = [one.point for one, _ in newest]
    return [
        wire.numbers([one.series_id for one, _ in newest], wire.INT4),
        wire.times([us for _, us in newest]),
        wire.numbers_or_nulls([_number_or_none(point) for point in points], wire.FLOAT8),
        wire.jsons(None if point.kind in NUMERIC_KINDS else point.value for point in points),
    ]


def _number(point: Point) -> float:
    return float(point.value)  # type: ignore[arg-type]


def _number_or_none(point: Point) -> float | None:
    return _number(point) if point.kind in NUMERIC_KINDS else None


def _columns(batch: Sequence[NewUplink]) -> list[wire.Packed]:
    return [
        wire.numbers([one.device_id for one in batch], wire.INT8),
        wire.times(wire.all_micros(one.sent_at for one in batch)),
        wire.bodies([one.message.bytes for one in batch], wire.UUID),
        wire.numbers([one.tenant_id for one in batch], wire.INT8),
        wire.bodies([one.entry_key.bytes for one in batch], wire.UUID),
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
