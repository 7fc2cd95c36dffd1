"""Store what a batch of uplinks brought: points into their series, and the newest of each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from noroshi.base import failpoints, wire
from noroshi.readings.fresh import insert_new

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
KEEP_NEW_NUMBERS = """
INSERT INTO readings_reading (series_id, at, value)
SELECT * FROM unnest(%b::integer[], %b::timestamptz[], %b::float8[])
"""
KEEP_NUMBERS = f"""{KEEP_NEW_NUMBERS}
ON CONFLICT (series_id, at) DO UPDATE SET value = excluded.value
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


def keep_points(points: Sequence[Point], *, is_trusting: bool = False) -> list[Kept]:
    """Store a batch; the last of equal (series, at) wins. Answers in the order of `points`.

    A point whose device has DEVICE_SERIES_MAX quantities besides is not kept, and not answered.

    `is_trusting`: a number younger than the newest one known is inserted without a look whether it
    is there, at half the price; raises fresh.KnownAlready if so.

    The caller holds the transaction, whose commit raises IntegrityError when a device is gone.
    """
    if not points:
        return []
    points, ids, newest = _series_of(points)
    kept: list[Kept] = []
    last: dict[tuple[int, datetime], Kept] = {}
    for point, series_id in zip(points, ids, strict=True):
        before, at = newest[series_id], point.at
        one = Kept(point, series_id, before is not None and at < before)
        kept.append(one)
        last[series_id, at] = one
    stored = list(zip(last.values(), wire.all_micros(at for _, at in last), strict=True))
    failpoints.at("spine.series_known")
    numbers = [one for one in stored if one[0].point.kind in NUMERIC_KINDS]
    _keep_numbers(numbers, newest if is_trusting else {})
    failpoints.at("spine.numbers_kept")
    if len(numbers) < len(stored):
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
    """`before`: when a series was heard last; what is younger cannot be there yet."""
    young: list[Timed] = []
    other: list[Timed] = []
    for one in stored:
        last = before.get(one[0].series_id)
        is_young = last is not None and one[0].point.at > last
        (young if is_young else other).append(one)
    if young:
        insert_new(KEEP_NEW_NUMBERS, _number_columns(young))
    if other:
        with wire.hot() as cursor:
            cursor.execute(KEEP_NUMBERS, _number_columns(other))


def _number_columns(stored: Sequence[Timed]) -> list[wire.Packed]:
    """In the order of the index, so that neighbours are written one after the other."""
    series = np.asarray([one.series_id for one, _ in stored], dtype=np.int32)
    times = np.asarray([us for _, us in stored], dtype=np.int64)
    values = np.asarray([_number(one.point) for one, _ in stored], dtype=np.float64)
    order = np.lexsort((times, series))
    return [
        wire.numbers(series[order], wire.INT4),
        wire.times(times[order]),
        wire.numbers(values[order], wire.FLOAT8),
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
    # In one order, as neighbours lie, and as another worker would lock them.
    again = [newest[one] for one in sorted(newest) if before[one] is not None]
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
