"""Read loosely typed fields: what a network means, whatever type and case it wrote it in."""

import math
import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from noroshi.networks.uplink import Location, Malformed

DEPTH_MAX = 32
TEXT_CHARS_MAX = 200
NUMBER_CHARS_MAX = 64
EUI_CHARS_MAX = 23  # 16 digits and a sign between two bytes
DEVICES_KEPT = 16_384
CLOCK_AHEAD_MAX = timedelta(days=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Above this an epoch number can only be milliseconds: as seconds it would be the year 5138.
EPOCH_S_MAX = 1e11
EPOCH_MS_MAX = 1e14

_TEMPLATE = re.compile(r"\{[A-Za-z][\w#.-]*\}")
_EUI = re.compile(r"[0-9A-F]{16}")
_BOM = b"\xef\xbb\xbf"
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_DECODER = msgspec.json.Decoder()


class Fields:
    """One JSON object read by name, exact case first, then any case; nothing here raises."""

    __slots__ = ("_folded", "data")

    def __init__(self, data: object) -> None:
        """Anything that is not an object reads as an empty one."""
        self.data: Mapping[str, object] = data if isinstance(data, dict) else {}
        self._folded: dict[str, object] | None = None

    def raw(self, name: str) -> object:
        """Return the value as it was sent, or None."""
        value = self.data.get(name)
        if value is not None:
            return value
        if self._folded is None:
            self._folded = {key.lower(): each for key, each in self.data.items()}
        return self._folded.get(name.lower())

    def text(self, name: str) -> str:
        """Return the trimmed text, or "" when missing."""
        return as_text(self.raw(name))[:TEXT_CHARS_MAX]

    def number(self, name: str) -> float | None:
        """Return a finite number, or None when missing or no number."""
        return as_number(self.raw(name))

    def whole(self, name: str) -> int | None:
        """Return a whole number from 0 to 2^53, or None."""
        return as_whole(self.raw(name))

    def flag(self, name: str) -> bool | None:
        """Return a truth value, or None."""
        return as_flag(self.raw(name))

    def inner(self, name: str) -> "Fields":
        """Return the object under `name`, an empty one when missing."""
        return Fields(self.raw(name))

    def rows(self, name: str) -> list["Fields"]:
        """Return the objects of the array under `name`."""
        value = self.raw(name)
        return (
            [Fields(each) for each in value if isinstance(each, dict)]
            if isinstance(value, list)
            else []
        )


def as_text(value: object) -> str:
    """Return text as meant: "" for null, "null", blanks and unfilled template variables."""
    if isinstance(value, str):
        text = value.strip()
        if text[:1] == "{" and is_template(text):
            return ""
        return "" if text.lower() == "null" else text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < 1 << 128:
        return str(value)
    return ""


def as_number(value: object) -> float | None:
    """Return a finite float of a number or a numeric text, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (len(value) > NUMBER_CHARS_MAX or "_" in value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_whole(value: object) -> int | None:
    """Return a whole number from 0 to 2^53, else None."""
    if type(value) is int:
        return value if 0 <= value <= 1 << 53 else None
    number = as_number(value)
    if number is None or not number.is_integer() or not 0 <= number <= 1 << 53:
        return None
    return int(number)


def as_flag(value: object) -> bool | None:
    """Return a truth value of true, "true", 1, "0" …, else None."""
    if isinstance(value, bool):
        return value
    return _WORDS.get(as_text(value).lower())


def is_template(value: object) -> bool:
    """Say whether the sender left a variable such as "{data}" unfilled."""
    return isinstance(value, str) and _TEMPLATE.fullmatch(value.strip()) is not None


def load(body: bytes) -> object:
    """Return the JSON value of a body.

    Raises Malformed: not_json (also NaN, Infinity, bad UTF-8), too_deep, nul_in_text.
    """
    if body[:3] == _BOM:
        body = body[3:]
    try:
        value: object = _DECODER.decode(body)
    except RecursionError:
        raise Malformed("too_deep", f"nested deeper than {DEPTH_MAX}") from None
    except UnicodeDecodeError:
        raise Malformed("not_json", "the text is not UTF-8") from None
    except (msgspec.MsgspecError, ValueError) as wrong:
        raise Malformed("not_json", str(wrong)) from None
    if _is_doubtful(body):
        _inspect(value)
    return value


def guard(body: bytes) -> None:
    """Refuse what a typed decoder would step over unseen: depth and U+0000 in parts it skips.

    Raises Malformed: as `load`.
    """
    if _is_doubtful(body):
        load(body)


def load_many(body: bytes) -> list[Fields]:
    """Return the messages of a body: one object, an array of objects, or an object a line.

    Raises Malformed: as `load`, and not_json when something is no object.
    """
    try:
        value = load(body)
    except Malformed as refusal:
        lines = body.splitlines()
        if refusal.reason != "not_json" or len(lines) < 2 or not lines[0].strip().endswith(b"}"):
            raise
        value = [load(line) for line in lines if line.strip()]
    rows = value if isinstance(value, list) else [value]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise Malformed("not_json", "expected an object or a list of objects")
    return [Fields(row) for row in rows]


def instant(value: object, received_at: datetime) -> datetime | None:
    """Return the UTC instant of an RFC 3339 text or an epoch in s or ms; None when missing.

    Digits beyond microseconds are cut; a time without offset is UTC. Raises Malformed bad_time
    also for a time before 2000 or more than a day after `received_at`.
    """
    if isinstance(value, str) and value[4:5] != "-":
        value = as_text(value)
    if value is None or value == "":
        return None
    try:
        at = _read_time(value)
        if EARLIEST <= at <= received_at + CLOCK_AHEAD_MAX:
            return at if at.tzinfo is UTC else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed("bad_time", f"not a time: {str(value)[:40]}") from None
    raise Malformed("bad_time", f"{at.isoformat()} is before 2000 or over a day in the future")


def eui(text: str) -> str:
    """Return a DevEUI as 16 upper-case hex digits.

    Raises Malformed: no_device_id, bad_device_id.
    """
    if not text:
        raise Malformed("no_device_id", "the message names no device")
    return _known_eui(text) if len(text) <= EUI_CHARS_MAX else _eui(text)


def _eui(text: str) -> str:
    digits = text.upper()
    if _EUI.fullmatch(digits) is None:
        digits = digits.replace("-", "").replace(":", "").replace(" ", "")
        if _EUI.fullmatch(digits) is None:
            raise Malformed("bad_device_id", f"not a DevEUI of 16 hex digits: {text[:40]}")
    return digits


_known_eui = lru_cache(maxsize=DEVICES_KEPT)(_eui)  # a device names itself again and again


def base64_bytes(value: object) -> bytes:
    """Return the bytes of base64 text, standard or URL-safe, padded or not; b"" when missing.

    Raises Malformed bad_base64.
    """
    if value is None or value == "":
        return b""
    if not isinstance(value, str):
        raise Malformed("bad_base64", "the payload is not text")
    try:
        return a2b_base64(value, strict_mode=True)
    except (NotBase64, ValueError):
        pass
    plain = value.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return a2b_base64(plain + "=" * (-len(plain) % 4), strict_mode=True)
    except (NotBase64, ValueError):
        raise Malformed("bad_base64", "the payload is not base64") from None


def place(fields: Fields, source: str) -> Location | None:
    """Return the location of {latitude, longitude, altitude, accuracy}; None for none or 0, 0."""
    spot = on_earth(fields.number("latitude") or 0.0, fields.number("longitude") or 0.0)
    if spot is None:
        return None
    return Location(spot[0], spot[1], fields.number("altitude"), fields.number("accuracy"), source)


def on_earth(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """Return the position when it is one: 0, 0 is how networks write that they know nothing."""
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return latitude, longitude


def _is_doubtful(body: bytes) -> bool:
    # Few brackets cannot nest deeply, so the walk is for the rare body only.
    return body.count(b"{") + body.count(b"[") > DEPTH_MAX or (b"\\" in body and b"\\u0000" in body)


def _read_time(value: object) -> datetime:
    if isinstance(value, str):
        # The usual "2026-11-22T…" need not be tried as a number first.
        number = None if value[4:5] == "-" else as_number(value)
        if number is None:
            at = datetime.fromisoformat(value)
            return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        raise ValueError(type(value).__name__)
    if not 0 <= number < EPOCH_MS_MAX:
        raise ValueError(number)
    if number >= EPOCH_S_MAX:
        number /= 1000
    return datetime.fromtimestamp(number, UTC)


def _inspect(value: object) -> None:
    level: list[object] = [value]
    for _ in range(DEPTH_MAX + 1):
        if any(isinstance(each, str) and "\0" in each for each in level):
            raise Malformed("nul_in_text", "a text holds the character U+0000")
        level = [inner for each in level for inner in _children(each)]
        if not level:
            return
    if any(isinstance(each, dict | list) for each in level):
        raise Malformed("too_deep", f"nested deeper than {DEPTH_MAX}")


def _children(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value
