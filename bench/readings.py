"""How fast readings are drawn and exported, and how small they lie: in a database of its own."""

import json
import resource
import statistics
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from bench import scratch

SCRATCH = "noroshi_bench_readings"
STEP_S = 600
JITTER_S = 590  # as bad as it gets: a reading anywhere in its step
YEAR_READINGS = 52_560
EXPORT_SERIES = 20
CHART_RUNS = 20
START = datetime(2024, 12, 31, 15, tzinfo=UTC)  # the year begins in Japan


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure on the server of `database_url`; a database is made there and dropped at the end.

    The work is done by a child process.
    """
    with scratch.database(database_url, SCRATCH) as url:
        told = json.loads(scratch.child("bench.readings", url))
    return {name: (value, unit) for name, (value, unit) in told.items()}


def measure() -> dict[str, tuple[float, str]]:
    """In the child: fill the scratch database and measure."""
    import django  # noqa: PLC0415

    django.setup()
    day_bytes, month_bytes = fill()
    return {
        "chart_year_ms_warm": (round(chart_year_ms(), 2), "ms"),
        **csv(),
        "payload_per_reading_day": (round(day_bytes, 2), "B"),
        "payload_per_reading_month": (round(month_bytes, 2), "B"),
    }


def fill() -> tuple[float, float]:
    """A year of EXPORT_SERIES series in month chunks; answers bytes a reading by day and month."""
    import numpy as np  # noqa: PLC0415

    from noroshi.base import partitions  # noqa: PLC0415
    from noroshi.readings.pack import pack  # noqa: PLC0415

    random = np.random.default_rng(7)
    day_bytes = month_bytes = 0
    rows = []
    start_us = int(START.timestamp()) * 1_000_000
    for span in partitions.months(date(2025, 1, 1), date(2025, 12, 1)):
        partitions.ensure_with_rows("readings_chunk", span, bound="day")
    edges = [date(2025 + n // 12, n % 12 + 1, 1) for n in range(13)]
    for series in range(1, EXPORT_SERIES + 1):
        offsets = np.arange(YEAR_READINGS, dtype=np.int64) * STEP_S
        times = start_us + (offsets + random.integers(0, JITTER_S, YEAR_READINGS)) * 1_000_000
        daily = 8 * np.sin(np.arange(YEAR_READINGS) * (2 * np.pi / 144))
        values = np.round(20 + daily + np.cumsum(random.normal(0, 0.05, YEAR_READINGS)), 1)
        for begin in range(0, YEAR_READINGS, 144):
            piece = slice(begin, begin + 144)
            day_bytes += len(pack(times[piece], values[piece]))
        for first, until in pairwise(edges):
            begin, end = np.searchsorted(times, [micros(first), micros(until)])
            body = pack(times[begin:end], values[begin:end])
            month_bytes += len(body)
            rows.append((series, first, until, int(end - begin), body))
    write(rows)
    total = YEAR_READINGS * EXPORT_SERIES
    return day_bytes / total, month_bytes / total


def micros(day: date) -> int:
    """Midnight in Japan in microseconds since 1970."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=9)
    return int(begin.timestamp()) * 1_000_000


def write(rows: list[tuple[int, date, date, int, bytes]]) -> None:
    """Put chunks into the scratch database."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO readings_chunk VALUES (%s, %s, %s, %s, %s)", rows)
        cursor.execute("ANALYZE readings_chunk")


def chart_year_ms() -> float:
    """A one-year series thinned to 1,000 points: the median of CHART_RUNS, warm."""
    from noroshi.readings import chart  # noqa: PLC0415

    took = []
    for _ in range(CHART_RUNS + 1):
        begin = time.perf_counter()
        drawn = chart.points(1, START, START + timedelta(days=365))
        took.append((time.perf_counter() - begin) * 1000)
        assert drawn.is_thinned
        assert int(drawn.count.sum()) == YEAR_READINGS
    return statistics.median(took[1:])


def csv() -> dict[str, tuple[float, str]]:
    """1,051,200 rows in the long form, both encodings, and in the wide form."""
    from noroshi.readings.export import Export, ExportColumn, stream  # noqa: PLC0415

    columns = [
        ExportColumn(n, f"水位計{n}", "水位", "cm", 1, "number")
        for n in range(1, EXPORT_SERIES + 1)
    ]
    zone = ZoneInfo("Asia/Tokyo")
    until = START + timedelta(days=365)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rates: dict[str, tuple[float, str]] = {}
    for name, encoding, form in (
        ("csv_rows_per_s", "utf-8-sig", "long"),
        ("csv_cp932_rows_per_s", "cp932", "long"),
        ("csv_wide_rows_per_s", "utf-8-sig", "wide"),
    ):
        begin = time.perf_counter()
        rows = 0
        for piece in stream(Export(columns, START, until, zone, encoding, form)):
            rows += piece.count(b"\n")
        rates[name] = (round((rows - 1) / (time.perf_counter() - begin)), "rows/s")
        assert form == "wide" or rows - 1 == YEAR_READINGS * EXPORT_SERIES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return rates | {
        "csv_peak_mb": (round(peak * 1.048576), "MB"),
        "csv_more_mib": (round(peak - before), "MiB"),
    }


if __name__ == "__main__":
    print(json.dumps(measure()))  # the last line is the answer
