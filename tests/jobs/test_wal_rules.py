"""Rules of the received log: when commits wait, what is behind, what is kept and refused."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from noroshi.base import environment
from noroshi.jobs import restore
from noroshi.jobs.backing import course, keep, standing, strands
from noroshi.jobs.backing.manifest import Backup, Holding, Ledger, Manifest
from noroshi.jobs.backing.strands import Received

SEEN = standing.Standing(True, False, 1000, 1000, 1000, True, "")  # noqa: FBT003


@pytest.mark.parametrize(
    ("seen", "is_wanted", "gone_s", "verdict"),
    [
        (SEEN, True, 0, True),
        (SEEN, False, 0, None),
        (replace(SEEN, names="somebody_elses"), True, 0, None),
        (replace(SEEN, is_streaming=False), True, 3, None),
        (replace(SEEN, written=1 << 30), True, 0, None),
        (replace(SEEN, names="noroshi_wal"), True, 0, None),
        (replace(SEEN, names="noroshi_wal"), False, 0, False),
        (replace(SEEN, names="noroshi_wal", is_streaming=False), True, 9, None),
        (replace(SEEN, names="noroshi_wal", is_streaming=False), True, 11, False),
    ],
)
def test_commits_wait_for_a_receiver_that_is_near_and_not_for_one_that_is_gone(
    seen: standing.Standing,
    is_wanted: bool,  # noqa: FBT001
    gone_s: float,
    verdict: bool | None,  # noqa: FBT001
) -> None:
    of = course.Course(100.0)
    of.see(SEEN, 100.0)
    of.see(seen, 100.0 + gone_s)
    assert course.verdict(of, seen, 100.0 + gone_s, is_wanted=is_wanted) is verdict


def test_how_far_behind_counts_from_the_oldest_that_is_not_received() -> None:
    of, told = course.Course(0.0), 0.0
    for at, written, received in ((1.0, 10, 10), (2.0, 20, 10), (5.0, 40, 10), (6.0, 40, 30)):
        of.see(replace(SEEN, written=written, received=received), at)
        told = of.behind_s(at)
    assert told == 1.0  # 40 was written at 5
    of.see(replace(SEEN, written=40, received=40), 7.0)
    assert of.behind_s(9.0) == 0.0


def test_only_what_was_wholly_received_is_written_down_as_received() -> None:
    of, now = course.Course(0.0), datetime.now(UTC)
    later = now + timedelta(seconds=5)
    assert of.passed(replace(SEEN, inserted=5000, received=1000), now) is None
    assert of.passed(replace(SEEN, inserted=9000, received=4000), later) is None
    assert of.passed(replace(SEEN, inserted=9000, received=5000), later) == Received(5000, now)
    assert of.passed(replace(SEEN, inserted=9000, received=9000), later) == Received(9000, later)


def a_base(folder: Path, made_at: datetime, segment: int, timeline: int = 1) -> Backup:
    """A base backup whose log begins in this segment, and nothing else of one."""
    place = folder / f"noroshi-{made_at:%Y%m%dT%H}"
    place.mkdir(parents=True)
    ranges = [{"Timeline": timeline, "Start-LSN": f"0/{segment:X}000028", "End-LSN": "0/0"}]
    (place / strands.MANIFEST).write_text(json.dumps({"WAL-Ranges": ranges}))
    empty = Holding({}, Ledger(0, 0, ""))
    return Backup(
        place,
        Manifest(
            form="base",
            made_at=made_at,
            took_s=1,
            version="1",
            server=180006,
            schema={},
            secret="",
            before=empty,
            after=empty,
            files=[],
        ),
    )


def a_strand(folder: Path, begun_at: datetime, *segments: int) -> strands.Strand:
    strand = strands.begin(folder, 7, 1, begun_at)
    for number in segments:
        (strand.folder / f"0000000100000000{number:08X}").write_bytes(b"")
        os.truncate(strand.folder / f"0000000100000000{number:08X}", 1 << 24)
    return strand


@pytest.mark.parametrize(
    ("days", "kept", "gone"), [(7, [4, 5, 6, 7], 3), (0, [2, 3, 4, 5, 6, 7], 1), (1, [6, 7], 5)]
)
def test_log_is_kept_as_far_back_as_the_days_that_are_wanted_need_it(
    tmp_path: Path, days: int, kept: list[int], gone: int
) -> None:
    now = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    strand = a_strand(tmp_path, now - timedelta(days=40), *range(1, 8))
    ages = {30: 2, 9: 4, 5: 5, 2: 6, 0: 7}
    bases = [a_base(tmp_path, now - timedelta(days=age), at) for age, at in ages.items()]
    assert strands.prune(tmp_path, bases, days=days, now=now) == gone
    assert [int(path.name, 16) & 0xFF for path in strand.segments()] == kept


def test_a_strand_that_no_kept_backup_needs_goes_and_the_newest_stays(tmp_path: Path) -> None:
    now = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    old = a_strand(tmp_path, now - timedelta(days=9), 1, 2)
    new = a_strand(tmp_path, now - timedelta(days=1), 5, 6)
    assert strands.prune(tmp_path, [], days=7, now=now) == 0
    base = a_base(tmp_path, now - timedelta(days=5), 2)
    assert strands.strand_of(base) == old
    assert strands.prune(tmp_path, [base], days=7, now=now) == 1
    assert strands.prune(tmp_path, [a_base(tmp_path, now, 6)], days=7, now=now) == 2
    assert strands.all_in(tmp_path) == [new]
    assert len(new.segments()) == 1
    elsewhere = a_base(tmp_path, now + timedelta(days=1), 6, timeline=2)
    assert strands.strand_of(elsewhere) is None


def test_of_a_day_on_which_a_strand_ended_the_backup_before_stays_too(tmp_path: Path) -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    old = a_strand(tmp_path, now - timedelta(days=1), 1, 2, 3)
    before = [a_base(tmp_path, now - timedelta(hours=9 - n), n) for n in (1, 2, 3)]
    a_strand(tmp_path, now - timedelta(hours=2), 7)
    after = a_base(tmp_path, now - timedelta(hours=1), 7)
    assert strands.strand_of(before[0]) == old
    also = strands.ends_of([*before, after], days=7, now=now)
    gone = keep.prune([*before, after], daily=7, weekly=5, also=also)
    assert gone == [before[1]]
    assert strands.ends_of([before[0], after], days=0, now=now) == []


def test_places_of_the_log_and_names_of_segments_go_both_ways() -> None:
    for text in ("0/16B3748", "1A/FF000028"):
        assert strands.text_of(strands.lsn_of(text)) == text
    lsn = strands.lsn_of("1A/FF000028")
    name = strands.name_of(3, lsn, 1 << 24)
    assert name == "000000030000001A000000FF"
    assert strands.number_of(name, 1 << 24) == lsn >> 24
    assert strands.number_of(strands.name_of(3, lsn, 1 << 26), 1 << 26) == lsn >> 26


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"NOROSHI_WAL": "1"}, "NOROSHI_BACKUP_FORM=base"),
        ({"NOROSHI_WAL": "1", "NOROSHI_BACKUP_FOLDER": "/b"}, "NOROSHI_BACKUP_FORM=base"),
        ({"NOROSHI_WAL_SYNC": "1"}, "needs NOROSHI_WAL=1"),
        ({"NOROSHI_WAL_URL": "postgresql://noroshi_wal@far.example/postgres"}, "without TLS"),
    ],
)
def test_settings_that_cannot_protect_anything_are_refused(env: dict[str, str], said: str) -> None:
    with pytest.raises(environment.BadSetting, match=said):
        environment.read(env)


def test_a_moment_is_said_in_japans_time() -> None:
    assert restore.moment("2026-11-23 02:30") == datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
    assert restore.moment("2026-11-23 02:30:07").second == 7
    with pytest.raises(ValueError, match="2026-11-23"):
        restore.moment("2026-11-23")
