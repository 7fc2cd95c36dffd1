"""Our own example codecs, and the same byte layouts written from Python for the simulator."""

import struct
from pathlib import Path

SCRIPTS = Path(__file__).parent / "catalogue"
SLUGS = ("paddy", "cold_store", "greenhouse", "door", "trap")

# The contacts in Sigfox's own grammar, for who needs no script.
GRAMMARS = {
    "door": "open:0:bool:7 count:1:uint:16 battery_mv:3:uint:16",
    "trap": "sprung:0:bool:7 tilted:0:bool:6 battery_mv:1:uint:16 temperature:3:int:8",
}


def source_of(slug: str) -> str:
    """The JavaScript of one of SLUGS; KeyError for another name."""
    if slug not in SLUGS:
        raise KeyError(slug)
    return (SCRIPTS / f"{slug}.js").read_text(encoding="utf-8")


def encode_paddy(*, level_cm: float, water_temperature: float, battery_mv: int) -> bytes:
    """6 bytes: level to 0.1 cm, temperature to 0.1 °C; values beyond the field stop at its end."""
    return struct.pack(
        ">hhH", _int16(level_cm * 10), _int16(water_temperature * 10), _uint16(battery_mv)
    )


def encode_cold_store(*, temperature: float, humidity: float, battery_mv: int) -> bytes:
    """5 bytes: temperature to 0.01 °C, humidity to 0.5 %."""
    return struct.pack(">hBH", _int16(temperature * 100), _uint8(humidity * 2), _uint16(battery_mv))


def encode_greenhouse(
    *, temperature: float, humidity: float, co2_ppm: float, soil_moisture: float, battery_mv: int
) -> bytes:
    """8 bytes: temperature to 0.1 °C, humidity and soil moisture to 0.5 %, CO2 to 1 ppm."""
    return struct.pack(
        ">hBHBH",
        _int16(temperature * 10),
        _uint8(humidity * 2),
        _uint16(co2_ppm),
        _uint8(soil_moisture * 2),
        _uint16(battery_mv),
    )


def encode_door(*, is_open: bool, count: int, battery_mv: int) -> bytes:
    """5 bytes; the count begins again at 0 after 65,535."""
    return struct.pack(">BHH", 0x80 if is_open else 0, count & 0xFFFF, _uint16(battery_mv))


def encode_trap(*, has_sprung: bool, is_tilted: bool, battery_mv: int, temperature: float) -> bytes:
    """4 bytes: temperature to 1 °C."""
    flags = (0x80 if has_sprung else 0) | (0x40 if is_tilted else 0)
    return struct.pack(">BHb", flags, _uint16(battery_mv), max(-128, min(127, round(temperature))))


def _int16(value: float) -> int:
    return max(-0x8000, min(0x7FFF, round(value)))


def _uint16(value: float) -> int:
    return max(0, min(0xFFFF, round(value)))


def _uint8(value: float) -> int:
    return max(0, min(0xFF, round(value)))
