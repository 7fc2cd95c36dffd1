"""Numbers that Japan gives to businesses and places: make them plain, test their check digits."""

import re
import unicodedata

CORPORATE_DIGITS = 13
MUNICIPALITY_DIGITS = 6
POSTCODE_DIGITS = 7
PREFECTURES = range(1, 48)
WEIGHTS = (6, 5, 4, 3, 2)  # of the first five digits
PHONE_DIGITS = range(10, 12)
PHONE_ABROAD_DIGITS = range(8, 16)

_SPACES_AND_DASHES = re.compile(r"[\s‐‑‒–—―−ーｰ-]+")
_PHONE_MARKS = re.compile(r"[\s()‐‑‒–—―−ーｰ-]+")
_DIGITS = re.compile(r"[0-9]+")


class NotSuchANumber(ValueError):
    """The text is not a number of the kind asked for."""


def corporate_number(text: str) -> str:
    """The 13 digits of a 法人番号, without marks; raises NotSuchANumber.

    The first digit is 9 - (sum of Pn * Qn mod 9): Pn the n-th of the other twelve counted from the
    right, Qn 1 for odd n and 2 for even n (National Tax Agency).
    """
    digits = _digits_of(text, CORPORATE_DIGITS)
    total = sum(
        int(digit) * (1 if place % 2 else 2) for place, digit in enumerate(reversed(digits[1:]), 1)
    )
    if int(digits[0]) != 9 - total % 9:
        raise NotSuchANumber
    return digits


def municipality_code(text: str) -> str:
    """The 6 digits of a 全国地方公共団体コード, the last its check digit; raises NotSuchANumber."""
    digits = _digits_of(text, MUNICIPALITY_DIGITS)
    if int(digits[:2]) not in PREFECTURES:
        raise NotSuchANumber
    total = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=False))
    if int(digits[5]) != (11 - total % 11) % 10:
        raise NotSuchANumber
    return digits


def postcode(text: str) -> str:
    """A 郵便番号 as 123-4567; raises NotSuchANumber."""
    digits = _digits_of(text.replace("〒", ""), POSTCODE_DIGITS)
    return f"{digits[:3]}-{digits[3:]}"


def phone(text: str) -> str:
    """A telephone number in plain digits and hyphens, as it was grouped; raises NotSuchANumber."""
    groups = _PHONE_MARKS.split(unicodedata.normalize("NFKC", text).strip())
    shown = "-".join(group for group in groups if group)
    digits = shown.replace("-", "")
    if digits.startswith("+"):
        is_one = _is_digits(digits[1:]) and len(digits) - 1 in PHONE_ABROAD_DIGITS
    else:
        is_one = _is_digits(digits) and digits.startswith("0") and len(digits) in PHONE_DIGITS
    if not is_one:
        raise NotSuchANumber
    return shown


def _digits_of(text: str, count: int) -> str:
    """The digits of a text that holds nothing but `count` of them, dashes and spaces."""
    digits = _SPACES_AND_DASHES.sub("", unicodedata.normalize("NFKC", text))
    if not _is_digits(digits) or len(digits) != count:
        raise NotSuchANumber
    return digits


def _is_digits(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None
