"""An older installation's days and months of UTC become Japan's, and no reading changes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest
from django.db import connection, transaction

from noroshi.base import partitions
from noroshi.base.roles import PIPELINE
from noroshi.readings import runs
from noroshi.readings.days import midnight
from noroshi.readings.pack import pack
from noroshi.readings.uplinks import keep_uplinks
from noroshi.tenants import walls
from tests.acting import become
from tests.readings.conftest import NOW, Field, rows
from tests.readings.test_store import uplink

migration = import_module("noroshi.readings.migrations.0003_months_of_japan")
SERIES = 77
DAY = timedelta(days=1)


@pytest.fixture
def owner(db: None) -> Iterator[None]:
    """The tables' owner, as in a migration; everything is rolled back."""
    with transaction.atomic():
        become("NONE")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            walls.let_owner_in(cursor)
        yield
        transaction.set_rollback(True)
    become(PIPELINE)


def old_chunk(first: date, until: date) -> dict[int, float]:
    """A chunk over whole days of UTC with a reading every 7 hours; answers its readings."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    step = timedelta(hours=7)
    count = -((first - until) // step)
    told = {micros_of(begin + n * step): float(n) for n in range(count)}
    body = pack(np.array(list(told)), np.array(list(told.values())))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO readings_chunk_before VALUES (%s, %s, %s, %s, %s)",
            [SERIES, first, until, len(told), body],
        )
    return told


def micros_of(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


def test_chunks_are_packed_anew_without_losing_a_reading(owner: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE readings_chunk_before (LIKE readings_chunk)")
    told = old_chunk(date(2031, 1, 1), date(2031, 2, 1)) | old_chunk(
        date(2031, 2, 1), date(2031, 3, 1)
    )
    for n in range(5):
        told |= old_chunk(date(2031, 3, 1) + n * DAY, date(2031, 3, 2) + n * DAY)
    with connection.cursor() as cursor:
        migration.repack(cursor, SERIES, date(2031, 3, 1))
    found = runs.read(SERIES, NOW - 400 * DAY, NOW)
    assert dict(zip(found.times.tolist(), found.values.tolist(), strict=True)) == told
    spans = rows(
        "SELECT day_from, day_until FROM readings_chunk WHERE series_id = %s ORDER BY 1", SERIES
    )
    assert spans[:3] == [
        (date(2031, 1, 1), date(2031, 2, 1)),
        (date(2031, 2, 1), date(2031, 3, 1)),
        (date(2031, 3, 1), date(2031, 3, 2)),
    ]
    assert len(spans) == 2 + 6  # the last day of UTC reaches into Japan's next
    for first, until in spans:
        here = runs.read(SERIES, midnight(first), midnight(until))  # type: ignore[arg-type]
        assert len(here.times)


def test_rows_move_into_the_months_of_japan(field: Field, owner: None) -> None:
    at = datetime(2031, 2, 28, 15, tzinfo=UTC)  # March in Japan
    edges = ["2031-02-01", "2031-03-01", "2031-04-01"]
    with connection.cursor() as cursor:
        for span in partitions.existing("readings_uplink"):
            cursor.execute(f"DROP TABLE readings_uplink_{span.suffix}")
        for first, until in pairwise(edges):
            cursor.execute(
                f"CREATE TABLE readings_uplink_{first[:7].replace('-', '')} PARTITION OF "
                "readings_uplink FOR VALUES "
                f"FROM ('{first} 00:00:00+00') TO ('{until} 00:00:00+00')"
            )
        keep_uplinks([uplink(field, sent_at=at + n * timedelta(hours=8)) for n in range(3)])
        cursor.execute(migration.IS_OF_UTC, ["readings_uplink"])
        assert cursor.fetchone() == (True,)
        assert rows("SELECT count(*) FROM readings_uplink_203102") == [(2,)]
        migration.move(cursor, "readings_uplink", NOW.date())
        cursor.execute(migration.IS_OF_UTC, ["readings_uplink"])
        assert cursor.fetchone() == (False,)
    assert rows("SELECT count(*) FROM readings_uplink_203102") == [(0,)]
    assert rows("SELECT count(*) FROM readings_uplink_203103") == [(3,)]
