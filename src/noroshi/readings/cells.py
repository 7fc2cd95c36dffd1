"""CSV cells as bytes: numbers and local times by the ten thousand, texts made harmless one by one.

Many cells are held as a matrix of bytes, a row a cell, with NUL for "nothing here": such matrices
are set side by side and the NULs left out at the end.
"""

import codecs
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, timedelta, tzinfo
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noroshi.base.wire import moment

GETA = "〓"  # what a Japanese printer sets for a letter it lacks
# What makes a spreadsheet take a cell for a formula; the last is what CP932 reads back as －.
FORMULA_STARTS = "=+-@\t\r\n\0|＝＋－＠\N{MINUS SIGN}"
DECIMALS_MAX = 9
EXACT_MAX = 2.0**53
DAY_S = 86_400
SLOT_US = 900_000_000  # clocks change at quarters of an hour at the finest
DAY_SLOTS = 96
DAY_US = DAY_SLOTS * SLOT_US
EPOCH_DAY = date(1970, 1, 1)

Matrix = NDArray[np.uint8]


def _geta(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return GETA * (error.end - error.start), error.end


codecs.register_error("geta", _geta)


def encoded(text: str, encoding: str) -> bytes:
    """The text in an encoding; a character that it lacks becomes 〓 (or ? where 〓 lacks too)."""
    errors = "geta" if encoding == "cp932" else "replace"
    return text.encode(encoding.removesuffix("-sig"), errors)


def lacking(text: str, encoding: str) -> list[str]:
    """The characters of the text that the encoding lacks, in order."""
    name = encoding.removesuffix("-sig")
    return [char for char in text if char.encode(name, "ignore") == b""]


def text_cell(text: str, encoding: str) -> bytes:
    """A quoted cell that no spreadsheet runs: what looks like a formula gets an apostrophe."""
    safe = f"'{text}" if is_formula(text) else text
    return encoded('"' + safe.replace("\0", "").replace('"', '""') + '"', encoding)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could take the text for a formula, after blanks that it may skip."""
    for char in text:
        if char in FORMULA_STARTS:
            return True
        if not (char.isspace() or unicodedata.category(char) in {"Cf", "Cc"}):
            return False
    return False


def loose_text(value: Any) -> str:
    """A text or a position as one cell's text: latitude, longitude and altitude by blanks."""
    if isinstance(value, Mapping):
        parts = [value.get(name) for name in ("lat", "lng", "alt")]
        return " ".join(str(part) for part in parts if part is not None)
    return str(value)


def text_matrix(cells: "list[bytes]") -> Matrix:
    """Encoded cells side by side."""
    if not cells:
        return np.zeros((0, 1), dtype=np.uint8)
    width = max(1, max(map(len, cells)))
    return np.array(cells, dtype=f"S{width}").view(np.uint8).reshape(len(cells), width)


def number_matrix(values: NDArray[np.float64], decimals: int) -> Matrix:
    """Numbers with at least `decimals` decimals, and as many more as a value needs to come back."""
    parts = []
    left = np.arange(len(values))
    for places in range(min(decimals, DECIMALS_MAX), DECIMALS_MAX + 1):
        if not len(left):
            break
        whole, fits = _scaled(values[left], places)
        parts.append((left[fits], _digits(whole[fits], places)))
        left = left[~fits]
    if len(left):
        parts.append((left, text_matrix([repr(one).encode() for one in values[left].tolist()])))
    if len(parts) == 1:
        return parts[0][1]
    matrix = np.zeros((len(values), max((p.shape[1] for _, p in parts), default=1)), dtype=np.uint8)
    for where, part in parts:
        matrix[where, : part.shape[1]] = part
    return matrix


def time_matrix(times_us: NDArray[np.int64], zone: tzinfo) -> Matrix:
    """2026/11/22 01:14:05 in the zone; what is below a second is left out."""
    if not len(times_us):
        return np.zeros((0, 19), dtype=np.uint8)
    seconds = times_us // 1_000_000 + _offsets_s(times_us, zone)
    days = seconds // DAY_S
    known, which_day = np.unique(days, return_inverse=True)
    names = [f"{EPOCH_DAY + timedelta(days=day):%Y/%m/%d} ".encode() for day in known.tolist()]
    matrix = np.empty((len(times_us), 19), dtype=np.uint8)
    matrix[:, :11] = text_matrix([name.rjust(11, b"0") for name in names])[which_day]
    matrix[:, 11:] = _clock()[seconds - days * DAY_S]
    return matrix


def _offsets_s(times_us: NDArray[np.int64], zone: tzinfo) -> NDArray[np.int64]:
    """How far ahead the zone's clocks are at each time; no day has two changes of them."""
    days, which = np.unique(times_us // DAY_US, return_inverse=True)
    at_begin = _each_offset_s(days * DAY_SLOTS, zone)
    is_changing = (at_begin != _each_offset_s((days + 1) * DAY_SLOTS, zone))[which]
    offsets = at_begin[which]
    if is_changing.any():
        slots, which = np.unique(times_us[is_changing] // SLOT_US, return_inverse=True)
        offsets[is_changing] = _each_offset_s(slots, zone)[which]
    return offsets


def _each_offset_s(slots: NDArray[np.int64], zone: tzinfo) -> NDArray[np.int64]:
    return np.array([_offset_s(slot, zone) for slot in slots.tolist()], dtype=np.int64)


def _offset_s(slot: int, zone: tzinfo) -> int:
    offset = moment(slot * SLOT_US).astimezone(UTC).astimezone(zone).utcoffset()
    return round(offset.total_seconds()) if offset else 0


@cache
def _clock() -> Matrix:
    """HH:MM:SS of every second of a day."""
    times = [
        f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}".encode()
        for second in range(DAY_S)
    ]
    return text_matrix(times)


def _scaled(
    values: NDArray[np.float64], places: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The values as whole multiples of 10^-places, and which of them come back exactly."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * 10.0**places)
        is_small = np.abs(scaled) < EXACT_MAX
        whole = np.where(is_small, scaled, 0.0).astype(np.int64)
    back = whole / 10.0**places
    return whole, is_small & (back.view(np.int64) == values.view(np.int64))


def _digits(whole: NDArray[np.int64], places: int) -> Matrix:
    """Whole multiples of 10^-places as decimal digits; the sign stands apart, before NULs."""
    rest = np.abs(whole)
    largest = int(rest.max(initial=0))
    if largest < 2**32:
        rest = rest.astype(np.uint32)
    count = max(places + 1, len(str(largest)))
    matrix = np.zeros((len(whole), 1 + count + (places > 0)), dtype=np.uint8)
    matrix[:, 0] = np.where(whole < 0, ord("-"), 0)
    column = matrix.shape[1] - 1
    for place in range(count):
        if place == places and places:
            matrix[:, column] = ord(".")
            column -= 1
        following = rest // 10
        digit = (rest - following * 10 + ord("0")).astype(np.uint8)
        matrix[:, column] = digit if place <= places else np.where(rest > 0, digit, 0)
        column -= 1
        rest = following
    return matrix
