"""The fault run's own thought: the same seed is the same run, and every kind of loss is seen."""

from collections import Counter
from pathlib import Path

import pytest

from noroshi.jobs import faults
from noroshi.jobs.fault_run import plan, reckon
from noroshi.jobs.fault_run.clock import NAME, Clock
from noroshi.jobs.fault_run.load import Sent, value_of
from noroshi.jobs.fault_run.mail import MoodyPostOffice
from noroshi.jobs.fault_run.reckon import Books

ALL = list(plan.WEIGHTS)


def test_the_same_seed_draws_the_same_faults() -> None:
    first, second = (plan.drawn(7, kills=60, seconds=75, can=ALL) for _ in range(2))
    assert first == second
    assert first != plan.drawn(8, kills=60, seconds=75, can=ALL)


def test_a_run_has_its_kills_in_its_time_and_none_of_what_cannot_be() -> None:
    can = [kind for kind in ALL if kind not in {plan.CLOCK, plan.DISK_FULL}]
    found = plan.drawn(1, kills=60, seconds=75, can=can)
    assert sum(one.kind in plan.KILLS for one in found) == 60
    assert [one.at_s for one in found] == sorted(one.at_s for one in found)
    assert found[0].at_s >= 0
    assert found[-1].at_s <= 75
    assert {one.kind for one in found} <= set(can)


def test_in_a_long_run_everything_happens() -> None:
    found = plan.drawn(1, kills=1000, seconds=1000, can=ALL)
    assert {one.kind for one in found} == set(ALL)
    assert {one.victim for one in found if one.kind == plan.KILL} == set(plan.PROGRAMS)
    assert {one.victim for one in found if one.kind == plan.MAIL} == set(plan.MOODS)


def test_the_command_line_makes_short_and_long_runs() -> None:
    short, long = faults.read_options([]), faults.read_options(["--minutes", "10", "--seed", "3"])
    assert (short.kills, short.seconds) == (60, 75)
    assert (long.kills, long.seconds, long.seed) == (450, 600, 3)


def good() -> tuple[Books, dict[str, Sent], MoodyPostOffice]:
    """Twelve uplinks of one terminal, all told, stored, judged and mailed."""
    numbers = list(range(12))
    values = [value_of(number) for number in numbers]
    sent = {"a": Sent({n: value_of(n) for n in numbers}, set(numbers))}
    incidents = reckon.crossings(values)
    office = MoodyPostOffice(0)
    office.taken.update(["m1", "m2"])
    mails = {"m1": "sent", "m2": "sent"}
    found = Books({"a": numbers}, {"a": values}, {"a": incidents}, mails, 12, [], {})
    return found, sent, office


def wrongs(found: Books, sent: dict[str, Sent], office: MoodyPostOffice) -> list[str]:
    return [
        *reckon.stored_wrong(found, sent),
        *reckon.readings_wrong(found, sent),
        *reckon.judged_wrong(found),
        *reckon.mailed_wrong(found, office),
    ]


def test_a_whole_day_is_found_whole() -> None:
    assert wrongs(*good()) == []
    found, sent, office = good()
    office.taken["m1"] += 1
    assert wrongs(found, sent, office) == []  # once more is allowed, and counted
    assert reckon.repeats(office) == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("counters", {"a": list(range(11))}, "1 lost: [11]"),
        ("counters", {"a": [*range(12), 3]}, "1 twice: [3]"),
        ("counters", {"a": [*range(12), 99]}, "1 never sent: [99]"),
        ("values", {"a": [1.0]}, "1 readings for 12 uplinks"),
        ("incidents", {"a": []}, "0 incidents for 1 crossings"),
        ("entries", 13, "13 entries in the journal became 12 uplinks"),
        ("troubles", [("failed", "bug", "x")], "on the exception list: failed bug x"),
        ("mails", {"m1": "sent"}, "1 mails for 2 transitions"),
        ("mails", {"m1": "sent", "m3": "sent"}, "said to be sent and never came: ['m3']"),
        ("mails", {"m1": "sent", "m2": "waiting"}, "still wait: ['m2']"),
        ("mails", {"m1": "sent", "m2": "given_up"}, "1 mails given up, 0 were refused"),
    ],
)
def test_what_is_missing_or_double_is_told(field: str, value: object, said: str) -> None:
    found, sent, office = good()
    parts = {name: getattr(found, name) for name in Books.__slots__} | {field: value}
    assert any(said in line for line in wrongs(Books(**parts), sent, office))


def test_a_mail_with_two_faces_is_told() -> None:
    found, sent, office = good()
    office.contents = {"m1": {b"a", b"b"}}
    assert any("two contents" in line for line in wrongs(found, sent, office))


def test_crossings_open_above_and_close_below_the_margin() -> None:
    assert reckon.crossings([5.0, 11.0, 9.5, 9.0, 12.0]) == [(11.0, 9.0), (12.0, None)]
    crossed = Counter(value_of(number) > reckon.LIMIT for number in range(1000))
    assert crossed == {True: 100, False: 900}


def test_clocks_jump_only_where_the_library_is_and_works(tmp_path: Path) -> None:
    assert Clock(tmp_path, [str(tmp_path)]).reason == "libfaketime is not installed"
    (tmp_path / NAME).touch()  # the loader passes by what is no library: the time stays true
    clock = Clock(tmp_path, [str(tmp_path)])
    assert clock.reason == "libfaketime does not fit this Python"
    assert clock.environment == {}
    clock.jump(-3600)
    assert (tmp_path / "clock").read_text(encoding="ascii") == "-3600\n"
