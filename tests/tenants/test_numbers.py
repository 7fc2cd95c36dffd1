"""Numbers of Japan: known good ones pass, every slip of one digit is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.tenants import numbers
from noroshi.tenants.numbers import NotSuchANumber

# Published by their owners: the National Tax Agency, and the list of municipalities' codes.
CORPORATE = ("7000012050002",)
MUNICIPALITIES = ("011002", "131016", "141003", "221309", "231002", "271004", "401307", "472018")
READERS = (numbers.corporate_number, numbers.municipality_code, numbers.postcode, numbers.phone)


def is_good(read: object, text: str) -> bool:
    try:
        read(text)  # type: ignore[operator]
    except NotSuchANumber:
        return False
    return True


@pytest.mark.parametrize("number", CORPORATE)
def test_a_known_corporate_number_is_one(number: str) -> None:
    assert numbers.corporate_number(number) == number
    full_width = number.translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    assert (
        numbers.corporate_number(f" {full_width[0]}－{full_width[1:5]} {full_width[5:]}") == number
    )


@pytest.mark.parametrize("number", MUNICIPALITIES)
def test_a_known_municipality_is_one(number: str) -> None:
    assert numbers.municipality_code(number) == number


@given(st.sampled_from(MUNICIPALITIES), st.integers(0, 5), st.integers(1, 9))
def test_a_slip_in_a_municipality_code_is_found(number: str, place: int, by: int) -> None:
    slipped = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    # The check digits 10 and 0 are both written 0: those two are the published rule's own gap.
    total = sum(int(d) * w for d, w in zip(slipped, (6, 5, 4, 3, 2), strict=False))
    is_gap = int(slipped[5]) == (11 - total % 11) % 10
    assert is_good(numbers.municipality_code, slipped) == (is_gap and 1 <= int(slipped[:2]) <= 47)
    if place == 5:
        assert not is_good(numbers.municipality_code, slipped)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 9))
def test_of_ten_first_digits_exactly_one_makes_a_corporate_number(rest: str, n: int) -> None:
    read = numbers.corporate_number
    good = [str(first) for first in range(10) if is_good(read, f"{first}{rest}")]
    assert len(good) == 1
    assert good[0] != "0"
    # Nine lies in every weight's modulus: 0 and 9 in one place are the rule's own blind spot.
    place = n % 12
    for other in set("123456789") - {rest[place], "9" if rest[place] == "0" else "0"}:
        slipped = good[0] + rest[:place] + other + rest[place + 1 :]
        if not (rest[place] in "09" and other in "09"):
            assert not is_good(read, slipped)


@given(st.text())
def test_whatever_is_typed_is_plain_or_refused(text: str) -> None:
    for read in READERS:
        try:
            plain = read(text)
        except NotSuchANumber:
            continue
        assert plain.isascii()
        assert read(plain) == plain


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("４６０－０００８", "460-0008"), ("〒4600008", "460-0008"), ("460 0008", "460-0008")],
)
def test_a_postcode_is_written_one_way(typed: str, plain: str) -> None:
    assert numbers.postcode(typed) == plain


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("０５２（１２３）４５６７", "052-123-4567"),
        ("09012345678", "09012345678"),
        ("+81 52 123 4567", "+81-52-123-4567"),
    ],
)
def test_a_telephone_number_keeps_its_groups(typed: str, plain: str) -> None:
    assert numbers.phone(typed) == plain


@pytest.mark.parametrize("typed", ["", "12345", "52-123-4567", "052-123-456a", "+1", "0" * 12])
def test_what_nobody_can_call_is_refused(typed: str) -> None:
    assert not is_good(numbers.phone, typed)
