"""Packing and retention die at any step: every reading is there once, or its time was over."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection

from noroshi.base import partitions
from noroshi.base.failpoints import CLOSING, RETENTION
from noroshi.base.roles import PIPELINE
from noroshi.inbox import retention as inbox_retention
from noroshi.inbox.actions import NewConnection, make_connection
from noroshi.inbox.models import ExceptionalEntry
from noroshi.outbox import retention as outbox_retention
from noroshi.outbox.actions import post_all
from noroshi.outbox.models import Message
from noroshi.readings import closing, runs
from noroshi.readings.models import LooseReading, StoredUplink
from noroshi.readings.store import keep_points, keep_uplinks
from noroshi.tenants.audit import Actor
from tests.acting import become
from tests.faults.conftest import killed_at
from tests.outbox.conftest import new
from tests.readings.conftest import NOW, OLD, Field, at, listed, open_field
from tests.readings.test_store import uplink

MONTHS_LATER = NOW + timedelta(days=60)
DAY = 24 * 60.0
AGES = (20, 40, 400)  # days; chie keeps 30, aki 365


@pytest.fixture
def swept(transactional_db: None) -> Iterator[Field]:
    """The cast with commits; partitions that it made or lost are as before afterwards."""
    tables = ("readings_reading", *closing.MONTHLY, "inbox_entry")
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
            bound = "key" if table == "inbox_entry" else "time"
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


def aged(field: Field) -> None:
    """Of both tenants a number, a text and an uplink for each of AGES."""
    for device in (field.device, field.other):
        for age in AGES:
            minutes = (NOW - OLD).total_seconds() / 60 - age * DAY
            owned = {"device_id": device.pk, "tenant_id": device.tenant_id}
            points = [field.point(minutes, 1.0), field.point(minutes, "x", "state", "text")]
            keep_points(
                [type(one)(**{n: getattr(one, n) for n in one.__slots__} | owned) for one in points]
            )
            keep_uplinks([uplink(field, sent_at=at(minutes), **owned)])


def left(field: Field) -> list[tuple[int, int]]:
    """(uplinks, texts) of each tenant."""
    return [
        (
            StoredUplink.objects.filter(device_id=device.pk).count(),
            LooseReading.objects.filter(series__device_id=device.pk).count(),
        )
        for device in (field.device, field.other)
    ]


@pytest.mark.parametrize("name", ["prune.chunks", "prune.rows", "prune.partition"])
def test_retention_that_dies_here_is_done_by_the_next_and_touches_nothing_in_scope(
    swept: Field, name: str
) -> None:
    aged(swept)
    closing.close_days(NOW)
    killed_at(name, lambda: closing.prune(NOW))
    for (uplinks, texts), scope in zip(left(swept), (2, 1), strict=True):
        assert min(uplinks, texts) >= scope
    closing.prune(NOW)
    assert left(swept) == [(2, 2), (1, 1)]


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


def old_mails(field: Field) -> None:
    post_all([new(1), new(2), new(3)], now=NOW - timedelta(days=500))
    Message.objects.exclude(address="r3@example.jp").update(state="sent")


@pytest.mark.parametrize(
    ("name", "prepare", "work", "rows", "count"),
    [
        ("prune.journal", a_settled_trouble, inbox_retention.prune, ExceptionalEntry, 1),
        ("prune.exceptions", a_settled_trouble, inbox_retention.prune, ExceptionalEntry, 1),
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
    named = {"prune.chunks", "prune.rows", "prune.partition"}
    named |= {"prune.journal", "prune.exceptions", "prune.mails"}
    assert named == set(RETENTION)
