"""What decoding takes and gives, and the one way from a codec's data to flat values."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

import msgspec

KEYS_MAX = 200  # values in one measurement
MEASUREMENTS_MAX = 200  # timed readings in one uplink
VALUES_MAX = 2_000  # values in one uplink, all its readings together
DEPTH_MAX = 20  # objects within objects
TEXT_CHARS_MAX = 500
KEY_CHARS_MAX = 80  # what the name of a series holds
WARNINGS_MAX = 20
WARNING_CHARS_MAX = 200
NUMBER_MAX = 1e30  # nothing measured is larger; a float of the store holds it
PAST_MAX = timedelta(days=731)  # a reading older than this has a clock that was never set
FUTURE_MAX = timedelta(days=1)
EPOCH_MS_MIN = 1e11  # a number above this counts milliseconds, below it seconds

TIME_KEYS = ("time", "timestamp", "ts", "datetime", "measured_at")
LATITUDES = frozenset({"latitude", "lat", "Latitude", "Lat", "LATITUDE", "LAT"})
LONGITUDES = frozenset(
    {"longitude", "lng", "lon", "long", "Longitude", "Lng", "Lon", "LONGITUDE", "LNG", "LON"}
)
ALTITUDES = frozenset({"altitude", "alt", "Altitude", "Alt", "ALTITUDE", "ALT"})
POSITION_KEY = "position"  # the name of a position that stands at the top of the data

_NUMBER = re.compile(
    r"\s*([+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    r"(?:[eE][+-]?[0-9]+)?)"
)


class Job(msgspec.Struct, frozen=True, gc=False):
    """One uplink to decode. ``kind``: javascript, sigfox_grammar, cayenne_lpp or network.

    ``decoded`` holds the fields that the network has decoded already (kind network only).
    ``lora_object`` is what a source that mentions LoRaObject is told (``codecs.lora_object``).
    """

    tenant_id: int
    version_id: int
    kind: str
    source: str
    payload: bytes
    f_port: int | None
    received_at: datetime
    decoded: Mapping[str, object] | None
    variables: Mapping[str, str]
    lora_object: Mapping[str, object] | None = None


class Position(msgspec.Struct, frozen=True, gc=False):
    """A place: degrees north, degrees east, metres above the sea where known."""

    latitude: float
    longitude: float
    altitude: float | None


Value = float | bool | str | Position
Scalar = bool | str | int | float  # as it comes, before it is cleaned


class Measurement(msgspec.Struct, frozen=True, gc=False):
    """Values of one instant; ``at`` None means the uplink's own time."""

    at: datetime | None
    values: Mapping[str, Value]


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """What became of a job. ``error`` is "" or a stable code; readings may come with an error.

    Codes: timeout, out_of_memory, exception, no_entry_point, bad_result, too_big, crashed,
    poisoned, truncated, unknown_type, bad_format, no_downlink_decoder. ``normalized`` names the
    values that normalizeUplink added. Warnings that begin with "@" are ours
    ("@code subject", said in the reader's language by ``codecs.words``), others the codec's.
    """

    measurements: tuple[Measurement, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str = ""
    detail: str = ""
    normalized: tuple[str, ...] = ()


def failed(error: str, detail: str = "") -> Decoded:
    """A job that gave nothing, with its reason."""
    return Decoded(error=error, detail=clean(detail)[:TEXT_CHARS_MAX])


def measurements_from(
    data: object, base: datetime
) -> tuple[tuple[Measurement, ...], tuple[str, ...]]:
    """Turn a codec's ``data`` into flat readings and warnings; never raises.

    Nested names are joined by dots, lists of timed objects become readings of their own
    (times must lie within two years before and one day after ``base``, an aware datetime).
    """
    if type(data) is dict:
        quick = _plain_numbers(data)
        if quick is not None:
            return ((Measurement(None, quick),) if quick else ()), ()
    heap = _Heap(base)
    if isinstance(data, Mapping):
        heap.add_object("", data, 1)
    elif _is_list(data):
        heap.add_list("", data, 1)
    else:
        heap.warn("no_fields", "")
    return heap.finish()


def leading_number(text: str) -> float | None:
    """The number that a text begins with: "3.384 V" gives 3.384; None where there is none."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    number = float(found.group(1).replace(",", ""))
    return number if _is_sound(number) else None


def clean(text: str) -> str:
    """The text without NUL and lone surrogates, which the database refuses."""
    if text.isascii() and text.isprintable():
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def own_warnings(warnings: object) -> tuple[str, ...]:
    """A codec's own warnings as short texts; whatever is no text is dropped.

    A leading "@" is ours, so it is taken away.
    """
    if not _is_list(warnings):
        return ()
    texts = [clean(text).lstrip("@")[:WARNING_CHARS_MAX] for text in warnings if type(text) is str]
    return tuple(texts[:WARNINGS_MAX])


def _plain_numbers(data: dict[object, object]) -> dict[str, Value] | None:
    """The values of a small flat object of sound numbers, by far the commonest; else None."""
    if len(data) > KEYS_MAX or not LATITUDES.isdisjoint(data):
        return None
    values: dict[str, Value] = {}
    for key, value in data.items():
        if type(value) is not float and type(value) is not int:
            return None
        if not -NUMBER_MAX < value < NUMBER_MAX or type(key) is not str:
            return None
        if not 0 < len(key) <= KEY_CHARS_MAX or not (key.isascii() and key.isprintable()):
            return None
        values[key] = float(value)
    return values


class _Heap:
    """Readings being gathered from one uplink, with the limits counted down."""

    def __init__(self, base: datetime) -> None:
        self.base = base
        self.values: dict[str, Value] = {}  # of the reading being filled
        self.own = self.values  # of the uplink itself
        self.timed: list[Measurement] = []
        self.warnings: list[str] = []
        self.left = VALUES_MAX

    def finish(self) -> tuple[tuple[Measurement, ...], tuple[str, ...]]:
        own = (Measurement(None, self.own),) if self.own else ()
        return (*own, *self.timed), tuple(self.warnings)

    def warn(self, code: str, subject: str) -> None:
        text = f"@{code} {subject}".rstrip()[:WARNING_CHARS_MAX]
        if len(self.warnings) < WARNINGS_MAX and text not in self.warnings:
            self.warnings.append(text)

    def add_object(self, prefix: str, fields: Mapping[object, object], depth: int) -> None:
        if depth > DEPTH_MAX:
            self.warn("too_deep", prefix[:KEY_CHARS_MAX])
            return
        used = self.take_position(prefix, fields)
        for key, value in fields.items():
            if self.left <= 0:
                self.warn("too_many_values", "")
                return
            if key in used or value is None:
                continue
            name = clean(str(key)).strip()
            self.add(f"{prefix}.{name}" if prefix else name, value, depth)

    def add(self, name: str, value: object, depth: int) -> None:
        if isinstance(value, bool | str | int | float):
            self.add_scalar(name, value)
        elif isinstance(value, Position):
            self.put(name, value)
        elif isinstance(value, Mapping):
            self.add_object(name, value, depth + 1)
        elif _is_list(value):
            self.add_list(name, value, depth + 1)
        elif value is not None:
            self.warn("not_a_value", name)

    def add_scalar(self, name: str, value: Scalar) -> None:
        if isinstance(value, bool):
            self.put(name, value)
        elif isinstance(value, str):
            text = clean(value)
            if len(text) > TEXT_CHARS_MAX:
                self.warn("text_cut", name)
            self.put(name, text[:TEXT_CHARS_MAX])
        elif _is_sound(value):
            self.put(name, float(value))
        else:
            self.warn("not_finite", name)

    def put(self, name: str, value: Value) -> None:
        if not name or len(name) > KEY_CHARS_MAX:
            self.warn("bad_name", name[:KEY_CHARS_MAX])
        elif name in self.values:
            self.warn("same_name", name)
        elif len(self.values) >= KEYS_MAX or self.left <= 0:
            self.left = 0
            self.warn("too_many_values", "")
        else:
            self.values[name] = value
            self.left -= 1

    def add_list(self, prefix: str, items: Sequence[object], depth: int) -> None:
        if depth > DEPTH_MAX:
            self.warn("too_deep", prefix[:KEY_CHARS_MAX])
            return
        for number, item in enumerate(items):
            if self.left <= 0:
                self.warn("too_many_values", "")
                return
            if not isinstance(item, Mapping):
                self.add(f"{prefix}.{number}" if prefix else str(number), item, depth)
            elif (time_key := _time_key(item)) is not None:
                self.add_timed(prefix, item, time_key, depth)
            else:
                # One nameless object of a list at the top is the uplink itself.
                name = f"{prefix}.{number}" if prefix else ""
                self.add_object(name, item, depth)

    def add_timed(
        self, prefix: str, item: Mapping[object, object], time_key: str, depth: int
    ) -> None:
        """A reading of its own; it bears the quantities' own names, not the list's."""
        at = instant(item[time_key])
        if at is None or not self.base - PAST_MAX <= at <= self.base + FUTURE_MAX:
            self.warn("bad_time", prefix)
            return
        if len(self.timed) >= MEASUREMENTS_MAX:
            self.warn("too_many_readings", "")
            return
        outer, self.values = self.values, {}
        self.add_object("", {key: item[key] for key in item if key != time_key}, depth)
        if self.values:
            self.timed.append(Measurement(at, self.values))
        self.values = outer

    def take_position(self, prefix: str, fields: Mapping[object, object]) -> frozenset[object]:
        """Store a latitude and longitude of one object as a place; the keys that it used up."""
        latitude_key = next((key for key in fields if key in LATITUDES), None)
        longitude_key = next((key for key in fields if key in LONGITUDES), None)
        if latitude_key is None or longitude_key is None:
            return frozenset()
        latitude, longitude = _number(fields[latitude_key]), _number(fields[longitude_key])
        if latitude is None or longitude is None:
            return frozenset()
        name = prefix or POSITION_KEY
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            self.warn("bad_position", name)
            return frozenset()
        altitude_key = next((key for key in fields if key in ALTITUDES), None)
        altitude = None if altitude_key is None else _number(fields[altitude_key])
        self.put(name, Position(latitude, longitude, altitude))
        return frozenset(
            {latitude_key, longitude_key} | (set() if altitude is None else {altitude_key})
        )


def instant(value: object) -> datetime | None:
    """A time as codecs write it (ISO text, seconds or milliseconds since 1970), in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _iso(str(value))
    number = _number(value)
    if number is None:
        return None
    seconds = number / 1000 if abs(number) >= EPOCH_MS_MIN else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _iso(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.strip())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _time_key(item: Mapping[object, object]) -> str | None:
    return next((key for key in TIME_KEYS if item.get(key) is not None), None)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_sound(value):
        return None
    return float(value)


def _is_sound(value: int | float) -> bool:
    return -NUMBER_MAX < value < NUMBER_MAX and not math.isnan(value)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)
