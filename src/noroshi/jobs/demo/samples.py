"""What one terminal measures at one instant, and the bytes it sends for it."""

from dataclasses import dataclass

from noroshi.codecs import catalogue


@dataclass(frozen=True, slots=True)
class Paddy:
    """Water level in cm, water temperature in °C, battery in mV."""

    level_cm: float
    water_temperature: float
    battery_mv: int


@dataclass(frozen=True, slots=True)
class ColdStore:
    """Temperature in °C, humidity in %, battery in mV."""

    temperature: float
    humidity: float
    battery_mv: int


@dataclass(frozen=True, slots=True)
class Greenhouse:
    """Air in °C and %, CO2 in ppm, soil moisture in %, battery in mV."""

    temperature: float
    humidity: float
    co2_ppm: float
    soil_moisture: float
    battery_mv: int


@dataclass(frozen=True, slots=True)
class Door:
    """Whether it is open, how often it was opened, battery in mV."""

    is_open: bool
    count: int
    battery_mv: int


@dataclass(frozen=True, slots=True)
class Trap:
    """Whether it has sprung, whether its box was tilted, battery in mV, temperature in °C."""

    has_sprung: bool
    is_tilted: bool
    battery_mv: int
    temperature: float


Sample = Paddy | ColdStore | Greenhouse | Door | Trap


def payload_of(sample: Sample) -> bytes:
    """The payload as the terminal puts it on the air."""
    match sample:
        case Paddy(level, temperature, battery):
            return catalogue.encode_paddy(
                level_cm=level, water_temperature=temperature, battery_mv=battery
            )
        case ColdStore(temperature, humidity, battery):
            return catalogue.encode_cold_store(
                temperature=temperature, humidity=humidity, battery_mv=battery
            )
        case Greenhouse(temperature, humidity, co2_ppm, soil, battery):
            return catalogue.encode_greenhouse(
                temperature=temperature,
                humidity=humidity,
                co2_ppm=co2_ppm,
                soil_moisture=soil,
                battery_mv=battery,
            )
        case Door(is_open, count, battery):
            return catalogue.encode_door(is_open=is_open, count=count, battery_mv=battery)
        case Trap(has_sprung, is_tilted, battery, temperature):
            return catalogue.encode_trap(
                has_sprung=has_sprung,
                is_tilted=is_tilted,
                battery_mv=battery,
                temperature=temperature,
            )
