"""Raw uplinks go when their owner's time is over, and with them all that names them."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection

from noroshi.base import partitions
from noroshi.inbox import exceptions, journal, packing, retention
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.exceptions import Trouble
from noroshi.inbox.models import ExceptionalEntry, PackedEntries
from noroshi.inbox.retention import Kept
from tests.inbox.conftest import LONG_AGO, NOW, Journal, nobodys

KEPT = Kept({1: 30, 2: 400}, others=365, nobodys=93)
DAY = timedelta(days=1)


def first_and_second(rows: Sequence[EntryRow]) -> dict[uuid.UUID, int]:
    """Owners: the first devices are of tenant 1, the next of 2; the last is a stranger."""
    number = {row.key: int(row.address[4:], 16) for row in rows}
    return {key: 1 if n < 2 else 2 for key, n in number.items() if n < 6}


@pytest.fixture
def keys(journal_of: Journal) -> list[uuid.UUID]:
    found = journal_of.take(14)
    journal_of.read_all()
    packing.pack_closed(NOW, first_and_second)
    return found


def left(keys: Sequence[uuid.UUID]) -> int:
    return len(journal.by_keys(keys))


@pytest.mark.parametrize(
    ("days", "count"), [(29, 14), (31, 10), (92, 10), (94, 8), (364, 8), (399, 8), (401, 0)]
)
def test_each_owners_uplinks_go_after_its_own_days(
    keys: list[uuid.UUID], days: int, count: int
) -> None:
    retention.prune(LONG_AGO + days * DAY + timedelta(minutes=1), KEPT, nobodys)
    assert left(keys) == count


def test_a_tenant_that_is_gone_keeps_its_uplinks_the_usual_time(keys: list[uuid.UUID]) -> None:
    kept = Kept({}, others=50, nobodys=93)
    retention.prune(LONG_AGO + 49 * DAY, kept, nobodys)
    assert left(keys) == 14
    retention.prune(LONG_AGO + 51 * DAY, kept, nobodys)
    assert left(keys) == 2


def test_a_month_that_nobody_keeps_is_dropped_whole(keys: list[uuid.UUID]) -> None:
    month = f"{LONG_AGO:%Y%m}"
    assert month in [span.suffix for span in partitions.existing("inbox_block")]
    retention.prune(LONG_AGO + 401 * DAY, KEPT, nobodys)
    assert month not in [span.suffix for span in partitions.existing("inbox_block")]


def test_what_came_late_keeps_its_month(journal_of: Journal) -> None:
    keys = journal_of.take(1, received_at=NOW - 5 * DAY)
    journal_of.read_all()
    packing.pack_closed(NOW, nobodys)
    retention.prune(NOW + 80 * DAY, Kept({}, others=60, nobodys=90), nobodys)
    assert left(keys) == 1


def test_a_line_on_the_exception_list_goes_with_its_entry_and_not_before(
    keys: list[uuid.UUID],
) -> None:
    rows = journal.by_keys(keys)
    exceptions.put([Trouble(row, "failed", "bug") for row in rows])
    retention.prune(LONG_AGO + 31 * DAY, KEPT, nobodys)
    lines = set(ExceptionalEntry.objects.values_list("entry_key", flat=True))
    assert lines == {row.key for row in journal.by_keys(keys)}
    assert len(lines) == 10
    retention.prune(LONG_AGO + 401 * DAY, KEPT, nobodys)
    assert not ExceptionalEntry.objects.exists()


def test_a_stranger_that_was_registered_since_keeps_its_uplinks(keys: list[uuid.UUID]) -> None:
    strangers = journal.by_keys([keys[6], keys[13]])

    def registered(rows: Sequence[EntryRow]) -> dict[uuid.UUID, int]:
        return {row.key: 2 for row in rows if row.key == keys[6]}

    exceptions.put([Trouble(row, "unknown", "unknown_device") for row in strangers])
    retention.prune(LONG_AGO + 94 * DAY, KEPT, registered)
    assert journal.by_keys([keys[6], keys[13]]) == strangers[:1]
    assert [one.entry_key for one in ExceptionalEntry.objects.all()] == [keys[6]]
    assert set(PackedEntries.objects.values_list("owner_id", flat=True)) == {2}
    assert sum(PackedEntries.objects.values_list("count", flat=True)) == 9


def test_settled_lines_go_early_and_their_entries_stay(keys: list[uuid.UUID]) -> None:
    exceptions.put([Trouble(row, "failed", "bug") for row in journal.by_keys(keys)])
    ExceptionalEntry.objects.update(state=ExceptionalEntry.State.DONE)
    retention.prune(LONG_AGO + 30 * DAY - timedelta(hours=1), Kept({}), nobodys)
    assert ExceptionalEntry.objects.exists()
    retention.prune(LONG_AGO + 30 * DAY + timedelta(hours=1), Kept({}), nobodys)
    assert not ExceptionalEntry.objects.exists()
    assert left(keys) == 14


def test_what_is_not_yet_due_is_not_even_read(keys: list[uuid.UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbox_block SET format = 2")
    assert retention.prune(NOW, KEPT, nobodys) == 0
    assert keys
