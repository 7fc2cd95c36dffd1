"""Sigfox's "custom payload config": a line of field definitions, and payloads read by it."""

import re
import struct
from dataclasses import dataclass
from functools import lru_cache

FORMAT_CHARS_MAX = 2_000
FIELDS_MAX = 100
BYTE_INDEX_MAX = 255
TEXT_BYTES_MAX = 255
TOP_BIT = 7  # start bit of a field that names none: the most significant

_NAME = re.compile(r"[A-Za-z0-9#_-]+")
_DIGITS = re.compile(r"[0-9]{1,3}")
_ENDIANS = {"": False, "big-endian": False, "little-endian": True}


class BadFormat(Exception):
    """The text is no payload format: a stable reason, and the character where it went wrong.

    Reasons: empty, too_long, bad_name, same_name, bad_index, bad_type, bad_width, bad_endian,
    bad_start_bit, too_many_parts.
    """

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} at {position}")
        self.reason = reason
        self.position = position


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where it begins (byte and bit, bit 7 first) and how many bits it takes."""

    name: str
    kind: str  # bool, char, float, uint, int
    byte: int
    start_bit: int
    bits: int
    little: bool
    doubt: str  # "" or why the networks' own papers disagree about it


@lru_cache(maxsize=1024)
def parse_format(text: str) -> tuple[Field, ...]:
    """Read a format such as ``b1::bool:7 t:1:int:16:little-endian``; raises BadFormat."""
    if len(text) > FORMAT_CHARS_MAX:
        raise BadFormat("too_long", FORMAT_CHARS_MAX)
    fields: list[Field] = []
    place = _Place()
    names: set[str] = set()
    for word in re.finditer(r"\S+", text):
        field = _parse_field(word.group(), word.start(), place)
        if field.name in names:
            raise BadFormat("same_name", word.start())
        if len(fields) >= FIELDS_MAX:
            raise BadFormat("too_long", word.start())
        names.add(field.name)
        fields.append(field)
    if not fields:
        raise BadFormat("empty", 0)
    return tuple(fields)


def decode(fields: tuple[Field, ...], payload: bytes) -> dict[str, bool | int | float | str]:
    """Read the fields from a payload; those that run past its end are left out."""
    values: dict[str, bool | int | float | str] = {}
    for field in fields:
        bits = _bits_of(field, payload)
        if bits is not None:
            values[field.name] = _value_of(field, bits)
    return values


def doubts(fields: tuple[Field, ...], payload: bytes) -> tuple[str, ...]:
    """Warnings on what was read: "@past_end name", and "@reason name" for disputed rules."""
    disputed = [f"@{field.doubt} {field.name}" for field in fields if field.doubt]
    missing = [f"@past_end {field.name}" for field in fields if _end_byte(field) > len(payload)]
    return tuple(disputed + missing)


def _bits_of(field: Field, payload: bytes) -> int | None:
    """The field's bits as a number, or None where the payload ends before it does."""
    end = _end_byte(field)
    if end > len(payload):
        return None
    chunk = payload[field.byte : end]
    whole = int.from_bytes(chunk, "little" if field.little else "big")
    below = len(chunk) * 8 - (TOP_BIT - field.start_bit) - field.bits
    return (whole >> below) & ((1 << field.bits) - 1)


def _end_byte(field: Field) -> int:
    """The byte after the last one that the field touches."""
    return field.byte + (TOP_BIT - field.start_bit + field.bits + 7) // 8


def _value_of(field: Field, bits: int) -> bool | int | float | str:
    if field.kind == "bool":
        return bool(bits)
    if field.kind == "int":
        return bits - (1 << field.bits) if bits >> (field.bits - 1) else bits
    if field.kind == "float":
        raw = bits.to_bytes(field.bits // 8, "big")
        return float(struct.unpack(">f" if field.bits == 32 else ">d", raw)[0])
    if field.kind == "char":
        text = bits.to_bytes(field.bits // 8, "big").rstrip(b"\x00")
        return text.decode("utf-8", "replace").replace("\x00", "")
    return bits


class _Place:
    """Where a field without a byte index begins."""

    def __init__(self) -> None:
        self.current = 0  # last byte used
        self.following = 0  # byte after it
        self.after_offset = False  # the field before named a start bit
        self.after_other = False  # the field before was no bool

    def of(self, kind: str) -> tuple[int, str]:
        """Byte and doubt of the next field of this kind."""
        if kind == "bool":
            return self.current, "bool_byte_disputed" if self.after_other else ""
        return self.current if self.after_offset else self.following, ""

    def move(self, field: Field, *, has_offset: bool) -> None:
        self.following = _end_byte(field)
        self.current = self.following - 1
        self.after_offset = has_offset
        self.after_other = field.kind != "bool"


def _parse_field(word: str, at: int, place: _Place) -> Field:
    parts = word.split(":")
    starts = [at + sum(len(part) + 1 for part in parts[:number]) for number in range(len(parts))]
    if not _NAME.fullmatch(parts[0]):
        raise BadFormat("bad_name", at)
    if len(parts) < 3:
        raise BadFormat("bad_type", at + len(word))
    kind = parts[2]
    options = list(zip(parts[3:], starts[3:], strict=True))
    bits, little, start_bit = _parse_type(kind, options, starts[2])
    if parts[1]:
        byte, doubt = _number(parts[1], 0, BYTE_INDEX_MAX, ("bad_index", starts[1])), ""
    else:
        byte, doubt = place.of(kind)
    field = Field(
        name=parts[0],
        kind=kind,
        byte=byte,
        start_bit=TOP_BIT if start_bit is None else start_bit,
        bits=bits,
        little=little,
        doubt=doubt or _doubt(kind, bits, start_bit, little=little),
    )
    place.move(field, has_offset=start_bit is not None and kind != "bool")
    return field


def _parse_type(kind: str, options: list[tuple[str, int]], at: int) -> tuple[int, bool, int | None]:
    """Bits, little-endian, start bit as written (None when absent)."""
    if kind not in ("bool", "char", "float", "uint", "int"):
        raise BadFormat("bad_type", at)
    if not options:
        raise BadFormat("bad_width", at + len(kind))
    (size, size_at), rest = options[0], options[1:]
    if kind == "bool":
        _end_here(rest)
        return 1, False, _number(size, 0, 7, ("bad_start_bit", size_at))
    if kind == "char":
        _end_here(rest[1:])
        return (
            8 * _number(size, 1, TEXT_BYTES_MAX, ("bad_width", size_at)),
            False,
            _start_bit(rest),
        )
    bits = _number(size, 1, 64, ("bad_width", size_at))
    if kind == "float" and bits not in (32, 64):
        raise BadFormat("bad_width", size_at)
    little = False
    # Some write the start bit straight after the width, without the endianness.
    if rest and not _DIGITS.fullmatch(rest[0][0]):
        if rest[0][0] not in _ENDIANS:
            raise BadFormat("bad_endian", rest[0][1])
        little, rest = _ENDIANS[rest[0][0]], rest[1:]
    _end_here(rest[1:])
    return bits, little, _start_bit(rest)


def _start_bit(options: list[tuple[str, int]]) -> int | None:
    if not options or not options[0][0]:
        return None
    return _number(options[0][0], 0, 7, ("bad_start_bit", options[0][1]))


def _end_here(options: list[tuple[str, int]]) -> None:
    if options:
        raise BadFormat("too_many_parts", options[0][1])


def _number(text: str, low: int, high: int, blame: tuple[str, int]) -> int:
    if not _DIGITS.fullmatch(text) or not low <= int(text) <= high:
        raise BadFormat(*blame)
    return int(text)


def _doubt(kind: str, bits: int, start_bit: int | None, *, little: bool) -> str:
    if kind == "bool":
        return ""
    offset = TOP_BIT - (TOP_BIT if start_bit is None else start_bit)
    if little and bits > 8 and (offset or bits % 8):
        return "little_endian_disputed"
    if offset and offset + bits > 8:
        return "start_bit_disputed"
    return ""
