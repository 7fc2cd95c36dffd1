"""Months and days of the store become Japan's, and chunks lie in partitions by month.

A contract's data ends with a day in Japan. When a month of the store is a month there, what is out
of scope is dropped whole: no row is deleted one by one, and no pack is cut.
"""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from django.db import connection, migrations

from noroshi.base import partitions
from noroshi.readings import days
from noroshi.readings.pack import pack, unpack

AHEAD = timedelta(days=62)
BACK = timedelta(days=400)
HOT = timedelta(days=3)
CHUNKS = """
ALTER TABLE readings_chunk RENAME TO readings_chunk_before;
ALTER INDEX readings_chunk_pkey RENAME TO readings_chunk_before_pkey;
CREATE TABLE readings_chunk (
    series_id integer NOT NULL,
    day_from date NOT NULL,
    day_until date NOT NULL,
    count integer NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (series_id, day_from)
) PARTITION BY RANGE (day_from);
ALTER TABLE readings_chunk ALTER COLUMN body SET STORAGE EXTERNAL;  -- packed already
CREATE TABLE readings_chunk_other PARTITION OF readings_chunk DEFAULT;
"""
IS_OF_UTC = """
SELECT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = %s::regclass AND pg_get_expr(c.relpartbound, c.oid) LIKE '%% 00:00:00+00''%%')
"""
PUT = """
INSERT INTO readings_chunk (series_id, day_from, day_until, count, body)
VALUES (%s, %s, %s, %s, %s)
"""


def to_japan(apps, schema_editor):
    """Move hot rows, uplinks and texts into Japan's days and months; pack the chunks anew."""
    today = days.day_of(datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
        for table in ("readings_uplink", "readings_loose", "readings_reading"):
            cursor.execute(IS_OF_UTC, [table])
            if cursor.fetchone()[0]:
                move(cursor, table, today)
        cursor.execute(CHUNKS)
        cursor.execute("SELECT min(day_from) FROM readings_chunk_before")
        first = cursor.fetchone()[0] or today - BACK
        for span in partitions.months(first - timedelta(days=1), today + AHEAD):
            partitions.ensure("readings_chunk", span, bound="day")
        cursor.execute("SELECT DISTINCT series_id FROM readings_chunk_before")
        for (series_id,) in cursor.fetchall():
            repack(cursor, series_id, today.replace(day=1))
        cursor.execute("DROP TABLE readings_chunk_before")


def move(cursor, table: str, today: date) -> None:
    """Give a table partitions of Japan's; its rows are out of it for a moment of the transaction."""
    spans = partitions.existing(table)
    cursor.execute(f"CREATE TEMPORARY TABLE moved ON COMMIT DROP AS SELECT * FROM {table}")
    for span in spans:
        cursor.execute(f"DROP TABLE {table}_{span.suffix}")
    cursor.execute(f"TRUNCATE {table}")
    if table == "readings_reading":
        made = partitions.days(today - HOT, today + HOT)
    else:
        made = partitions.months(min(span.since for span in spans), today + AHEAD)
    for span in made:
        partitions.ensure(table, span, bound="time")
    cursor.execute(f"INSERT INTO {table} SELECT * FROM moved")
    cursor.execute("DROP TABLE moved")


def repack(cursor, series_id: int, open_month: date) -> None:
    """The chunks of one series by Japan's months, and by days from `open_month` on."""
    cursor.execute(
        "SELECT body FROM readings_chunk_before WHERE series_id = %s ORDER BY day_from", [series_id]
    )
    runs = [unpack(bytes(body)) for (body,) in cursor.fetchall()]
    times = np.concatenate([run.times for run in runs])
    values = np.concatenate([run.values for run in runs])
    numbers = days.numbers(times)
    at = 0
    while at < len(times):
        day = days.from_number(int(numbers[at]))
        until = day + timedelta(days=1)
        if day < open_month:
            day, until = day.replace(day=1), days.month_after(day)
        end = int(np.searchsorted(numbers, days.number(until)))
        body = pack(times[at:end], values[at:end])
        cursor.execute(PUT, [series_id, day, until, end - at, body])
        at = end


class Migration(migrations.Migration):

    dependencies = [("readings", "0002_keys_within_a_tenant")]

    operations = [migrations.RunPython(to_japan, migrations.RunPython.noop)]
