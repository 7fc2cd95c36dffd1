"""The measured side of bench.store: rows taken in, packed, looked at, let go."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import django

django.setup()

import numpy as np  # noqa: E402
from bench import scratch  # noqa: E402
from bench.readings import micros  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from noroshi.base import partitions, wire  # noqa: E402
from noroshi.codecs.models import Codec  # noqa: E402
from noroshi.devices.models import Device, DeviceType, Thing  # noqa: E402
from noroshi.readings import chart, closing, fresh, store  # noqa: E402
from noroshi.readings import pack as packer  # noqa: E402
from noroshi.readings.models import Series  # noqa: E402
from noroshi.readings.summaries import borders_of, summaries  # noqa: E402
from noroshi.retention import blocks, removal  # noqa: E402
from noroshi.tenants.models import Tenant  # noqa: E402

SERIES = 6_000
DAYS = 3
BATCH = 6_000  # what the spine hands over when it is behind
MONTH_SERIES = 10_000
STEP_S = 1_800  # half an hour: the longest of what terminals do, and the worst for a day
YEAR_READINGS = 52_560
YEAR_SERIES = 40  # the plain table's pages hold as many series side by side
LATEST = 10_000
RUNS = 15
PLAIN = """
CREATE SCHEMA bench;
CREATE TABLE bench.plain (
  series_id integer NOT NULL, at timestamptz NOT NULL, value float8 NOT NULL,
  PRIMARY KEY (series_id, at))
"""
ROW = np.dtype(
    [
        ("fields", ">i2"), ("series_size", ">i4"), ("series", ">i4"), ("at_size", ">i4"),
        ("at", ">i8"), ("value_size", ">i4"), ("value", ">f8"),
    ]
)  # fmt: skip


def measure() -> dict[str, tuple[float, str]]:
    """Everything but what begins cold."""
    return {**pack(), **drop_month(), **latest(), **year()}


def timed(work: Callable[[], Any]) -> float:
    """Seconds that it took."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def size(pattern: str) -> int:
    """Bytes of all tables of that name, with indexes and what lies out of line."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class "
            "WHERE relname ~ %s AND relkind = 'r'",
            [pattern],
        )
        return int(cursor.fetchone()[0])


def levels(count: int, seed: int) -> Any:
    """A level in tenths that wanders, and swings with the day."""
    random = np.random.default_rng(seed)
    daily = 8 * np.sin(np.arange(count) * (2 * np.pi / 144))
    return np.round(20 + daily + np.cumsum(random.normal(0, 0.05, count)), 1)


def pack() -> dict[str, tuple[float, str]]:
    """Hot rows by the spine's own statement, in the order of arrival, then their packing."""
    first = date(2025, 3, 4)
    months("readings_chunk", first, "day")
    for span in partitions.days(first, first + timedelta(days=DAYS)):
        partitions.ensure_with_rows("readings_reading", span, bound="time")
    steps, random = DAYS * 86_400 // STEP_S, np.random.default_rng(3)
    at = micros(first) + np.arange(steps, dtype=np.int64)[:, None] * STEP_S * 1_000_000
    at = at + random.integers(0, STEP_S - 10, (steps, SERIES)) * 1_000_000
    values = np.stack([levels(steps, seed) for seed in range(SERIES)], axis=1)
    series = np.tile(np.arange(1, SERIES + 1), steps)
    flat = (series, at.ravel(), values.ravel())

    def insert() -> None:
        for begin in range(0, len(series), BATCH):
            ids, times, numbers = (one[begin : begin + BATCH] for one in flat)
            columns = [
                wire.numbers(ids, wire.INT4),
                wire.times(times),
                wire.numbers(numbers, wire.FLOAT8),
            ]
            with transaction.atomic():
                fresh.insert_new(store.KEEP_NEW_NUMBERS, columns)

    inserted_s = timed(insert)
    later = datetime(2025, 3, 20, tzinfo=UTC)
    packed_s = timed(lambda: closing.close_days(later))
    count = len(series)
    day_bytes = size("^readings_chunk_202503$") / count
    return {
        "hot_insert_per_s": (round(count / inserted_s), "readings/s"),
        "pack_only_per_s": (round(count / packed_s), "readings/s"),
        "pack_readings_per_s": (round(count / (inserted_s + packed_s)), "readings/s"),
        "bytes_per_reading_day": (round(day_bytes, 2), "B"),
        "plain_per_day_bytes": (round(plain_bytes(flat) / day_bytes, 1), "x"),
    }


def plain_bytes(flat: tuple[Any, Any, Any]) -> float:
    """Bytes a reading of the same rows in the same order in a plain table with its key."""
    series, at, values = flat
    with scratch.owner() as connection, connection.cursor() as cursor:
        cursor.execute(PLAIN)
        cursor.execute(
            "GRANT USAGE ON SCHEMA bench TO PUBLIC; GRANT SELECT ON bench.plain TO PUBLIC"
        )
        copy_plain(cursor, series, at, values)
        cursor.execute("SELECT pg_total_relation_size('bench.plain')")
        found = cursor.fetchone()
        cursor.execute("TRUNCATE bench.plain")
    return float(found[0]) / len(np.asarray(series)) if found else 0.0


def copy_plain(cursor: Any, series: Any, at: Any, values: Any) -> None:
    """Fill the plain table."""
    rows = np.zeros(len(series), dtype=ROW)
    rows["fields"], rows["series_size"], rows["at_size"], rows["value_size"] = 3, 4, 8, 8
    rows["series"], rows["value"] = series, values
    rows["at"] = at - wire.POSTGRES_EPOCH_US
    head = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    with cursor.copy("COPY bench.plain FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(head + rows.tobytes() + b"\xff\xff")


def drop_month() -> dict[str, tuple[float, str]]:
    """A month of MONTH_SERIES series that is out of scope: made, counted and hashed, dropped."""
    first, until, total = date(2024, 5, 1), date(2024, 6, 1), 0
    tenant, series = owners(MONTH_SERIES)
    fill_uplinks()
    count = 31 * 86_400 // STEP_S
    random, rows = np.random.default_rng(5), []
    months("readings_chunk", first, "day")
    for number in series:
        offsets = np.arange(count, dtype=np.int64) * STEP_S
        at = micros(first) + (offsets + random.integers(0, STEP_S, count)) * 1_000_000
        at.sort()
        rows.append((number, first, until, count, packer.pack(at, levels(count, number))))
        total += count
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO readings_chunk VALUES (%s, %s, %s, %s, %s)", rows)
    held = size("^readings_chunk_202405$")
    counted_s = timed(lambda: blocks.blocks_before(tenant, until, with_digests=True))
    with transaction.atomic():
        removal.hold_closer()
        gone_s = timed(lambda: removal.remove({tenant: until}))
    assert size("^readings_chunk_202405$") == 0
    return {
        "bytes_per_reading_month": (round(held / total, 2), "B"),
        "drop_month_s": (round(gone_s, 3), "s"),
        "drop_month_hash_s": (round(counted_s, 2), "s"),
        "drop_month_readings": (total, "readings"),
    }


def owners(count: int) -> tuple[int, list[int]]:
    """A tenant with `count` series; answers both."""
    now = timezone.now()
    tenant = Tenant.objects.create(name="bench", created_at=now)
    codec = Codec.objects.create(name="bench", kind="network")
    kind = DeviceType.objects.create(name_ja="水位計", codec=codec)
    things = Thing.objects.bulk_create(
        Thing(type=kind, space="generic", address=f"d{n}", registered_at=now) for n in range(count)
    )
    devices = Device.objects.bulk_create(
        Device(
            tenant=tenant, name=one.address, type=kind, space="generic", address=one.address,
            registered_at=now, thing=one,
        )
        for one in things
    )  # fmt: skip
    made = Series.objects.bulk_create(
        Series(tenant=tenant, device=device, key="level", kind="number") for device in devices
    )
    return tenant.pk, [one.pk for one in made]


def months(table: str, day: date, bound: str) -> None:
    """The partition of that month."""
    for span in partitions.months(day, day):
        partitions.ensure_with_rows(table, span, bound=bound)


def fill_uplinks() -> None:
    """A day of uplinks of every terminal in the month that will be dropped."""
    months("readings_uplink", date(2024, 5, 1), "time")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO readings_uplink (device_id, sent_at, message, tenant_id, entry_key, "
            "received_at, processed_at, event, payload, gateways, link, data, problem, is_late) "
            "SELECT d.id, t, gen_random_uuid(), d.tenant_id, gen_random_uuid(), t, t, 'up', "
            "'\\x0102030405060708', 1, '{}', '{\"level\": 20.1}', '', false "
            "FROM devices_device d, generate_series(timestamptz '2024-05-10 00:00:00+09', "
            "'2024-05-10 23:30:00+09', '30 minutes') t"
        )


def latest() -> dict[str, tuple[float, str]]:
    """The newest values of LATEST terminals, as pages ask for them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO readings_latest (series_id, tenant_id, device_id, at, value) "
            "SELECT id, tenant_id, device_id, now(), 20.1 FROM readings_series"
        )
        cursor.execute("SELECT device_id FROM readings_latest ORDER BY 1 LIMIT %s", [LATEST])
        ids = [device_id for (device_id,) in cursor.fetchall()]
    took = [timed(lambda: chart.latest_numbers(ids)) for _ in range(RUNS)]
    named = [timed(lambda: chart.latest(ids)) for _ in range(RUNS)]
    assert len(chart.latest_numbers(ids).value) == len(chart.latest(ids)) == LATEST
    return {
        "latest_10000_ms": (round(statistics.median(took) * 1000, 1), "ms"),
        "latest_10000_named_ms": (round(statistics.median(named) * 1000, 1), "ms"),
    }


def year() -> dict[str, tuple[float, str]]:
    """A year of YEAR_SERIES series, packed and plain: a chart and a summary, warm."""
    edges = [date(2026 + n // 12, n % 12 + 1, 1) for n in range(13)]
    at = micros(edges[0]) + np.arange(YEAR_READINGS, dtype=np.int64) * 600_000_000
    plain = []
    for first in edges[:12]:
        months("readings_chunk", first, "day")
    for series in range(500_001, 500_001 + YEAR_SERIES):
        values = levels(YEAR_READINGS, series)
        plain.append(values)
        for first, until in pairwise(edges):
            begin, end = np.searchsorted(at, [micros(first), micros(until)])
            body = packer.pack(at[begin:end], values[begin:end])
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO readings_chunk VALUES (%s, %s, %s, %s, %s)",
                    [series, first, until, int(end - begin), body],
                )
    with scratch.owner() as owner, owner.cursor() as cursor:
        numbers = np.tile(np.arange(500_001, 500_001 + YEAR_SERIES), YEAR_READINGS)
        values = np.stack(plain, axis=1).ravel()
        copy_plain(cursor, numbers, np.repeat(at, YEAR_SERIES), values)
        cursor.execute("ANALYZE bench.plain, readings_chunk")
    warm, plain_ms = looked(RUNS, chart_of), looked(RUNS, plain_of)
    return {
        "chart_year_store_ms_warm": (round(warm, 2), "ms"),
        "chart_year_plain_ms_warm": (round(plain_ms, 2), "ms"),
        "summary_year_ms_warm": (round(looked(RUNS, summary_of), 2), "ms"),
    }


def looked(times: int, look: Callable[[int], Any]) -> float:
    """Median in milliseconds of looking at one series again and again, after the first look."""
    look(500_001)
    return statistics.median(timed(lambda: look(500_001)) for _ in range(times)) * 1000


def bounds() -> tuple[datetime, datetime]:
    """The year."""
    begin = datetime(2025, 12, 31, 15, tzinfo=UTC)
    return begin, begin + timedelta(days=365)


def chart_of(series: int) -> Any:
    """A thousand points with lowest, highest and mean."""
    drawn = chart.points(series, *bounds())
    assert int(drawn.count.sum()) == YEAR_READINGS
    return drawn


def summary_of(series: int) -> Any:
    """Every day of the year in Japan."""
    found = summaries([series], borders_of("day", *bounds(), ZoneInfo("Asia/Tokyo")))[series]
    assert len(found.begin) == 365
    return found


def plain_of(series: int) -> Any:
    """The same thousand points from the plain table."""
    begin, end = bounds()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_bin(%s, at, %s) b, min(value), max(value), avg(value), count(*) "
            "FROM bench.plain WHERE series_id = %s AND at >= %s AND at < %s GROUP BY 1 ORDER BY 1",
            [(end - begin) / 1000, begin, series, begin, end],
        )
        return cursor.fetchall()


def cold() -> dict[str, tuple[float, str]]:
    """In a second process, after the server was started anew and its files left the page cache.

    Each series is looked at once; what is shared by all (catalogues, code) is warmed by others.
    """
    chart_of(500_001)
    plain_of(500_001)
    took = [timed(lambda n=n: chart_of(n)) for n in range(500_002, 500_002 + RUNS)]
    plain = [timed(lambda n=n: plain_of(n)) for n in range(500_020, 500_020 + RUNS)]
    return {
        "chart_year_ms_cold": (round(statistics.median(took) * 1000, 1), "ms"),
        "chart_year_plain_ms_cold": (round(statistics.median(plain) * 1000, 1), "ms"),
    }


if __name__ == "__main__":
    print(json.dumps(cold() if "cold" in sys.argv else measure()))  # the last line is the answer
