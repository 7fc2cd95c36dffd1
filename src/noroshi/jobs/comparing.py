"""Compare what is live with what was rebuilt: counts and hashes of each device and day."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from noroshi.base import wire
from noroshi.devices.models import Device
from noroshi.inbox.retention import Kept
from noroshi.jobs import rebuilding
from noroshi.jobs.rebuilding import Period
from noroshi.readings import runs
from noroshi.readings.store import NUMERIC_KINDS
from noroshi.tenants.access import JAPAN

DEVICES_BATCH = 50
EXAMPLES_MAX = 5  # of one device and day

SERIES = "SELECT id, device_id, key, kind FROM readings_series WHERE device_id = ANY(%s)"

Values = Mapping[tuple[str, str, int], Any]  # (key, kind, time in microseconds) → value


@dataclass(frozen=True, slots=True)
class Day:
    """One device on one day in Japan: how many readings are live and rebuilt, what differs."""

    device: str
    day: date
    live: int
    rebuilt: int
    differences: Sequence[str] = ()


def days_of(period: Period, kept: Kept, *, now: datetime) -> Iterator[Day]:
    """Each device and day of the period that has readings, live or rebuilt.

    Days of which the raw uplinks may be gone by now are left out.
    """
    devices = Device.objects.order_by("pk")
    if period.device_id is not None:
        devices = devices.filter(pk=period.device_id)
    found = list(devices.values_list("pk", "code", "tenant_id"))
    for begin in range(0, len(found), DEVICES_BATCH):
        batch = found[begin : begin + DEVICES_BATCH]
        ids = [device_id for device_id, _, _ in batch]
        live, rebuilt = _live(ids, period), rebuilding.read(ids, period)
        for device_id, code, tenant_id in batch:
            oldest = (now - timedelta(days=kept.days(tenant_id))).astimezone(JAPAN).date()
            ours, theirs = _by_day(live[device_id]), _by_day(rebuilt[device_id])
            for day in sorted(ours.keys() | theirs.keys()):
                if day > oldest:
                    yield _compared(code, day, ours.get(day, {}), theirs.get(day, {}))


def _live(device_ids: Sequence[int], period: Period) -> dict[int, dict[tuple[str, str, int], Any]]:
    """Device → what its series hold in the period."""
    found: dict[int, dict[tuple[str, str, int], Any]] = {one: {} for one in device_ids}
    with connection.cursor() as cursor:
        cursor.execute(SERIES, [list(device_ids)])
        series = {row[0]: row[1:] for row in cursor.fetchall()}
    numeric = [one for one, (_, _, kind) in series.items() if kind in NUMERIC_KINDS]
    others = [one for one in series if series[one][2] not in NUMERIC_KINDS]
    for one, run in runs.read_many(numeric, period.since, period.until).items():
        device_id, key, kind = series[one]
        for us, value in zip(run.times.tolist(), run.values.tolist(), strict=True):
            found[device_id][key, kind, us] = value
    for one, rows in runs.loose_many(others, period.since, period.until).items():
        device_id, key, kind = series[one]
        for at, value in rows:
            found[device_id][key, kind, wire.micros(at)] = value
    return found


def _by_day(values: Values) -> dict[date, dict[tuple[str, str, int], Any]]:
    days: dict[date, dict[tuple[str, str, int], Any]] = defaultdict(dict)
    for place, value in values.items():
        days[wire.moment(place[2]).astimezone(JAPAN).date()][place] = value
    return days


def _compared(device: str, day: date, live: Values, rebuilt: Values) -> Day:
    is_equal = len(live) == len(rebuilt) and _digest(live) == _digest(rebuilt)
    differences = () if is_equal else tuple(_differences(live, rebuilt))
    return Day(device, day, len(live), len(rebuilt), differences)


def _digest(values: Values) -> bytes:
    told = hashlib.blake2b(digest_size=16)
    for place in sorted(values):
        told.update(repr((place, values[place])).encode())
    return told.digest()


def _differences(live: Values, rebuilt: Values) -> Iterator[str]:
    """The first EXAMPLES_MAX in words, and how many there are besides."""
    wrong = [
        place for place in sorted(live.keys() | rebuilt.keys())
        if place not in live or place not in rebuilt or live[place] != rebuilt[place]
    ]  # fmt: skip
    for place in wrong[:EXAMPLES_MAX]:
        at = wire.moment(place[2]).isoformat().replace("+00:00", "Z")
        said = f"live {live.get(place, 'nothing')}, rebuilt {rebuilt.get(place, 'nothing')}"
        yield f"{place[0]} at {at}: {said}"
    if len(wrong) > EXAMPLES_MAX:
        yield f"and {len(wrong) - EXAMPLES_MAX} more"
