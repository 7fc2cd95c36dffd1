"""Numbers, instants and bytes as people read them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from noroshi.ui.words import ago_words, hex_words, instant_words, number_words

NOW = datetime(2026, 11, 21, 16, 14, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [
        (11.2, 1, "11.2"),
        (3, 1, "3.0"),
        (-21.55, 1, "−21.6"),
        (-0.04, 1, "0.0"),
        (2.25, 1, "2.3"),
        (1013.2, 0, "1013"),
        (20412, 0, "20,412"),
        (-20412.5, 1, "−20,412.5"),
        (1e-9, 2, "0.00"),
        (-1.5e300, 0, "−1.500E+300"),
        (Decimal("4.20"), 2, "4.20"),
        (None, 1, "—"),
        ("", 1, "—"),
        (float("nan"), 1, "—"),
        (float("inf"), 1, "—"),
        ("閉", 1, "閉"),
    ],
)
def test_a_figure_is_written_with_its_decimals_and_a_true_minus(value, decimals, written):
    assert number_words(value, decimals) == written


@given(st.floats(-1e15, 1e15, exclude_min=True, exclude_max=True), st.integers(0, 6))
def test_what_is_written_is_the_number_to_within_half_a_digit(value, decimals):
    written = number_words(value, decimals).replace(",", "").replace("−", "-")
    half = Decimal(1).scaleb(-decimals) / 2
    assert abs(Decimal(written) - Decimal(repr(value))) <= half


@pytest.mark.parametrize(
    ("style", "japanese", "english"),
    [
        ("minute", "2026/11/22(日) 01:14", "2026-11-22 (Sun) 01:14"),
        ("second", "2026/11/22(日) 01:14:09", "2026-11-22 (Sun) 01:14:09"),
        ("date", "2026/11/22(日)", "2026-11-22 (Sun)"),
        ("short", "11/22(日) 01:14", "11-22 (Sun) 01:14"),
        ("time", "01:14", "01:14"),
    ],
)
def test_an_instant_stands_in_the_zone_and_the_language_in_force(style, japanese, english):
    with timezone.override("Asia/Tokyo"):
        with translation.override("ja"):
            assert instant_words(NOW, style) == japanese
        with translation.override("en"):
            assert instant_words(NOW, style) == english


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-30), "たった今"),
        (timedelta(seconds=59), "たった今"),
        (timedelta(seconds=60), "1分前"),
        (timedelta(minutes=12, seconds=59), "12分前"),
        (timedelta(minutes=89), "89分前"),
        (timedelta(minutes=90), "1時間前"),
        (timedelta(hours=16), "16時間前"),
        (timedelta(hours=48), "2日前"),
        (timedelta(days=59), "59日前"),
        (timedelta(days=60), "2026/09/23(水)"),
        (timedelta(minutes=-5), "2026/11/22(日) 01:19"),
    ],
)
def test_an_age_is_told_in_one_unit(age, words):
    with translation.override("ja"), timezone.override("Asia/Tokyo"):
        assert ago_words(NOW - age, NOW) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"\x01\x0a\xff", "01 0A FF"),
        (memoryview(b"\x01"), "01"),
        ("010aff", "01 0A FF"),
        (b"", "—"),
        (None, "—"),
    ],
)
def test_bytes_are_pairs_of_digits(value, words):
    assert hex_words(value) == words
