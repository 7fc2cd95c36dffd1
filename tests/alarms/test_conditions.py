"""Every kind of condition by a table of cases, both outcomes; and what holds for all of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from noroshi.alarms.conditions import (
    KINDS,
    BatteryForecast,
    BatteryLow,
    Changed,
    Clear,
    Condition,
    Count,
    Difference,
    Equals,
    HeatSum,
    Inside,
    Leaves,
    Limits,
    Link,
    Lost,
    More,
    Plan,
    Rate,
    Silence,
    Stuck,
    Temporary,
    Wbgt,
    condition_of,
    fields_of,
    more_of,
)
from noroshi.alarms.figures import DAYS_LEFT_MAX, days_left, distance_m, wbgt
from noroshi.alarms.judge import CLOSED, GONE, OPENED, TURNED, Known, Outcome, State, judge_by, miss

START = datetime(2026, 11, 22, tzinfo=UTC)
DAY = 24 * 60
OPEN, SHUT = OPENED, CLOSED
HERE = {"lat": 35.0, "lng": 137.0}
NEAR = {"lat": 35.0008, "lng": 137.0}  # 89 m away
FAR = {"lat": 35.01, "lng": 137.0}  # 1.1 km away

Told = tuple[float, Any]  # minute, one value or a tuple of them


def run(plan: Plan, told: Sequence[Told]) -> list[Outcome]:
    """What each reading made of it."""
    known, found = Known(), []
    for minute, value in told:
        values = value if isinstance(value, tuple) else (value,)
        found.append(judge_by(plan, known, START + timedelta(minutes=minute), values))
        known = found[-1].known
    return found


def transitions(plan: Plan, told: Sequence[Told]) -> list[str]:
    """The transitions alone."""
    return [one.transition for one in run(plan, told)]


def every(step: float, *values: Any) -> list[Told]:
    """Readings at equal distances in minutes."""
    return [(number * step, value) for number, value in enumerate(values)]


# Each kind: its plan, readings, transitions. The first case of a kind rings, the second does not.
CASES: list[tuple[str, Plan, Sequence[Told], Sequence[str]]] = [
    ("above", Plan("t", Limits(10.0), 1.0), every(1, 10.1, 9.5, 9.0), [OPEN, "", SHUT]),
    ("not above", Plan("t", Limits(10.0), 1.0), every(1, 10.0, 9.9), ["", ""]),
    ("below", Plan("t", Limits(None, 2.0)), every(1, 1.9, 2.0), [OPEN, SHUT]),
    ("not below", Plan("t", Limits(None, 2.0)), every(1, 2.0, 99), ["", ""]),
    ("outside", Plan("t", Limits(8.0, 2.0)), every(1, 9, 1, 5), [OPEN, TURNED, SHUT]),
    ("not outside", Plan("t", Limits(8.0, 2.0)), every(1, 2.0, 8.0), ["", ""]),
    ("inside", Plan("t", Inside(2.0, 4.0), 0.5), every(1, 2.0, 4.4, 4.6), [OPEN, "", SHUT]),
    ("not inside", Plan("t", Inside(2.0, 4.0), 0.5), every(1, 1.9, 4.1), ["", ""]),
    ("equals", Plan("t", Equals(1.0)), every(1, 1.0, 1.0, 0.0), [OPEN, "", SHUT]),
    ("not equals", Plan("t", Equals(1.0)), every(1, 0.0, 2.0), ["", ""]),
    ("equals text", Plan("t", Equals("FULL")), every(1, "FULL", "OK"), [OPEN, SHUT]),
    ("not equals text", Plan("t", Equals("FULL")), every(1, "OK", "full"), ["", ""]),
    ("changed", Plan("t", Changed(1.0)), every(1, 0.0, 1.0, 1.0, 0.0), ["", OPEN, "", SHUT]),
    ("not changed", Plan("t", Changed(1.0)), every(1, 1.0, 1.0), ["", ""]),
    ("changed held", Plan("t", Changed("B"), 0, 60), every(1, "A", "B", "B"), ["", "", OPEN]),
    ("changed back", Plan("t", Changed("B"), 0, 60), every(1, "A", "B", "A"), ["", "", ""]),
    (
        "rises", Plan("t", Rate(5.0, 600)), every(5, 10, 12, 15.0, 17.5, 17.5),
        ["", "", OPEN, "", SHUT],
    ),
    ("rises by the digit", Plan("t", Rate(0.3, 600)), every(5, 0.1, 0.4), ["", OPEN]),
    ("rises slowly", Plan("t", Rate(5.0, 600)), every(5, 10, 12, 14, 16, 18), [""] * 5),
    ("falls", Plan("t", Rate(5.0, 600, "down")), every(5, 10, 5), ["", OPEN]),
    ("rises, not falls", Plan("t", Rate(5.0, 600, "down")), every(5, 5, 10), ["", ""]),
    ("either", Plan("t", Rate(5.0, 600, "either")), every(5, 10, 5, 12), ["", OPEN, TURNED]),
    (
        "difference", Plan("t", Difference("u", 3.0), 1.0),
        every(1, (10, 8), (12, 8), (11, None), (10, 8)), ["", OPEN, "", SHUT],
    ),
    ("no difference", Plan("t", Difference("u", 3.0)), every(1, (10, 8), (10, None)), ["", ""]),
    ("one alone", Plan("t", Difference("u", 3.0)), every(1, (99, None), (99, None)), ["", ""]),
    ("too old", Plan("t", Difference("u", 3.0)), [(0, (1, 1)), (121, (9, None))], ["", ""]),
    ("stuck", Plan("t", Stuck(3600)), every(20, 5, 5, 5, 5, 5.1), ["", "", "", OPEN, SHUT]),
    ("moves", Plan("t", Stuck(3600)), every(20, 5, 5, 5.1, 5, 5), [""] * 5),
    ("hardly moves", Plan("t", Stuck(3600, 0.2)), every(30, 5, 5.2, 4.9), ["", "", OPEN]),
    ("two readings are no proof", Plan("t", Stuck(3600)), every(90, 5, 5), ["", ""]),
    ("battery", Plan("b", BatteryLow(20.0), 5.0), every(1, 19, 24, 100), [OPEN, "", SHUT]),
    ("battery is well", Plan("b", BatteryLow(20.0), 5.0), every(1, 20, 100), ["", ""]),
    (
        "battery ends soon", Plan("b", BatteryForecast(30)),
        [*every(DAY, *(30.0 - day for day in range(9))), (9 * DAY, 100.0)],
        ["", "", "", "", "", "", "", OPEN, "", SHUT],
    ),
    (
        "battery ends later", Plan("b", BatteryForecast(30)),
        every(DAY, *(50.0 - day for day in range(9))), [""] * 9,
    ),
    ("battery lasts", Plan("b", BatteryForecast(30)), every(DAY, *([50.0] * 12)), [""] * 12),
    (
        "link", Plan("@", Link("rssi", -120, 3), 3),
        every(1, -125, -99, -125, -118, -118, -110, -110), ["", "", OPEN, "", "", "", SHUT],
    ),
    ("one bad uplink", Plan("@", Link("rssi", -120, 3)), every(1, -99, -140, -99, -99), [""] * 4),
    ("lost", Plan("@", Lost(3, 10)), every(1, 1, 2, 6, 7, 8, 17), ["", "", OPEN, "", "", ""]),
    ("lost none", Plan("@", Lost(3, 10)), every(1, 1, 2, 5, 6, 6, 7), [""] * 6),
    (
        "lost and mended", Plan("@", Lost(3, 6)), every(1, 1, 5, 6, 7, 8, 9),
        ["", OPEN, "", "", SHUT, ""],
    ),
    ("counts anew", Plan("@", Lost(3, 10)), every(1, 4000, 4001, 1, 2), [""] * 4),
    (
        "leaves", Plan("p", Leaves(35, 137, 100), 20), every(1, HERE, FAR, NEAR, HERE),
        ["", OPEN, "", SHUT],
    ),
    ("stays", Plan("p", Leaves(35, 137, 100)), every(1, HERE, NEAR), ["", ""]),
    ("no position", Plan("p", Leaves(35, 137, 100)), every(1, {"lat": None}, 5.0), ["", ""]),
    (
        "m of n", Plan("t", Count(2, 3, upper=10)), every(1, 11, 5, 11, 5, 5),
        ["", "", OPEN, SHUT, ""],
    ),
    ("too few of n", Plan("t", Count(2, 3, upper=10)), every(1, 11, 5, 5, 11, 5), [""] * 5),
    (
        "m in a time", Plan("t", Count(2, within_s=600, upper=0.5)), every(4, 1, 0, 1, 0, 0),
        ["", "", OPEN, SHUT, ""],
    ),
    (
        "too few in a time", Plan("t", Count(2, within_s=600, upper=0.5)), every(10, 1, 1, 1),
        ["", "", ""],
    ),
    (
        "heat sum", Plan("t", HeatSum(40, date(2026, 11, 22))), every(DAY, 15, 15, 15, 15),
        ["", "", "", OPEN],
    ),
    (
        "heat sum over a base", Plan("t", HeatSum(40, date(2026, 11, 22), 10)),
        every(DAY, *[15] * 8), [""] * 8,
    ),
    (
        "heat sum is told once", Plan("t", HeatSum(20, date(2026, 11, 22))),
        every(DAY, *[15] * 5), ["", "", OPEN, SHUT, ""],
    ),
    (
        "before the heat sum's day", Plan("t", HeatSum(1, date(2027, 1, 1))),
        every(DAY, 15, 15), ["", ""],
    ),
    (
        "wbgt", Plan("t", Wbgt("h", 28), 0.5), every(1, (33, 70), (31.8, 70), (29, 60)),
        [OPEN, "", SHUT],
    ),
    ("cool", Plan("t", Wbgt("h", 28)), every(1, (28, 60), (None, 65)), ["", ""]),
    ("the sun makes it hot", Plan("t", Wbgt("h", 28, in_sun=True)), every(1, (30, 60)), [OPEN]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "told", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_condition_rings_or_does_not(
    plan: Plan, told: Sequence[Told], wanted: Sequence[str]
) -> None:
    assert transitions(plan, told) == list(wanted)


def test_every_kind_has_a_case_that_rings_and_one_that_does_not() -> None:
    ringing = {
        type(plan.condition) for _, plan, told, _ in CASES if OPEN in transitions(plan, told)
    }
    quiet = {type(plan.condition) for _, plan, told, _ in CASES if not any(transitions(plan, told))}
    assert ringing | {Silence} == set(KINDS.values())  # silence is not told by a reading
    assert quiet | {Silence} == set(KINDS.values())


@pytest.mark.parametrize(
    ("plan", "told", "value", "limit"),
    [
        (Plan("t", Limits(10.0)), every(1, 11.0), 11.0, 10.0),
        (Plan("t", Rate(5.0, 600, "down")), every(5, 10, 4), -6.0, 5.0),
        (Plan("t", Difference("u", 3.0)), every(1, (12, 8)), 4.0, 3.0),
        (Plan("t", Stuck(3600)), every(30, 5, 5, 5), 3600.0, 3600.0),
        (Plan("@", Lost(3, 10)), every(1, 1, 6), 4.0, 3.0),
        (Plan("t", Count(2, 3, upper=10)), every(1, 11, 11), 2.0, 2.0),
        (Plan("t", HeatSum(20, date(2026, 11, 22))), every(DAY, 15, 15, 15), 30.0, 20.0),
    ],
)
def test_an_alarm_says_the_figure_that_was_compared(
    plan: Plan, told: Sequence[Told], value: float, limit: float
) -> None:
    last = run(plan, told)[-1]
    assert (last.transition, last.value, last.limit) == (OPENED, value, limit)


def test_an_alarm_may_end_by_a_condition_of_its_own() -> None:
    more = More(clear=Clear(upper=8.0, hold_s=600))
    told = every(5, 11, 9, 8.0, 8.5, 7, 7, 7)
    #  the margin is not asked; 8.5 interrupts the ten minutes
    assert transitions(Plan("t", Limits(10.0), 1.0, 0, more), told) == [OPEN, *[""] * 5, SHUT]
    assert transitions(Plan("t", Limits(10.0), 1.0), told) == [OPEN, SHUT, *[""] * 5]


def test_a_temporary_limit_ends_by_itself() -> None:
    since, until = START + timedelta(minutes=2), START + timedelta(minutes=4)
    other = Plan("t", Limits(10.0), 0, 0, More(temporary=Temporary(since, until, upper=20.0)))
    assert transitions(other, every(1, 5, 11, 11, 11, 11)) == ["", OPEN, SHUT, "", OPEN]
    rest = Plan("t", Limits(10.0), 0, 0, More(temporary=Temporary(since, until)))
    assert transitions(rest, every(1, 5, 5, 11, 11, 11, 5)) == ["", "", "", "", OPEN, SHUT]


@pytest.mark.parametrize(
    ("plan", "state", "after", "transition"),
    [
        (Plan("", Silence()), State(), State("alarm", GONE, START), OPENED),
        (Plan("", Silence()), State("alarm", GONE, START), State("alarm", GONE, START), ""),
        (Plan("t", Limits(1.0)), State(), State("unknown"), ""),
        (Plan("t", Limits(1.0)), State("pending", "upper", START), State("unknown"), ""),
        (Plan("t", Limits(1.0)), State("alarm", "upper"), State("alarm", "upper"), ""),
        (
            Plan("t", Limits(1.0), more=More(missing="alarm")),
            State(), State("alarm", GONE, START), OPENED,
        ),
        (
            Plan("t", Limits(1.0), more=More(missing="normal")),
            State("alarm", "upper"), State("unknown"), CLOSED,
        ),
    ],
)  # fmt: skip
def test_missing_data_mean_what_the_rule_says(
    plan: Plan, state: State, after: State, transition: str
) -> None:
    outcome = miss(plan, Known(state), START)
    assert (outcome.known.state, outcome.transition) == (after, transition)


def test_what_was_gone_is_over_with_the_next_uplink() -> None:
    gone = Known(State("alarm", GONE, START))
    assert judge_by(Plan("", Silence()), gone, START, (1.0,)).transition == CLOSED
    still = Plan("t", Limits(1.0), more=More(missing="alarm", clear=Clear(hold_s=600)))
    assert judge_by(still, gone, START, (0.5,)).transition == CLOSED
    assert judge_by(still, gone, START, (1.5,)).transition == TURNED


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_condition_and_its_memory_survive_the_database(
    case: tuple[str, Plan, Sequence[Told], Sequence[str]],
) -> None:
    plan = case[1]
    kind = str(plan.condition.__struct_config__.tag)
    stored: object = msgspec.json.decode(msgspec.json.encode(fields_of(plan.condition)))
    again: Condition = condition_of(kind, stored)
    assert again == plan.condition
    memory = run(plan, case[2])[-1].known.memory
    assert msgspec.json.decode(msgspec.json.encode(memory), type=type_of_memory()) == memory


def type_of_memory() -> Any:
    """The type as the state's reader takes it."""
    return tuple[tuple[float, float], ...]


def test_options_that_say_nothing_are_stored_as_nothing() -> None:
    assert msgspec.to_builtins(More()) == {}
    assert more_of({}) == More()
    told = More(missing="alarm", clear=Clear(upper=8.0))
    assert more_of(msgspec.to_builtins(told)) == told


def test_sums_are_right() -> None:
    assert round(wbgt(33, 70), 1) == 29.6
    assert round(distance_m((35.0, 137.0), (36.0, 137.0)) / 1000, 1) == 111.2
    assert days_left([(day, 50.0 - day) for day in range(10)], 0.0) == pytest.approx(41)
    assert days_left([(day, 50.0) for day in range(10)], 0.0) == DAYS_LEFT_MAX
