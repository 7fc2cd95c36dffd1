"""How long nothing could be heard: what overlaps counts once, and only within the time asked."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from noroshi.alarms.awake import Span, between, deaf_for
from tests.alarms.conftest import at

MINUTES = some.integers(0, 200)
SPANS = some.lists(some.tuples(MINUTES, MINUTES).map(sorted), max_size=6)


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ([], 0),
        ([(10, 30)], 20),
        ([(10, 30), (20, 40)], 30),
        ([(10, 60), (20, 30), (55, 70)], 60),
        ([(-50, 10), (90, 500)], 20),
        ([(-50, -10), (200, 300)], 0),
    ],
)
def test_the_time_in_which_nothing_could_be_heard(
    spans: list[tuple[int, int]], wanted: int
) -> None:
    found = deaf_for([(at(begin), at(end)) for begin, end in spans], at(0), at(100))
    assert found == timedelta(minutes=wanted)


@given(SPANS, MINUTES, MINUTES)
def test_it_is_as_many_minutes_as_lie_in_any_span(
    spans: list[list[int]], first: int, second: int
) -> None:
    since, until = sorted((first, second))
    deaf = {minute for begin, end in spans for minute in range(begin, end)}
    wanted = len(deaf & set(range(since, until)))
    asked: list[Span] = [(at(begin), at(end)) for begin, end in spans]
    assert deaf_for(asked, at(since), at(until)) == timedelta(minutes=wanted)


def test_our_own_outages_lie_between_the_stretches() -> None:
    stretches = [(at(0), at(10)), (at(30), at(40)), (at(40), at(50)), (at(90), at(95))]
    assert between(stretches) == [(at(10), at(30)), (at(50), at(90))]
    assert between([]) == []
