"""What a spool's files promise: whole records come back in order, whatever happened to the rest."""

import errno
import os
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.gate import spool as gate_spool
from noroshi.gate.row import Row
from noroshi.gate.spool import Spool, SpoolFull
from noroshi.gate.spool_format import MARK, Damage, pack, unpack

OURS, THEIRS = uuid.uuid4(), uuid.uuid4()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
BODIES = st.one_of(st.binary(max_size=60), st.just(MARK), st.just(MARK * 3 + b"\0" * 12))
ROWS = st.builds(
    Row,
    key=st.uuids(),
    slice=st.integers(0, 15),
    connection_id=st.integers(1, 2**31 - 1),
    received_at=st.integers(0, 4_000_000_000_000_000).map(
        lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    ),
    event=TEXTS,
    address=TEXTS,
    content_type=TEXTS,
    query=TEXTS,
    body=BODIES,
)


def a_row(number: int) -> Row:
    """A row told from others by its number."""
    now = datetime.now(UTC)
    return Row(uuid.uuid4(), 1, 7, now, "up", f"A{number}", "text/plain", "", b"body")


def carried(spool: Spool) -> list[Row]:
    """All rows in the order of the drain; the spool is empty then."""
    rows: list[Row] = []
    while (file := spool.oldest()) is not None:
        segment = spool.read(file)
        rows += segment.rows
        spool.remove(file, segment)
    return rows


@given(st.lists(ROWS, max_size=6))
def test_what_was_packed_is_unpacked(rows: list[Row]) -> None:
    segment = unpack(b"".join(map(pack, rows)))
    assert segment.rows == rows
    assert segment.damages == []


@given(st.lists(ROWS, min_size=1, max_size=3), st.data())
def test_a_byte_that_flips_costs_its_own_record_and_no_other(
    rows: list[Row], data: st.DataObject
) -> None:
    records = [pack(row) for row in rows]
    whole = bytearray(b"".join(records))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    ends = [sum(map(len, records[: n + 1])) for n in range(len(records))]
    hurt = next(n for n, end in enumerate(ends) if at < end)
    segment = unpack(bytes(whole))
    assert segment.rows == rows[:hurt] + rows[hurt + 1 :]
    assert segment.damages == [Damage(ends[hurt] - len(records[hurt]), ends[hurt])]
    assert segment.is_damaged == (hurt < len(rows) - 1)


def test_a_tail_torn_at_any_byte_is_found_and_all_before_it_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [a_row(number) for number in range(3)]
    last = len(pack(rows[2]))
    for left in range(last):
        place = tmp_path / str(left)
        spool = Spool(place, 1 << 20)
        spool.open(OURS)
        spool.append(map(pack, rows))
        spool.close()
        (file,) = place.glob("*/*.spool1")
        os.truncate(file, file.stat().st_size - last + left)
        caplog.clear()
        again = Spool(place, 1 << 20)
        again.open(OURS)
        assert carried(again) == rows[:2]
        assert caplog.text.count("torn tail") == (1 if left else 0)
        if left:
            assert f"{left} bytes" in caplog.text
        again.close()
        assert list(place.glob("*/*.spool1")) == []


def test_a_file_damaged_in_the_middle_stays_for_those_who_want_to_look(tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(3)]
    spool = Spool(tmp_path, 1 << 20)
    spool.open(OURS)
    spool.append(map(pack, rows))
    (file,) = tmp_path.glob("*/*.spool1")
    data = bytearray(file.read_bytes())
    data[len(pack(rows[0])) + 20] ^= 1
    file.write_bytes(data)
    assert carried(spool) == [rows[0], rows[2]]
    assert [each.suffix for each in file.parent.glob("0*")] == [".damaged"]
    assert spool.is_empty
    spool.close()


def test_rows_keep_their_order_over_many_files_and_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_spool, "SEGMENT_BYTES_MAX", 300)
    rows = [a_row(number) for number in range(40)]
    for part in (rows[:25], rows[25:]):
        spool = Spool(tmp_path, 1 << 20)
        spool.open(OURS)
        for row in part:
            spool.append([pack(row)])
        spool.close()
    assert len(list(tmp_path.glob("*/*.spool1"))) > 10
    again = Spool(tmp_path, 1 << 20)
    again.open(OURS)
    assert again.size == sum(len(pack(row)) for row in rows)
    assert carried(again) == rows
    assert again.size == 0
    again.close()


def test_two_gates_hold_two_folders_and_the_next_takes_what_the_dead_left(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, 1 << 20), Spool(tmp_path, 1 << 20)
    rows = [a_row(number) for number in range(2)]
    for spool, row in zip((first, second), rows, strict=True):
        spool.open(OURS)
        spool.append([pack(row)])
    third = Spool(tmp_path, 1 << 20)
    third.open(OURS)
    assert third.is_empty, "it took what living gates hold"
    for spool in (first, second, third):
        spool.close()
    heir = Spool(tmp_path, 1 << 20)
    heir.open(OURS)
    assert carried(heir) == rows
    heir.close()


def test_a_full_spool_takes_nothing_until_there_is_room(tmp_path: Path) -> None:
    record = pack(a_row(1))
    spool = Spool(tmp_path, len(record) * 2)
    spool.open(OURS)
    spool.append([record])
    spool.append([record])
    assert spool.room == 0
    with pytest.raises(SpoolFull):
        spool.append([record])
    assert len(carried(spool)) == 2
    spool.append([record])
    spool.close()


@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_what_the_disk_did_not_take_counts_for_nothing_and_a_new_file_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    rows = [a_row(number) for number in range(3)]
    spool = Spool(tmp_path, 1 << 20)
    spool.open(OURS)
    spool.append([pack(rows[0])])
    whole_write, calls = os.write, iter([20])

    def fail(descriptor: int, data: bytes = b"") -> int:
        if data and (count := next(calls, 0)):
            return whole_write(descriptor, data[:count])  # a part gets there before the disk fails
        raise OSError(errno.EIO, "a failing disk")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(OSError, match="failing disk"):
            spool.append([pack(rows[1])])
    spool.append([pack(rows[2])])
    assert len(list(tmp_path.glob("*/*.spool1"))) == 2
    assert carried(spool) == [rows[0], rows[2]]
    spool.close()


def test_what_belongs_to_another_database_is_left_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = pack(a_row(1))
    theirs = Spool(tmp_path, 1 << 20)
    theirs.open(THEIRS)
    theirs.append([record])
    theirs.close()
    ours = Spool(tmp_path, 1 << 20)
    ours.open(OURS)
    assert ours.is_empty
    assert ours.strange == len(record)
    assert f"{len(record)} bytes in {tmp_path} belong to another database" in caplog.text
    ours.adopt()
    assert caplog.text.count("another database") == 1, "once is enough"
    ours.append([pack(a_row(2))])
    ours.close()
    theirs.open(THEIRS)
    assert [row.address for row in carried(theirs)] == ["A1"]
    theirs.close()


def test_an_empty_folder_goes_to_whoever_comes_and_one_without_a_mark_is_ours(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path, 1 << 20)
    spool.open(THEIRS)
    spool.open(OURS)
    assert [folder.name for folder in tmp_path.iterdir()] == ["0"]
    assert (tmp_path / "0" / "database").read_text() == str(OURS)
    spool.close()
    old = tmp_path / "1"  # as a version before marks left it
    old.mkdir()
    (old / "000000000001.spool1").write_bytes(pack(a_row(1)))
    spool.open(OURS)
    assert [row.address for row in carried(spool)] == ["A1"]
    spool.close()
    (tmp_path / "0" / "database").write_bytes(b"\xff torn")
    (tmp_path / "0" / "000000000001.spool1").write_bytes(pack(a_row(2)))
    spool.open(OURS)
    assert spool.strange, "nobody can tell whose it is"
    spool.close()


def test_a_living_gate_takes_over_what_a_dead_one_left_and_has_room_all_the_same(
    tmp_path: Path,
) -> None:
    record = pack(a_row(1))
    dead, living = Spool(tmp_path, len(record) * 3), Spool(tmp_path, len(record) * 3)
    for spool in (dead, living):
        spool.open(OURS)
    for number in (1, 2, 3):
        dead.append([pack(a_row(number))])
    assert living.adopt() == 0, "it still lives"
    living.append([pack(a_row(4))])
    dead.close()
    assert living.adopt() == 3 * len(record)
    assert living.size == 4 * len(record)
    assert living.room == 2 * len(record)
    living.append([pack(a_row(5))])
    first = living.oldest()
    living.append([pack(a_row(6))])
    assert first is not None
    assert [row.address for row in living.read(first).rows] == ["A4", "A5"]
    assert [row.address for row in carried(living)] == ["A4", "A5", "A1", "A2", "A3", "A6"]
    assert living.adopt() == 0
    living.close()
