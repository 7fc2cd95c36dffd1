"""What holds for any condition and any readings: one alarm at a time, and no flapping."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from noroshi.alarms.conditions import (
    BatteryForecast,
    BatteryLow,
    Changed,
    Clear,
    Condition,
    Count,
    Difference,
    Equals,
    HeatSum,
    Hours,
    Inside,
    Limits,
    Link,
    Lost,
    More,
    Plan,
    Rate,
    Stuck,
    Wbgt,
)
from noroshi.alarms.judge import ALARM, CLOSED, EASING, OPENED, TURNED, Known, judge_by
from noroshi.alarms.looks import WINDOW_MAX

START = datetime(2026, 11, 20, tzinfo=UTC)
CONDITIONS: list[Condition] = [
    Limits(10.0, 2.0), Inside(2.0, 4.0), Equals(3.0), Changed(3.0), Rate(3.0, 3600, "either"),
    Difference("u", 3.0, -3.0), Stuck(1800, 1.0), BatteryLow(4.0), BatteryForecast(30),
    Link("rssi", 5.0, 3), Lost(2, 8), Count(2, 4, upper=8.0, lower=2.0),
    Count(3, within_s=3600, upper=5.0), HeatSum(20.0, date(2026, 11, 20)), Wbgt("u", 5.0),
]  # fmt: skip
plans = st.builds(
    lambda condition, margin, hold_s, clear_s, hours: Plan(
        "t", condition, margin, hold_s, More(clear=Clear(hold_s=clear_s), hours=hours)
    ),
    st.sampled_from(CONDITIONS),
    st.floats(0, 2),
    st.integers(0, 3600),
    st.integers(0, 3600),
    st.sampled_from([None, Hours(8 * 60, 20 * 60), Hours(20 * 60, 8 * 60, (0, 2, 4), "never")]),
)
values = st.one_of(st.none(), st.integers(0, 14).map(float))
readings = st.lists(
    st.tuples(st.integers(1, 90), st.integers(0, 14).map(float), values), min_size=1, max_size=80
)
Step = tuple[datetime, str, Known]


def run(plan: Plan, told: list[tuple[int, float, float | None]]) -> list[Step]:
    """When each reading was measured, what it did, and what is known after it."""
    at, known, steps = START, Known(), []
    for minutes, value, other in told:
        at += timedelta(minutes=minutes)
        outcome = judge_by(plan, known, at, (value, other)[: len(plan.keys)])
        known = outcome.known
        steps.append((at, outcome.transition, known))
    return steps


@given(plans, readings)
def test_alarms_open_and_close_in_turn(
    plan: Plan, told: list[tuple[int, float, float | None]]
) -> None:
    is_open = False
    for _at, transition, known in run(plan, told):
        assert not transition or is_open == (transition != OPENED)
        if transition:
            is_open = transition != CLOSED
        assert is_open == (known.state.phase in {ALARM, EASING})


@given(plans, readings)
def test_no_rule_opens_twice_within_its_judgement_time(
    plan: Plan, told: list[tuple[int, float, float | None]]
) -> None:
    opened = [at for at, transition, _ in run(plan, told) if transition in {OPENED, TURNED}]
    for earlier, later in pairwise(opened):
        assert later - earlier >= timedelta(seconds=plan.hold_s)


@given(plans, readings)
def test_no_alarm_ends_before_it_was_back_for_as_long_as_asked_for(
    plan: Plan, told: list[tuple[int, float, float | None]]
) -> None:
    clear = plan.more.clear
    assert clear is not None
    opened_at = START
    for at, transition, _known in run(plan, told):
        if transition in {CLOSED, TURNED}:
            assert at - opened_at >= timedelta(seconds=clear.hold_s)
        if transition in {OPENED, TURNED}:
            opened_at = at


@given(plans, readings)
def test_what_is_remembered_stays_small(
    plan: Plan, told: list[tuple[int, float, float | None]]
) -> None:
    for _at, _transition, known in run(plan, told):
        assert len(known.memory) <= WINDOW_MAX + 2


def test_a_long_fast_window_stays_small_and_still_knows_its_ends() -> None:
    plan = Plan("t", Rate(9.5, 24 * 3600))
    known, at = Known(), START
    for second in range(3000):
        at += timedelta(seconds=20)
        known = judge_by(plan, known, at, (1.0 if second == 100 else 5.0,)).known
        assert len(known.memory) <= WINDOW_MAX + 2
    assert judge_by(plan, known, at + timedelta(seconds=1), (10.4,)).transition == ""
    assert judge_by(plan, known, at + timedelta(seconds=1), (10.5,)).transition == OPENED
