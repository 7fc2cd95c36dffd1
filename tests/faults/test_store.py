"""Packing and retention die at any step: every reading is there once, or its time was over."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection

from noroshi.base import partitions
from noroshi.base.failpoints import CLOSING, RETENTION
from noroshi.base.roles import PIPELINE
from noroshi.inbox import retention as inbox_retention
from noroshi.inbox.actions import NewConnection, make_connection
from noroshi.inbox.models import ExceptionalEntry
from noroshi.inbox.retention import Kept
from noroshi.outbox import retention as outbox_retention
from noroshi.outbox.actions import post_all
from noroshi.outbox.models import Message
from noroshi.readings import closing, runs
from noroshi.readings.store import keep_points
from noroshi.tenants.audit import Actor
from tests.acting import become
from tests.faults.conftest import killed_at
from tests.outbox.conftest import new
from tests.readings.conftest import NOW, OLD, Field, listed, open_field

MONTHS_LATER = NOW + timedelta(days=60)
DAY = 24 * 60.0


@pytest.fixture
def swept(transactional_db: None) -> Iterator[Field]:
    """The cast with commits; partitions that it made or lost are as before afterwards."""
    tables = ("readings_reading", *closing.MONTHLY, closing.CHUNKS, "inbox_entry")
    known = {table: partitions.existing(table) for table in tables}
    yield open_field()
    become("NONE")  # the owner: no other role may empty a table
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE readings_reading, readings_chunk, readings_loose, readings_uplink")
    become(PIPELINE)
    for table, spans in known.items():
        for span in partitions.existing(table):
            if span not in spans:
                partitions.drop(table, span)
        for span in spans:
            bound = {"inbox_entry": "key", closing.CHUNKS: "day"}.get(table, "time")
            partitions.ensure_with_rows(table, span, bound=bound)


def everything(series: int) -> list[tuple[float, float]]:
    far = timedelta(days=4000)
    return listed(runs.read(series, OLD - far, NOW + far))


@pytest.mark.parametrize("name", [name for name in CLOSING if name.startswith("close.")])
def test_packing_that_dies_here_moves_every_reading_or_none(swept: Field, name: str) -> None:
    series = swept.keep(*((n * 37 - 2 * DAY, n / 10) for n in range(350)))
    before = everything(series)
    killed_at(name, lambda: closing.close_days(NOW))
    assert everything(series) == before
    closing.close_days(NOW)
    assert everything(series) == before


@pytest.mark.parametrize("name", [name for name in CLOSING if name.startswith("merge.")])
def test_merging_that_dies_here_changes_no_reading(swept: Field, name: str) -> None:
    series = swept.keep(*((n * 37 - 2 * DAY, n / 10) for n in range(350)))
    before = everything(series)
    closing.close_days(MONTHS_LATER)
    killed_at(name, lambda: closing.merge_months(MONTHS_LATER))
    assert everything(series) == before
    closing.merge_months(MONTHS_LATER)
    assert everything(series) == before


def gone() -> None:
    """The other terminal is deleted, with its series; what it left behind is pruned."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM readings_series WHERE key = 'gone'")


def orphans() -> int:
    """Chunks whose series is no more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM readings_chunk c LEFT JOIN readings_series s "
            "ON s.id = c.series_id WHERE s.id IS NULL"
        )
        return int(cursor.fetchone()[0])


def test_pruning_of_chunks_that_dies_is_done_by_the_next(swept: Field) -> None:
    kept = swept.keep(*((n * 37 - 2 * DAY, n / 10) for n in range(350)))
    keep_points([swept.point(n * 37 - 2 * DAY, 1.0, "gone") for n in range(350)])
    closing.close_days(NOW)
    before = everything(kept)
    gone()
    assert orphans() > 0
    killed_at("prune.chunks", lambda: closing.prune(NOW))
    assert orphans() > 0
    closing.prune(NOW)
    assert orphans() == 0
    assert everything(kept) == before


def test_a_month_whose_drop_dies_is_dropped_by_the_next(swept: Field) -> None:
    month = next(partitions.months(OLD.date(), OLD.date()))
    partitions.ensure_with_rows("readings_uplink", month, bound="time")
    killed_at("prune.partition", lambda: partitions.drop_when_free("readings_uplink", month))
    assert month in partitions.existing("readings_uplink")
    assert partitions.drop_when_free("readings_uplink", month) == 1
    assert month not in partitions.existing("readings_uplink")


def a_settled_trouble(field: Field) -> None:
    actor = Actor(None, None)
    source, _ = make_connection(NewConnection("x", "json"), by=actor, now=OLD)
    for number, (days, state) in enumerate([(40, "done"), (40, "open"), (400, "open")]):
        ExceptionalEntry.objects.create(
            entry_key=f"00000000-0000-4000-8000-{number:012d}",
            entry_id=number,
            slice=0,
            connection=source,
            received_at=NOW - timedelta(days=days),
            kind="failed",
            state=state,
            reason="x",
        )


def prune_journal(now: datetime) -> int:
    """What nobody owns is kept for so many days that only the oldest line is too old."""
    return inbox_retention.prune(now, Kept({}), lambda _rows: {})


def old_mails(field: Field) -> None:
    post_all([new(1), new(2), new(3)], now=NOW - timedelta(days=500))
    Message.objects.exclude(address="r3@example.jp").update(state="sent")


@pytest.mark.parametrize(
    ("name", "prepare", "work", "rows", "count"),
    [
        ("prune.journal", a_settled_trouble, prune_journal, ExceptionalEntry, 1),
        ("prune.exceptions", a_settled_trouble, prune_journal, ExceptionalEntry, 1),
        ("prune.mails", old_mails, outbox_retention.prune, Message, 1),
    ],
)
def test_pruning_that_dies_here_is_done_by_the_next(
    swept: Field,
    name: str,
    prepare: Callable[[Field], None],
    work: Callable[..., int],
    rows: type[ExceptionalEntry] | type[Message],
    count: int,
) -> None:
    prepare(swept)
    killed_at(name, lambda: work(NOW))
    assert rows.objects.count() >= count
    work(NOW)
    assert rows.objects.count() == count


def test_every_step_of_retention_is_hit_here() -> None:
    named = {"prune.chunks", "prune.partition"}
    named |= {"prune.journal", "prune.exceptions", "prune.mails"}
    assert named == set(RETENTION)
