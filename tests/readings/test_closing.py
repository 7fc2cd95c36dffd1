"""Closing moves readings and changes none: not while it works, not late, not when it is killed."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.db import connection, transaction

from noroshi.base import partitions, wire
from noroshi.base.roles import PIPELINE
from noroshi.readings import chunks, closing, runs
from noroshi.readings.days import midnight
from noroshi.readings.models import Chunk
from noroshi.readings.pack import Run
from tests.acting import become
from tests.readings.conftest import NOW, OLD, Field, at, listed, open_field, places, rows

DAY = 24 * 60.0


def everything(series: int) -> Run:
    """All readings of a series."""
    return runs.read(series, OLD - timedelta(days=4000), NOW + timedelta(days=4000))


def fill(field: Field, days: int = 9, key: str = "level") -> int:
    """Readings every 37 minutes from two days before OLD, across closed, hot and coming days."""
    steps = int(days * DAY / 37)
    return field.keep(*((n * 37 - 2 * DAY, n / 10) for n in range(steps)), key=key)


def test_every_reading_is_the_same_before_and_after_closing(field: Field) -> None:
    series = fill(field)
    before = listed(everything(series))
    packed = closing.close_days(NOW)
    assert listed(everything(series)) == before
    closed = [one for one in before if one[0] < midnight(date(2031, 3, 7)).timestamp() * 1e6]
    assert packed == len(closed)
    assert places(series) == {"hot": len(before) - len(closed), "late": 0, "chunks": 5}
    assert closing.close_days(NOW) == 0


def test_a_closed_day_loses_its_partition_and_a_hot_one_keeps_it(field: Field) -> None:
    fill(field)
    closing.close_days(NOW)
    left = [span.since for span in partitions.existing("readings_reading")]
    assert OLD.date() + timedelta(days=2) not in left
    assert OLD.date() + timedelta(days=3) in left


def test_late_readings_are_merged_into_the_chunk_of_their_day(field: Field) -> None:
    series = fill(field)
    closing.close_days(NOW)
    before = dict(listed(everything(series)))
    field.keep((10.5, 77.0), (37.0 * 3, 88.0), (-30 * DAY, 99.0))
    expected = before | {
        wire.micros(at(10.5)): 77.0,
        wire.micros(at(37.0 * 3)): 88.0,
        wire.micros(at(-30 * DAY)): 99.0,
    }
    assert dict(listed(everything(series))) == expected
    assert places(series)["late"] == 3
    assert closing.close_days(NOW) == 3
    assert dict(listed(everything(series))) == expected
    assert (places(series)["late"], places(series)["chunks"]) == (0, 6)


def test_a_late_reading_wins_over_the_packed_one_of_its_time(field: Field) -> None:
    series = field.keep((0, 1.0), (1, 2.0))
    closing.close_days(NOW)
    field.keep((0, 5.0))
    assert everything(series).values.tolist() == [5.0, 2.0]
    closing.close_days(NOW)
    assert everything(series).values.tolist() == [5.0, 2.0]
    assert Chunk.objects.get().count == 2


def test_months_become_one_chunk_and_take_up_what_comes_late(field: Field) -> None:
    series = fill(field)  # from the 2nd of March
    field.keep((-20 * DAY, 1.5), (-19 * DAY, 2.5), (-60 * DAY, 3.5))
    closing.close_days(NOW)
    before = listed(everything(series))
    later = NOW + timedelta(days=30)
    assert closing.merge_months(NOW) == 2
    spans = Chunk.objects.order_by("day_from").values_list("day_from", "day_until", "count")
    assert list(spans)[:2] == [
        (date(2031, 1, 1), date(2031, 2, 1), 1),
        (date(2031, 2, 1), date(2031, 3, 1), 2),
    ]
    assert listed(everything(series)) == before
    field.keep((-19.5 * DAY, 9.0))
    closing.close_days(later)
    assert closing.merge_months(later) == 1  # March; the late one went into February
    assert list(spans.all())[1] == (date(2031, 2, 1), date(2031, 3, 1), 3)
    assert len(everything(series).times) == len(before) + 1
    assert closing.merge_months(later) == 0


def test_small_batches_close_the_same(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    level, door = fill(field), fill(field, key="flow")
    before = listed(everything(level)), listed(everything(door))
    monkeypatch.setattr(closing, "BATCH_READINGS", 7)
    monkeypatch.setattr(closing, "BATCH_MONTHS", 1)
    closing.close_days(NOW + timedelta(days=60))
    closing.merge_months(NOW + timedelta(days=60))
    assert (listed(everything(level)), listed(everything(door))) == before
    assert places(level) == {"hot": 0, "late": 0, "chunks": 1}


class Killed(Exception):
    """The program stops here."""


@pytest.mark.parametrize("survived", [0, 1, 5])
def test_a_kill_in_the_middle_loses_nothing_and_doubles_nothing(
    field: Field, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    series = fill(field)
    before = listed(everything(series))
    write, calls = chunks._write, iter(range(survived))

    def dying(batch: list[chunks.Chunk]) -> None:
        write(batch)
        if batch and next(calls, None) is None:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(closing, "_move_day", lambda _span: None)  # as if somebody used every day
        patch.setattr(closing, "BATCH_READINGS", 20)
        patch.setattr(chunks, "_write", dying)
        with pytest.raises(Killed):
            closing.close_days(NOW)
    stored, packed = counted(series)
    assert stored + packed == len(before)
    assert 16 * survived <= packed <= 20 * survived
    assert listed(everything(series)) == before
    closing.close_days(NOW)
    assert listed(everything(series)) == before


@pytest.mark.parametrize("survived", [0, 1, 4])
def test_a_day_whose_packing_is_killed_stays_hot_as_a_whole(
    field: Field, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    series = fill(field)
    before = listed(everything(series))
    write, calls = chunks._write_day, iter(range(survived))

    def dying(day: date, found: runs.Rows) -> None:
        write(day, found)
        if next(calls, None) is None:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(chunks, "_write_day", dying)
        with pytest.raises(Killed):
            closing.close_days(NOW)
    assert sum(counted(series)) == len(before)
    assert places(series)["chunks"] == survived
    assert listed(everything(series)) == before
    closing.close_days(NOW)
    assert listed(everything(series)) == before


def counted(series: int) -> tuple[int, int]:
    """How many readings lie in rows, and how many in chunks."""
    stored = rows("SELECT count(*) FROM readings_reading WHERE series_id = %s", series)[0][0]
    packed = sum(Chunk.objects.filter(series_id=series).values_list("count", flat=True))
    return int(str(stored)), packed


def test_a_day_in_many_pieces_is_packed_the_same(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [fill(field, key=f"level{n}") for n in range(12)]
    before = [listed(everything(one)) for one in made]
    monkeypatch.setattr(closing, "PIECE_BYTES", 8192)
    monkeypatch.setattr(closing, "EDGES", closing.EDGES.replace("SYSTEM (2)", "SYSTEM (100)"))
    with wire.cursor() as cursor:
        assert len(closing._edges(cursor, f"readings_reading_{OLD:%Y%m%d}")) > 2
    closing.close_days(NOW)
    assert [listed(everything(one)) for one in made] == before


def test_what_comes_for_a_day_while_it_is_packed_goes_along(
    swept: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = fill(swept)
    before = dict(listed(everything(series)))
    assert wire.micros(at(6)) in before
    absorb, late = chunks.absorb_day, {wire.micros(at(2.5)): 5.0, wire.micros(at(6)): 6.0}

    def slow(day: date, found: runs.Rows) -> None:
        absorb(day, found)
        if day == OLD.date():
            writer = threading.Thread(target=tell)
            writer.start()
            writer.join()

    def tell() -> None:
        try:
            with transaction.atomic():
                swept.keep((2.5, 5.0), (6, 6.0))  # the second takes the place of another
        finally:
            connection.close()

    monkeypatch.setattr(chunks, "absorb_day", slow)
    closing.close_days(NOW)
    assert OLD.date() not in [one.since for one in partitions.existing("readings_reading")]
    assert dict(listed(everything(series))) == before | late


@pytest.fixture
def swept(transactional_db: None) -> Iterator[Field]:
    """The cast with commits; what they did to tables without foreign keys is undone."""
    known = partitions.existing("readings_reading")
    yield open_field()
    become("NONE")  # the owner: no other role may empty a table
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE readings_reading, readings_chunk, readings_loose")
    become(PIPELINE)
    for span in partitions.existing("readings_reading"):
        if span not in known:
            partitions.drop("readings_reading", span)
    for span in known:
        partitions.ensure_with_rows("readings_reading", span, bound="time")


def test_readers_and_writers_see_every_reading_while_days_are_closed(
    swept: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = fill(swept)
    before = dict(listed(everything(series)))
    monkeypatch.setattr(closing, "BATCH_READINGS", 3)
    stop, closed = threading.Event(), []

    def close() -> None:
        try:
            while not stop.is_set():
                closed.append(closing.close_days(NOW + timedelta(days=len(closed) % 4)))
        finally:
            connection.close()

    closer = threading.Thread(target=close)
    closer.start()
    late = {}
    try:
        for n in range(60):
            with transaction.atomic():
                swept.keep((n + 0.5, float(n)))
            late[wire.micros(at(n + 0.5))] = float(n)
            assert dict(listed(everything(series))) == before | late
    finally:
        stop.set()
        closer.join()
    assert sum(closed) >= 100
    closing.close_days(NOW)
    assert dict(listed(everything(series))) == before | late


def test_a_day_in_use_is_dropped_by_a_later_call(
    swept: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = fill(swept)
    monkeypatch.setattr(partitions, "WAIT_MS", 50)
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE readings_reading IN ACCESS SHARE MODE")
        closing.close_days(NOW)
        assert OLD.date() in [one.since for one in partitions.existing("readings_reading")]
    finally:
        holder.close()
    before = listed(everything(series))
    closing.close_days(NOW)
    assert OLD.date() not in [one.since for one in partitions.existing("readings_reading")]
    assert listed(everything(series)) == before


def test_a_reading_from_the_future_moves_into_its_day_when_the_day_is_made(field: Field) -> None:
    series = field.keep((0, 1.0), (40 * DAY, 2.0))
    assert places(series)["late"] == 1
    made = closing.make_partitions(NOW + timedelta(days=33))
    assert made >= 4
    assert places(series) == {"hot": 2, "late": 0, "chunks": 0}
    assert everything(series).values.tolist() == [1.0, 2.0]
    assert closing.make_partitions(NOW + timedelta(days=33)) == 0


def test_partitions_of_coming_days_and_months_are_there(field: Field) -> None:
    closing.make_partitions(NOW)
    days = [span.since for span in partitions.existing("readings_reading")]
    assert NOW.date() + timedelta(days=3) in days
    for table in closing.MONTHLY:
        months = [span.since for span in partitions.existing(table)]
        assert {date(2031, 3, 1), date(2031, 4, 1), date(2031, 5, 1)} <= set(months)


def test_chunks_of_a_deleted_device_are_pruned(field: Field) -> None:
    fill(field)
    closing.close_days(NOW)
    field.device.delete()
    assert closing.prune(NOW) == 5
    assert not Chunk.objects.exists()
