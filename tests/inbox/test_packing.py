"""Closed days of the journal are packed: nothing is lost, doubled or changed, at any moment."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from django.db import OperationalError, connection

from noroshi.base import partitions, wire
from noroshi.inbox import blocks, journal, packing
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.models import Entry, PackedEntries
from tests.inbox.conftest import LONG_AGO, NOW, Journal, key_at, nobodys


def pack(now: datetime = NOW) -> int:
    return packing.pack_closed(now, nobodys)


def test_a_packed_entry_is_read_by_its_key_exactly_as_it_came(journal_of: Journal) -> None:
    keys = journal_of.take(50)
    before = journal.by_keys(keys)
    journal_of.read_all()
    assert pack() == 50
    assert Entry.objects.count() == 0
    assert journal.by_keys(keys) == before
    assert journal.by_keys([keys[7]]) == [before[7]]
    assert journal.by_keys([uuid.uuid4()]) == []


def test_hot_and_packed_entries_are_read_together_in_order(journal_of: Journal) -> None:
    old, new = journal_of.take(3), journal_of.take(3, NOW)
    journal_of.read_all()
    assert pack() == 3
    assert [row.key for row in journal.by_keys([*new, *old])] == [*old, *new]


def test_what_the_spine_has_not_read_is_not_packed(journal_of: Journal) -> None:
    journal_of.take(5)
    assert pack() == 0
    assert Entry.objects.count() == 5


def test_a_repeat_of_a_packed_entry_is_no_new_entry(journal_of: Journal) -> None:
    (key,) = journal_of.take(1)
    journal_of.read_all()
    pack()
    assert journal_of.write(key, NOW) == 0
    assert journal_of.write(key_at(LONG_AGO, 99), NOW) == 1
    assert len(journal.by_keys([key])) == 1


def test_a_repeat_that_came_while_its_day_was_packed_goes_with_the_next_run(
    journal_of: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = journal_of.take(1)
    (first,) = journal.by_keys([key])
    journal_of.read_all()
    monkeypatch.setattr(partitions, "drop_if_empty", lambda *_told: 0)
    pack()
    assert journal_of.write(key, NOW - timedelta(minutes=1), body=b"again") == 1
    pack()
    assert Entry.objects.count() == 0
    assert journal.by_keys([key]) == [first]


def test_a_closed_day_loses_its_partition_and_a_hot_one_keeps_it(journal_of: Journal) -> None:
    journal_of.take(3)
    journal_of.read_all()
    pack()
    left = [span.since for span in partitions.existing("inbox_entry")]
    assert LONG_AGO.date() not in left
    assert all(day > NOW.date() - timedelta(days=packing.HOT_DAYS + 1) for day in left)


def test_a_full_day_makes_blocks_of_the_right_size(journal_of: Journal) -> None:
    journal_of.take(2500)
    journal_of.read_all()
    pack()
    sizes = sorted(PackedEntries.objects.values_list("count", flat=True))
    assert sizes == [452, 1024, 1024]


def test_large_bodies_make_smaller_blocks(
    journal_of: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES_MAX", 100)
    keys = journal_of.take(9)
    journal_of.read_all()
    pack()
    assert PackedEntries.objects.count() > 2
    assert len(journal.by_keys(keys)) == 9


def test_small_batches_fill_the_same_block(
    journal_of: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "BATCH_ENTRIES", 10)
    journal_of.take(95)
    journal_of.read_all()
    assert pack() == 95
    assert PackedEntries.objects.count() == 1


def test_late_ones_of_a_packed_day_join_its_block(journal_of: Journal) -> None:
    journal_of.take(20)
    journal_of.read_all()
    pack()
    late = key_at(LONG_AGO, 77)
    journal_of.write(late, LONG_AGO + timedelta(hours=2))
    pack()
    assert PackedEntries.objects.get().count == 21
    assert len(journal.by_keys([late])) == 1


def test_entries_of_two_connections_and_two_days_lie_apart(journal_of: Journal) -> None:
    journal_of.take(4)
    journal_of.take(4, LONG_AGO + timedelta(days=1))
    journal_of.read_all()
    pack()
    found = PackedEntries.objects.order_by("first_key")
    assert [block.count for block in found] == [4, 4]
    days = [blocks.day_of(block.first_key) for block in found]
    assert days[1] == days[0] + 1


@pytest.mark.parametrize("year", [1970, 2001, 2099, 9999])
def test_a_clock_gone_mad_makes_no_partition_and_is_packed_all_the_same(
    journal_of: Journal, year: int
) -> None:
    known = partitions.existing("inbox_block")
    at = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC) if year < 9999 else None
    key = key_at(at, 1) if at else uuid.UUID(int=2**128 - 1)
    journal_of.write(key, LONG_AGO)
    journal_of.read_all()
    assert pack() == 1
    assert journal.by_keys([key])[0].received_at == LONG_AGO
    assert partitions.existing("inbox_block") == known
    assert journal_of.write(key, NOW) == 0


class Killed(Exception):
    """The process is gone."""


class Counting(psycopg.Cursor[Any]):
    """A cursor that dies at the nth statement."""

    left = 0

    def execute(self, *told: Any, **more: Any) -> "Counting":
        Counting.left -= 1
        if Counting.left < 0:
            raise Killed
        super().execute(*told, **more)
        return self


@contextmanager
def dying() -> Iterator[psycopg.Cursor[Any]]:
    connection.ensure_connection()
    with connection.wrap_database_errors, Counting(connection.connection) as cursor:
        yield cursor


def test_a_kill_at_any_statement_loses_nothing_and_doubles_nothing(
    journal_of: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "BATCH_ENTRIES", 8)
    keys = journal_of.take(20)
    before = journal.by_keys(keys)
    journal_of.read_all()
    kills = 0
    while True:
        with monkeypatch.context() as patched:
            patched.setattr(wire, "cursor", dying)
            Counting.left = kills
            try:
                pack()
                break
            except Killed:
                kills += 1
        assert journal.by_keys(keys) == before
        packed = sum(PackedEntries.objects.values_list("count", flat=True))
        assert packed + Entry.objects.count() == 20
    assert kills > 10
    assert journal.by_keys(keys) == before
    assert Entry.objects.count() == 0


@pytest.mark.parametrize("part", ["body", "id", "query", "received_at"])
def test_an_entry_that_differs_in_its_block_keeps_its_row(
    journal_of: Journal, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    journal_of.take(3)
    journal_of.read_all()
    real = blocks.packed
    wrong = {"body": b"!", "id": 1, "query": "", "received_at": NOW}

    def bent(rows: list[EntryRow], owner_id: int | None) -> blocks.Block:
        return real([msgspec.structs.replace(rows[0], **{part: wrong[part]}), *rows[1:]], owner_id)

    monkeypatch.setattr(blocks, "packed", bent)
    with pytest.raises(packing.NotTheSame):
        pack()
    assert Entry.objects.count() == 3
    assert PackedEntries.objects.count() == 0


def test_a_block_of_a_later_version_is_not_guessed_at(journal_of: Journal) -> None:
    keys = journal_of.take(2)
    journal_of.read_all()
    pack()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbox_block SET format = 2")
    with pytest.raises(blocks.UnknownFormat, match="format 2"):
        journal.by_keys(keys)


def test_any_entries_come_out_of_a_block_as_they_went_in() -> None:
    chance = random.Random(3)
    for _ in range(50):
        day = LONG_AGO.replace(hour=0, minute=0, second=0)
        rows = [
            EntryRow(
                key_at(day + timedelta(milliseconds=chance.randrange(86_400_000)), n),
                chance.randrange(2**40),
                chance.randrange(16),
                5,
                NOW + timedelta(microseconds=chance.randrange(-(10**15), 10**15)),
                chance.choice(["", "up", "é" * 40]),
                chance.choice(["", "0" * 64]),
                "x/y; a=\x7f",
                chance.choice(["", "日本" * 30]),
                chance.randbytes(chance.choice([0, 1, 5000])),
            )
            for n in range(chance.randrange(1, 30))
        ]
        block = blocks.packed(rows, None)
        assert blocks.rows_of(block) == sorted(rows, key=lambda row: row.id)
        assert [list(blocks.picked(block, [row.key])) for row in rows] == [[row] for row in rows]
        assert list(blocks.picked(block, [uuid.uuid4()])) == []


def test_what_spans_two_keys_of_a_block_is_no_key() -> None:
    middle = b"\1" * 6 + b"\2" * 10
    keys = [uuid.UUID(bytes=part) for part in (b"0" * 8 + middle[:8], middle[8:] + b"1" * 8)]
    rows = [EntryRow(key, n, 0, 1, NOW, "", "", "", "", b"x") for n, key in enumerate(keys)]
    block = blocks.packed(rows, None)
    assert middle in block.keys
    assert list(blocks.picked(block, [uuid.UUID(bytes=middle)])) == []


def test_a_new_day_takes_bodies_of_three_kilobytes_without_compressing_them(
    journal_of: Journal,
) -> None:
    later = NOW + timedelta(days=400)
    partitions.ensure_with_rows(
        "inbox_entry", next(partitions.days(later.date(), later.date())), bound="key"
    )
    for at in (NOW, later):
        assert journal_of.write(key_at(at, 1), at, body=b"water level " * 250) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_column_compression(body), octet_length(body) FROM inbox_entry")
        assert cursor.fetchall() == [(None, 3000), (None, 3000)]


def test_the_partition_is_not_dropped_while_somebody_reads_the_journal(
    journal_of: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "WAIT_MS", 50)

    def busy(*_told: object) -> None:
        raise OperationalError("in use")

    monkeypatch.setattr(partitions, "drop", busy)
    journal_of.take(2)
    journal_of.read_all()
    assert pack() == 2
    assert LONG_AGO.date() in [span.since for span in partitions.existing("inbox_entry")]
