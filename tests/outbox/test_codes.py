"""The codes in our own addresses: only our keys make them, old keys still read them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.outbox import codes
from noroshi.outbox.codes import Code


@pytest.fixture(autouse=True)
def domain(settings: Any) -> None:
    settings.RETURN_DOMAIN = "back.example.jp"


def local(way: str, number: int) -> str:
    return codes.address(way, number).partition("@")[0]


def test_an_address_names_its_message_to_us_and_fits_into_an_envelope() -> None:
    for number in (0, 1, 35, 36, 2**63 - 1):
        address = codes.address(codes.BOUNCE, number)
        assert address.endswith("@back.example.jp")
        assert len(address.partition("@")[0]) <= 64
        assert codes.read(local(codes.BOUNCE, number)) == Code("b", number)


def test_a_server_that_changes_the_case_changes_nothing() -> None:
    assert codes.read(local(codes.ANSWER, 4711).upper()) == Code("a", 4711)


def test_a_code_for_answers_is_none_for_bounces() -> None:
    forged = "b" + local(codes.ANSWER, 4711)[1:]
    assert codes.read(forged) is None


def test_a_code_of_one_message_says_nothing_about_another() -> None:
    way, _number, mac = local(codes.BOUNCE, 4711).split("-")
    assert codes.read(f"{way}-{codes._base36(4712)}-{mac}") is None


@given(st.text(max_size=60) | st.from_regex(r"[ba]-[0-9a-z]{1,13}-[a-z2-7]{16}", fullmatch=True))
def test_no_text_that_somebody_thinks_of_is_a_code(text: str) -> None:
    assert codes.read(text) is None


def test_a_code_of_the_key_before_is_read_and_one_of_a_forgotten_key_is_not(settings: Any) -> None:
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key, which is as long as it must be"
    settings.SECRET_KEY_FALLBACKS = [old]
    kept = local(codes.BOUNCE, 7)
    settings.SECRET_KEY = old
    older = local(codes.BOUNCE, 7)
    assert kept != older
    settings.SECRET_KEY = "another key, which is as long as it must be"
    assert codes.read(older) == Code("b", 7)
    settings.SECRET_KEY_FALLBACKS = []
    assert codes.read(older) is None
    assert codes.read(kept) == Code("b", 7)


def test_where_no_mail_comes_back_there_is_no_address(settings: Any) -> None:
    settings.RETURN_DOMAIN = ""
    assert codes.address(codes.BOUNCE, 1) == ""
