"""What each terminal would measure at an instant: pure, from the world and the time alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from noroshi.jobs.demo import samples, sky
from noroshi.jobs.demo.cast import DemoDevice
from noroshi.jobs.demo.noise import Noise, step, tooth
from noroshi.jobs.demo.sky import DAY_S, HOUR_S

PAST = timedelta(days=365)
WORK_BEGINS, WORK_ENDS = 7.0, 18.0  # hours in Japan
SUNDAY = 6
SILENT_FOR = timedelta(days=3)  # the silent terminal was last heard this long before the origin


@dataclass(frozen=True, slots=True)
class World:
    """One demo: its chance, and the instant at which it was first started."""

    noise: Noise
    origin: datetime

    def age(self, unix_s: float) -> float:
        """0 a year before the origin, 1 at the origin, then on."""
        return 1 + (unix_s - self.origin.timestamp()) / PAST.total_seconds()


def measure(world: World, device: DemoDevice, at: datetime) -> samples.Sample:
    """The sample of a terminal that measures by the clock; a door is `door` of `timeline`."""
    return _MEASURES[device.slug](world, device, at.timestamp())


def paddy(world: World, device: DemoDevice, unix_s: float) -> samples.Paddy:
    """Flooded in May, dried in June, watered in turns till September, then drained."""
    noise, name = world.noise, device.address
    today = sky.moment(unix_s).year_day + noise.between(-5, 5, name, "calendar")
    days = unix_s / DAY_S
    turn = noise.unit(name, "turn")
    flood = 3.6 + 2.6 * tooth(days / 3.1 + turn, rise=0.08)
    turns = 0.4 + 5.0 * tooth(days / 4.7 + turn, rise=0.07)
    is_flooded = step(118, 123, today) - step(171, 177, today)
    is_in_turns = step(183, 188, today) - step(243, 251, today)
    winter = 0.0
    if device.character == "winter_water":
        # Rice fields kept under water for the birds: refilled every ten days or so.
        winter = step(288, 293, today) + 1 - step(95, 102, today)
    low = 1.7 + 3.9 * tooth(days / 9.3 + turn, rise=0.06)
    is_dry = max(0.0, 1 - is_flooded - is_in_turns - winter)
    level = is_flooded * flood + is_in_turns * turns + winter * low + is_dry * 0.2
    rain = sky.rain_left_mm(noise, unix_s, decay_days=1.4) / 10
    level += rain * (0.9 - 0.7 * is_dry) + 0.06 * noise.smooth(f"{name} ripple", unix_s / 2400)
    water = 0.5 * (sky.air_c(noise, unix_s - 2 * HOUR_S) + sky.air_c(noise, unix_s - 7 * HOUR_S))
    water += 3.5 * sky.sun(noise, unix_s - HOUR_S) + 1.6 * (turn - 0.5)
    water += 0.5 * noise.smooth(f"{name} inflow", unix_s / (9 * HOUR_S))
    return samples.Paddy(max(0.0, level), max(0.4, water), battery_mv(world, device, unix_s))


def cold_store(world: World, device: DemoDevice, unix_s: float) -> samples.ColdStore:
    """The compressor's saw tooth, two defrosts a day, and doors at working hours."""
    noise, name = world.noise, device.address
    turns = unix_s / (92 * 60) + 0.35 * noise.smooth(f"{name} load", unix_s / (5 * HOUR_S))
    saw = 1.5 * (1 - tooth(turns + noise.unit(name, "turn"), rise=0.62)) - 0.75
    defrost = _defrost(unix_s - 600 * noise.unit(name, "defrost"))
    doors = _openings(noise, name, unix_s)
    temperature = 3.2 + 1.0 * noise.unit(name, "set point") + saw + 2.6 * defrost + 1.4 * doors
    temperature += 0.5 * noise.smooth(f"{name} stock", unix_s / (8 * DAY_S))
    temperature += 0.03 * (sky.air_c(noise, unix_s - 5 * HOUR_S) - 15)
    temperature += 0.12 * noise.smooth(f"{name} air", unix_s / 700)
    if device.character == "drift":
        temperature += 2.6 * math.pow(max(0.0, world.age(unix_s)), 1.6)
    humidity = 74 - 4 * saw + 9 * defrost + 7 * doors
    humidity += 2 * noise.smooth(f"{name} damp", unix_s / (7 * HOUR_S))
    mv = battery_mv(world, device, unix_s)
    return samples.ColdStore(temperature, min(99.0, humidity), mv)


def _defrost(unix_s: float) -> float:
    """0 to 1: up within 20 minutes at 3 and 15 o'clock, down within an hour."""
    since_h = (sky.moment(unix_s).hour - 3) % 12
    return step(0, 0.34, since_h) * (1 - step(0.34, 1.4, since_h))


def _openings(noise: Noise, name: str, unix_s: float) -> float:
    """How much warm air the doors of the last two hours have left, 0 to about 1.5."""
    warm = 0.0
    this = math.floor(unix_s / (HOUR_S / 2))
    for slot in range(this - 3, this + 1):
        at = sky.moment(slot * HOUR_S / 2)
        is_work = WORK_BEGINS <= at.hour < WORK_ENDS and at.weekday != SUNDAY
        size = noise.unit(name, "opening", slot) - (0.35 if is_work else 0.985)
        since_s = unix_s - slot * HOUR_S / 2 - 900 * noise.unit(name, "opened", slot)
        if size > 0 and since_s > 0:
            warm += 1.4 * size * step(0, 240, since_s) * math.exp(-max(0.0, since_s - 240) / 1100)
    return warm


@dataclass(frozen=True, slots=True)
class _Crop:
    heated_c: float
    vent_c: float
    soil: float
    has_co2: bool = False


_CROPS = {
    "いちごハウス": _Crop(7.5, 25.0, 38.0, has_co2=True),
    "トマトハウス": _Crop(12.0, 27.0, 34.0),
    "育苗ハウス": _Crop(15.0, 28.0, 46.0),
}
_ANY_CROP = _Crop(9.0, 26.0, 36.0)


def greenhouse(world: World, device: DemoDevice, unix_s: float) -> samples.Greenhouse:
    """Sun heats it, windows and a heater hold it; the plants breathe out at night."""
    noise, name = world.noise, device.address
    crop = _CROPS.get(device.name, _ANY_CROP)
    outside = sky.air_c(noise, unix_s)
    shine = 0.6 * sky.sun(noise, unix_s) + 0.4 * sky.sun(noise, unix_s - HOUR_S)
    free = outside + 1.2 + 21 * shine
    warm = _above(free, crop.heated_c)
    inside = warm - 0.72 * (_above(warm, crop.vent_c) - crop.vent_c)
    inside = max(inside, outside + 0.8) + 0.3 * noise.smooth(f"{name} fan", unix_s / 1100)
    humidity = 91 - 46 * shine - 5 * step(0, 8, warm - free)
    humidity += 3.5 * noise.smooth(f"{name} damp", unix_s / (4 * HOUR_S))
    return samples.Greenhouse(
        temperature=inside,
        humidity=min(99.0, max(22.0, humidity)),
        co2_ppm=_co2_ppm(noise, name, crop, unix_s, shine),
        soil_moisture=_soil(noise, name, crop, unix_s),
        battery_mv=battery_mv(world, device, unix_s),
    )


def _above(value: float, floor: float) -> float:
    """The larger of the two, rounded off where they meet."""
    return floor + 1.3 * math.log1p(math.exp(min(60.0, (value - floor) / 1.3)))


def _co2_ppm(noise: Noise, name: str, crop: _Crop, unix_s: float, shine: float) -> float:
    at = sky.moment(unix_s)
    night_h = (at.hour - 17) % 24
    if night_h < 13:
        breath = 1 - math.exp(-night_h / 6)
    else:
        breath = (1 - math.exp(-13 / 6)) * math.exp(-(night_h - 13) / 1.1)
    ppm = 415 + 330 * breath - 85 * shine
    if crop.has_co2:
        is_cold = step(-0.2, 0.4, sky.season(at.year_day, 20))
        ppm += 330 * is_cold * step(6.5, 7.2, at.hour) * (1 - step(9.2, 10.4, at.hour))
    return ppm + 16 * noise.smooth(f"{name} co2", unix_s / 2700)


def _soil(noise: Noise, name: str, crop: _Crop, unix_s: float) -> float:
    hour = sky.moment(unix_s).hour + 0.5 * noise.unit(name, "watering")
    since_h = min((hour - 7) % 24, (hour - 13) % 24)
    wet = 5.5 * math.exp(-since_h / 6.5)
    before = 5.5 * math.exp(-(18 if (hour - 13) % 24 > 12 else 6) / 6.5)
    watering = step(0, 0.45, since_h)
    slow = 2.5 * noise.smooth(f"{name} soil", unix_s / (6 * DAY_S))
    return crop.soil + slow + before * (1 - watering) + wet * watering


def trap(world: World, device: DemoDevice, unix_s: float) -> samples.Trap:
    """Armed for weeks; now and then it springs in the evening and is set again next day."""
    noise, name = world.noise, device.address
    evening = math.floor((unix_s + sky.JST_S - 19 * HOUR_S) / DAY_S)
    into_h = (unix_s + sky.JST_S - 19 * HOUR_S) % DAY_S / HOUR_S
    is_caught = noise.unit(name, "catch", evening) < 0.035
    # What the visitor sees spring is told by the story, not by chance.
    is_past = unix_s < (world.origin - SILENT_FOR).timestamp() - DAY_S
    begins = noise.between(0, 9, name, "caught", evening)
    has_sprung = is_past and is_caught and begins < into_h < 16
    is_tilted = has_sprung and noise.unit(name, "tilt", evening) < 0.5
    temperature = sky.air_c(noise, unix_s) - 1.5 + 2 * sky.sun(noise, unix_s)
    return samples.Trap(has_sprung, is_tilted, battery_mv(world, device, unix_s), temperature)


def battery_mv(world: World, device: DemoDevice, unix_s: float) -> int:
    """Slowly down over the years, a little lower in the cold; the silent one ran empty."""
    name, age = device.address, world.age(unix_s)
    cold = min(0.0, sky.air_c(world.noise, unix_s - 2 * HOUR_S) - 12)
    mv = 3630 - 40 * world.noise.unit(name, "cell") - 110 * age + 1.6 * cold
    mv += 3 * world.noise.smooth(f"{name} cell", unix_s / (2 * DAY_S))
    if device.character == "silent":
        mv -= 950 * math.pow(step(0.80, 1.0, age), 1.5)
    return round(max(1900.0, mv))


_MEASURES: dict[str, Callable[[World, DemoDevice, float], samples.Sample]] = {
    "paddy": paddy,
    "cold_store": cold_store,
    "greenhouse": greenhouse,
    "trap": trap,
}
