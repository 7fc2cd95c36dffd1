"""How long data are kept, by the calendar of Japan."""

from datetime import date, timedelta
from random import Random

import pytest

from noroshi.contracts.period import BadPeriod, Period
from noroshi.contracts.period import parse as period_of
from noroshi.retention.scope import Scope, period_words


def scope(text: str) -> Scope:
    return Scope(period_of(text), "a contract")


@pytest.mark.parametrize(
    ("text", "came", "last"),
    [
        ("P1Y", date(2027, 11, 22), date(2028, 11, 22)),
        ("P1Y", date(2028, 2, 29), date(2029, 2, 28)),
        ("P4Y", date(2028, 2, 29), date(2032, 2, 29)),
        ("P1M", date(2027, 1, 31), date(2027, 2, 28)),
        ("P3Y", date(2027, 11, 22), date(2030, 11, 22)),
        ("P90D", date(2027, 11, 22), date(2028, 2, 20)),
        ("P1Y6M1D", date(2027, 8, 31), date(2029, 3, 1)),
    ],
)
def test_what_came_on_a_day_is_kept_to_the_end_of_its_last(
    text: str, came: date, last: date
) -> None:
    assert period_of(text).last_day(came) == last
    assert scope(text).first_kept(last) <= came
    assert scope(text).first_kept(last + timedelta(days=1)) > came
    assert scope(text).out_on(came + timedelta(days=1)) == last + timedelta(days=1)


@pytest.mark.parametrize("seed", range(8))
def test_the_first_day_kept_is_kept_and_the_day_before_is_not(seed: int) -> None:
    random = Random(seed)
    for _ in range(300):
        period = Period(random.choice([0, 1, 7, 12, 36]), random.choice([0, 1, 28, 90, 400]))
        if not (period.months or period.days):
            continue
        today = date(2026, 1, 1) + timedelta(days=random.randrange(5_000))
        first = Scope(period, "").first_kept(today)
        assert period.last_day(first) >= today
        assert all(period.last_day(first - timedelta(days=n)) < today for n in range(1, 40))


@pytest.mark.parametrize(
    "text", ["", "P", "1Y", "P1", "PT1H", "P0D", "P-1Y", "P1Y ", "P1y", "P1D1Y"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(BadPeriod):
        period_of(text)


def test_a_period_says_itself() -> None:
    assert [str(period_of(one)) for one in ("P1Y", "P18M", "P14D")] == ["P1Y", "P1Y6M", "P14D"]


@pytest.mark.parametrize(
    ("text", "words"), [("P1Y", "1年"), ("P18M", "1年6か月"), ("P90D", "90日")]
)
def test_a_period_is_said_in_words(text: str, words: str) -> None:
    assert period_words(text) == words
