"""The judge, by a table of cases and by what must hold for any readings."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.alarms.judge import CLOSED, OPENED, TURNED, Bounds, State, judge

START = datetime(2026, 11, 22, tzinfo=UTC)
UP = Bounds(upper=10.0, lower=None, margin=1.0, hold_s=0)
HELD = Bounds(upper=10.0, lower=None, margin=1.0, hold_s=600)
BOTH = Bounds(upper=10.0, lower=2.0, margin=0.5, hold_s=0)
BOTH_HELD = Bounds(upper=10.0, lower=2.0, margin=0.5, hold_s=600)


def run(bounds: Bounds, readings: list[tuple[float, float]]) -> list[str]:
    """The transitions of readings (minute, value), each empty or named."""
    state, found = State(), []
    for minute, value in readings:
        verdict = judge(bounds, state, value, START + timedelta(minutes=minute))
        state = verdict.state
        found.append(verdict.transition)
    return found


@pytest.mark.parametrize(
    ("bounds", "values", "transitions"),
    [
        (UP, [9.9, 10.0, 9.0], ["", "", ""]),  # the limit itself is normal
        (UP, [10.1, 9.5, 10.1, 9.0], [OPENED, "", "", CLOSED]),  # the margin holds the alarm
        (UP, [11, 9.01, 9.0, 11], [OPENED, "", CLOSED, OPENED]),
        (BOTH, [1.9, 2.4, 2.5], [OPENED, "", CLOSED]),
        (BOTH, [10.1, 1.9, 5.0], [OPENED, TURNED, CLOSED]),
        (BOTH, [1.9, 10.1, 5.0], [OPENED, TURNED, CLOSED]),
    ],
)
def test_a_limit_without_judgement_time_opens_at_once(
    bounds: Bounds, values: list[float], transitions: list[str]
) -> None:
    assert run(bounds, list(enumerate(values))) == transitions


@pytest.mark.parametrize(
    ("bounds", "readings", "transitions"),
    [
        (HELD, [(0, 11), (9, 11), (10, 11)], ["", "", OPENED]),  # at exactly ten minutes
        (HELD, [(0, 11), (60, 11)], ["", OPENED]),  # a slow device
        (HELD, [(0, 11), (5, 9.9), (10, 11), (19, 11), (20, 11)], ["", "", "", "", OPENED]),
        (BOTH_HELD, [(0, 11), (5, 1), (10, 1), (15, 1)], ["", "", "", OPENED]),  # other side
        (
            BOTH_HELD,
            [(0, 11), (10, 11), (11, 1), (20, 1), (21, 1)],
            ["", OPENED, CLOSED, "", OPENED],
        ),
    ],
)  # fmt: skip
def test_a_limit_with_judgement_time_opens_when_the_time_is_over(
    bounds: Bounds, readings: list[tuple[float, float]], transitions: list[str]
) -> None:
    assert run(bounds, readings) == transitions


def test_an_alarm_says_since_when_the_value_was_beyond() -> None:
    first = judge(HELD, State(), 11, START)
    second = judge(HELD, first.state, 12, START + timedelta(minutes=10))
    assert second.state.since == START


def test_a_limit_that_was_taken_away_holds_no_alarm() -> None:
    only_lower = Bounds(upper=None, lower=2.0, margin=0, hold_s=0)
    assert judge(only_lower, State("alarm", "upper", START), 99, START).transition == CLOSED


bounds_ = st.builds(
    lambda low, span, margin, hold, sides: Bounds(
        upper=low + span if sides != "lower" else None,
        lower=low if sides != "upper" else None,
        margin=margin,
        hold_s=hold,
    ),
    st.floats(-50, 50), st.floats(0.5, 50), st.floats(0, 5), st.integers(0, 1800),
    st.sampled_from(["upper", "lower", "both"]),
)  # fmt: skip
readings_ = st.lists(
    st.tuples(st.floats(0.1, 60), st.floats(-120, 120)), min_size=1, max_size=60
).map(lambda steps: [(sum(s for s, _ in steps[: i + 1]), v) for i, (_, v) in enumerate(steps)])


@given(bounds_, readings_)
def test_alarms_open_and_close_in_turn(bounds: Bounds, readings: list[tuple[float, float]]) -> None:
    is_open = False
    for transition in run(bounds, readings):
        if transition == OPENED:
            assert not is_open
            is_open = True
        elif transition in {CLOSED, TURNED}:
            assert is_open
            is_open = transition == TURNED


@given(bounds_, readings_)
def test_an_alarm_opens_only_after_the_judgement_time_beyond_the_limit(
    bounds: Bounds, readings: list[tuple[float, float]]
) -> None:
    state = State()
    for minute, value in readings:
        at = START + timedelta(minutes=minute)
        verdict = judge(bounds, state, value, at)
        state = verdict.state
        if verdict.transition in {OPENED, TURNED}:
            beyond = (bounds.upper is not None and value > bounds.upper) or (
                bounds.lower is not None and value < bounds.lower
            )
            assert beyond
            assert state.since is not None
            assert at - state.since >= timedelta(seconds=bounds.hold_s)


@given(st.floats(0.1, 5), st.lists(st.floats(-0.99, 0.99), max_size=50))
def test_a_value_that_wavers_within_the_margin_opens_once(
    margin: float, wobbles: list[float]
) -> None:
    bounds = Bounds(upper=10.0, lower=None, margin=margin, hold_s=0)
    readings = [(0.0, 11.0 + margin)]
    readings += [(i + 1.0, 10.0 + wobble * margin) for i, wobble in enumerate(wobbles)]
    assert run(bounds, readings) == [OPENED] + [""] * len(wobbles)


@given(bounds_, readings_)
def test_between_two_openings_of_one_side_lies_the_judgement_time(
    bounds: Bounds, readings: list[tuple[float, float]]
) -> None:
    opened = [
        minute
        for (minute, _), transition in zip(readings, run(bounds, readings), strict=True)
        if transition == OPENED
    ]
    for earlier, later in pairwise(opened):
        assert (later - earlier) * 60 >= bounds.hold_s - 1e-6
