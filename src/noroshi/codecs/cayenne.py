"""Cayenne LPP: channel, type, value; all widely used types, and what was readable of a bad one."""

from dataclasses import dataclass

from noroshi.codecs.result import Position, Value


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of record: its name, the bytes of each part, what one unit is divided by."""

    name: str
    sizes: tuple[int, ...]
    divisor: int = 1
    signed: bool = False
    parts: tuple[str, ...] = ()  # names of the parts where there are several


@dataclass(frozen=True, slots=True)
class Read:
    """Values by ``<name>_<channel>``; error "", "truncated" or "unknown_type"."""

    values: dict[str, Value]
    warnings: tuple[str, ...]
    error: str
    detail: str


AXES = ("x", "y", "z")
KINDS: dict[int, Kind] = {
    0: Kind("digital_in", (1,)),
    1: Kind("digital_out", (1,)),
    2: Kind("analog_in", (2,), 100, signed=True),
    3: Kind("analog_out", (2,), 100, signed=True),
    100: Kind("generic_sensor", (4,)),
    101: Kind("luminosity", (2,)),  # lux
    102: Kind("presence", (1,)),
    103: Kind("temperature", (2,), 10, signed=True),  # °C
    104: Kind("relative_humidity", (1,), 2),  # %
    113: Kind("accelerometer", (2, 2, 2), 1000, signed=True, parts=AXES),  # g
    115: Kind("barometric_pressure", (2,), 10),  # hPa
    116: Kind("voltage", (2,), 100),  # V
    117: Kind("current", (2,), 1000),  # A
    118: Kind("frequency", (4,)),  # Hz
    120: Kind("percentage", (1,)),  # %
    121: Kind("altitude", (2,), signed=True),  # m
    122: Kind("load", (3,), 1000, signed=True),  # kg
    125: Kind("concentration", (2,)),  # ppm
    128: Kind("power", (2,)),  # W
    130: Kind("distance", (4,), 1000),  # m
    131: Kind("energy", (4,), 1000),  # kWh
    132: Kind("direction", (2,)),  # degrees
    133: Kind("unix_time", (4,)),  # s
    134: Kind("gyrometer", (2, 2, 2), 100, signed=True, parts=AXES),  # degrees/s
    135: Kind("colour", (1, 1, 1), parts=("r", "g", "b")),
    136: Kind("gps", (3, 3, 3), signed=True),
    142: Kind("switch", (1,)),
}
GPS, SWITCH = 136, 142


def decode(payload: bytes) -> Read:
    """Read the records up to the end or to the first that cannot be read; never raises."""
    values: dict[str, Value] = {}
    warnings: list[str] = []
    place = 0
    while place < len(payload):
        head = payload[place : place + 2]
        if len(head) < 2:
            return Read(values, tuple(warnings), "truncated", f"byte {place}")
        channel, number = head
        kind = KINDS.get(number)
        if kind is None:
            return Read(values, tuple(warnings), "unknown_type", f"type {number} at byte {place}")
        end = place + 2 + sum(kind.sizes)
        if end > len(payload):
            return Read(values, tuple(warnings), "truncated", f"type {number} at byte {place}")
        raw = _numbers(kind, payload[place + 2 : end])
        for name, value in _values(number, kind, raw, channel).items():
            if isinstance(value, Position) and not _on_earth(value):
                warnings.append(f"@bad_position {name}")
                continue
            if name in values:
                warnings.append(f"@same_name {name}")
            values[name] = value
        place = end
    return Read(values, tuple(dict.fromkeys(warnings)), "", "")


def _numbers(kind: Kind, raw: bytes) -> list[int]:
    numbers = []
    for size in kind.sizes:
        numbers.append(int.from_bytes(raw[:size], "big", signed=kind.signed))
        raw = raw[size:]
    return numbers


def _values(number: int, kind: Kind, raw: list[int], channel: int) -> dict[str, Value]:
    if number == GPS:
        place = Position(raw[0] / 10_000, raw[1] / 10_000, raw[2] / 100)
        return {f"{kind.name}_{channel}": place}
    if number == SWITCH:
        return {f"{kind.name}_{channel}": raw[0] != 0}
    if not kind.parts:
        return {f"{kind.name}_{channel}": raw[0] / kind.divisor}
    return {
        f"{kind.name}_{part}_{channel}": value / kind.divisor
        for part, value in zip(kind.parts, raw, strict=True)
    }


def _on_earth(place: Position) -> bool:
    return -90 <= place.latitude <= 90 and -180 <= place.longitude <= 180
