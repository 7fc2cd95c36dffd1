"""Make every character of a text visible in print: spell out what the paper's font cannot draw."""

import re
import struct
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

# A letter and the marks above it, typed as separate characters (as a Mac's file names have them).
_MARKED = re.compile("[^\\s][\u0300-\u036f\u3099\u309a]+")
_PLAIN_BREAKS = {"\n", "\t"}


def printable(text: str, font: Path) -> str:
    """The text with each character the font lacks, or nobody sees, written as 〔U+1F600〕.

    Line ends, tabs and variation selectors stay. Invisible ones such as a change of the writing
    direction are spelled out too: what is printed as somebody's words must hide nothing.
    """
    known = characters_of(font)
    joined = _MARKED.sub(lambda found: unicodedata.normalize("NFC", found.group()), text)
    return "".join(
        letter if _is_drawn(letter, known) else f"〔U+{ord(letter):04X}〕" for letter in joined
    )


def _is_drawn(letter: str, known: frozenset[int]) -> bool:
    code = ord(letter)
    if letter in _PLAIN_BREAKS or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return True
    return code in known and unicodedata.category(letter) not in {"Cc", "Cf", "Zl", "Zp"}


@lru_cache(maxsize=4)
def characters_of(font: Path) -> frozenset[int]:
    """All code points a TrueType font has a glyph for. Raises ValueError for another file."""
    body = font.read_bytes()
    try:
        tables, start = struct.unpack_from(">H", body, 4)[0], -1
        for number in range(tables):
            tag, _, offset, _ = struct.unpack_from(">4sLLL", body, 12 + 16 * number)
            start = offset if tag == b"cmap" else start
        count = struct.unpack_from(">H", body, start + 2)[0] if start >= 0 else 0
        found: set[int] = set()
        for number in range(count):
            offset = start + struct.unpack_from(">HHL", body, start + 4 + 8 * number)[2]
            found.update(_of_subtable(body, offset))
    except struct.error as error:
        raise ValueError(f"not a font: {font.name}") from error
    if not found:
        raise ValueError(f"not a font: {font.name}")
    return frozenset(found)


def _of_subtable(body: bytes, at: int) -> Iterator[int]:
    kind = struct.unpack_from(">H", body, at)[0]
    if kind == 4:
        yield from _of_segments(body, at)
    elif kind == 12:
        for number in range(struct.unpack_from(">L", body, at + 12)[0]):
            first, last, glyph = struct.unpack_from(">LLL", body, at + 16 + 12 * number)
            yield from (code for code in range(first, last + 1) if glyph + code - first)


def _of_segments(body: bytes, at: int) -> Iterator[int]:
    """Format 4: runs of the first 65,536 characters, each with a shift or a list of glyphs."""
    count = struct.unpack_from(">H", body, at + 6)[0] // 2
    lasts, firsts = at + 14, at + 16 + 2 * count
    shifts, lists = firsts + 2 * count, firsts + 4 * count
    for number in range(count):
        last, first, shift, way = (
            struct.unpack_from(">H", body, column + 2 * number)[0]
            for column in (lasts, firsts, shifts, lists)
        )
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if way:
                place = lists + 2 * number + way + 2 * (code - first)
                glyph = struct.unpack_from(">H", body, place)[0]
                if not glyph:
                    continue
            if (glyph + shift) & 0xFFFF:
                yield code
