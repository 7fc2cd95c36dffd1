"""How many mails a recipient gets: a few at once, many as one, none beyond the hour's limit."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from noroshi.alarms.pacing import (
    AT_ONCE,
    GATHERED,
    HOUR,
    MINUTE,
    PAUSED,
    Lately,
    Limits,
    gathered,
    way_of,
)

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
LIMITS = Limits(5, 60)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_a_few_alarms_go_at_once() -> None:
    lately = Lately()
    for second in range(5):
        way = way_of(lately, LIMITS, 1, after(second))
        assert (way.how, way.due_at) == (AT_ONCE, None)
        lately = way.lately
    way = way_of(lately, LIMITS, 1, after(5))
    assert (way.how, way.due_at) == (GATHERED, after(15))
    assert way_of(way.lately, LIMITS, 1, after(14)).due_at == after(15)


def test_a_mass_alarm_is_one_mail_after_ten_seconds_and_one_a_minute_while_it_goes_on() -> None:
    way = way_of(Lately(), LIMITS, 2000, START)
    assert (way.how, way.due_at) == (GATHERED, after(10))
    sent = gathered(way.lately, LIMITS, after(10))
    assert sent.how == AT_ONCE
    way = way_of(sent.lately, LIMITS, 2000, after(12))
    assert (way.how, way.due_at) == (GATHERED, after(70))


def test_the_minute_begins_anew() -> None:
    way = way_of(Lately(), LIMITS, 5, START)
    assert way_of(way.lately, LIMITS, 5, START + MINUTE).how == AT_ONCE


def test_over_the_hours_limit_there_is_one_last_mail_and_then_a_pause() -> None:
    limits = Limits(100, 3)
    way = way_of(Lately(), limits, 3, START)
    assert way.how == AT_ONCE
    way = way_of(way.lately, limits, 1, after(1))
    assert (way.how, way.due_at, way.is_first_pause) == (PAUSED, START + HOUR, True)
    way = way_of(way.lately, limits, 1, after(2))
    assert (way.how, way.due_at, way.is_first_pause) == (PAUSED, START + HOUR, False)
    assert gathered(way.lately, limits, after(3)).how == PAUSED
    assert way_of(way.lately, limits, 1, START + HOUR).how == AT_ONCE


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 50)), max_size=80),
    st.integers(1, 20),
    st.integers(1, 40),
)
def test_nobody_gets_more_than_the_limits_say(
    steps: list[tuple[int, int]], singles: int, hourly: int
) -> None:
    limits, lately, now = Limits(singles, hourly), Lately(), START
    mails: list[datetime] = []
    due: datetime | None = None
    for pause, count in steps:
        now += timedelta(seconds=pause)
        if due is not None and now >= due:
            way = gathered(lately, limits, now)
            lately, due = way.lately, None if way.how == AT_ONCE else way.due_at
            mails += [now] * (way.how == AT_ONCE)
        way = way_of(lately, limits, count, now)
        lately = way.lately
        if way.how == AT_ONCE:
            assert count <= singles
            mails += [now] * count
        else:
            assert way.due_at is not None
            assert now < way.due_at <= now + HOUR
            due = way.due_at if due is None else min(due, way.due_at)
    for end in mails:
        window = [at for at in mails if end - HOUR < at <= end]
        assert len(window) <= 2 * hourly  # the hours begin with their first mail
