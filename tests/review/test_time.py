"""The timed work: a month that nobody prepared, a task that fails, a table in use."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import DataError, OperationalError, connection

from noroshi.base import partitions
from noroshi.inbox import retention
from noroshi.inbox.models import Entry
from noroshi.jobs import tick, work
from noroshi.readings import store
from noroshi.readings.store import Point
from tests.review.conftest import NOW, House, up

SPRING = datetime(2031, 4, 5, 6, 7, tzinfo=UTC)


def failing(_now: datetime) -> int:
    raise DataError("no such luck")


def test_after_a_winter_asleep_the_journals_days_are_made_and_take_what_came_meanwhile(
    house: House,
) -> None:
    house.send(up(3.0, SPRING), now=SPRING)
    # Days since HOT_DAYS ago and ahead, and two months of blocks.
    assert retention.make_partitions(SPRING) == 3 + 1 + 7 + 2
    assert retention.make_partitions(SPRING) == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM inbox_entry_20310405")
        assert cursor.fetchone() == (1,)
    house.send(up(3.0, SPRING), now=SPRING)
    assert Entry.objects.count() == 1
    assert house.run(SPRING) == 1


def test_a_task_that_fails_leaves_the_others_their_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran: list[datetime] = []

    def working(now: datetime) -> int:
        ran.append(now)
        return 1

    with caplog.at_level(logging.ERROR):
        tick.run_due([tick.Task("bad", 60.0, failing), tick.Task("good", 60.0, working)])
    assert len(ran) == 1
    assert "bad failed" in caplog.text


@pytest.fixture
def backup(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody reads the journal for long; who waits for its lock makes the gate wait behind."""
    monkeypatch.setattr(partitions, "WAIT_MS", 50)
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE inbox_entry IN ACCESS SHARE MODE")
        yield
    finally:
        holder.close()


@pytest.mark.usefixtures("backup")
def test_a_day_is_not_dropped_while_a_backup_reads_the_journal() -> None:
    oldest = partitions.existing("inbox_entry")[0]
    assert partitions.drop_when_free("inbox_entry", oldest) == 0
    assert partitions.existing("inbox_entry")[0] == oldest


@pytest.mark.usefixtures("backup")
def test_months_are_made_later_when_a_backup_reads_the_journal() -> None:
    task = tick.Task("days", 60.0, lambda _now: retention.make_partitions(SPRING))
    assert tick.run_due([task]) == 1
    assert "20310405" not in [span.suffix for span in partitions.existing("inbox_entry")]


@pytest.mark.django_db
def test_a_worker_forgets_the_series_it_knew_when_the_database_goes_away(house: House) -> None:
    point = Point(house.tenant.pk, house.device.pk, "t", "number", NOW, 1.0)
    store.keep_points([point])
    assert store._series_ids
    with pytest.raises(OperationalError), work.forgetful():
        raise OperationalError("server closed the connection unexpectedly")
    assert not store._series_ids
