"""Numbers, times and durations of mails, in both languages."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from noroshi.alarms import words
from noroshi.devices.models import Quantity

CELSIUS = Quantity(unit="℃", decimals=1)
MM = Quantity(unit="mm", decimals=0)
NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "quantity", "japanese", "english"),
    [
        (11.2, CELSIUS, "11.2℃", "11.2℃"),
        (2.25, CELSIUS, "2.3℃", "2.3℃"),
        (-0.04, CELSIUS, "0.0℃", "0.0℃"),
        (-4.0, CELSIUS, "-4.0℃", "-4.0℃"),
        (120.0, MM, "120mm", "120 mm"),
        (1.5, None, "1.5", "1.5"),
        (1e300, CELSIUS, "1e+300℃", "1e+300℃"),
    ],
)
def test_a_value_is_written_with_its_unit(
    value: float, quantity: Quantity | None, japanese: str, english: str
) -> None:
    with translation.override("ja"):
        assert words.number(value, quantity) == japanese
    with translation.override("en"):
        assert words.number(value, quantity) == english


@pytest.mark.parametrize(
    ("length", "japanese", "english"),
    [
        (timedelta(minutes=40), "40分", "40 min"),
        (timedelta(minutes=80), "1時間20分", "1 h 20 min"),
        (timedelta(hours=51, minutes=3), "2日3時間", "2 d 3 h"),
        (timedelta(seconds=90), "1分", "1 min"),
        (timedelta(seconds=30), "30秒", "30 s"),
        (timedelta(0), "0秒", "0 s"),
        (timedelta(days=2), "2日", "2 d"),
    ],
)
def test_a_duration_has_at_most_two_parts(length: timedelta, japanese: str, english: str) -> None:
    with translation.override("ja"):
        assert words.duration(length) == japanese
    with translation.override("en"):
        assert words.duration(length) == english


def test_a_time_of_another_day_has_its_date() -> None:
    assert words.time(NOW, now=NOW) == "10:15"
    assert words.time(NOW - timedelta(days=1), now=NOW) == "11/21 10:15"


def test_the_day_is_written_as_people_read_it() -> None:
    with translation.override("ja"):
        assert words.day_and_time(NOW) == "11月22日(日) 10:15"
    with translation.override("en"):
        assert words.day_and_time(NOW) == "Sun 22 Nov 10:15"


@given(st.floats(allow_nan=True), st.floats(allow_nan=True), st.integers(0, 6))
def test_any_float_can_be_written(value: float, limit: float, decimals: int) -> None:
    assert words.number(value, Quantity(unit="℃", decimals=decimals), unlike=limit).endswith("℃")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_one_line_is_one_line(text: str) -> None:
    line = words.one_line(text)
    assert len(line.splitlines()) <= 1
    assert not any(character < " " for character in line)
