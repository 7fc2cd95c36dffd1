"""The sky over the demo: air, cloud, sun and rain in central Japan, from the time alone."""

import math
from dataclasses import dataclass

from noroshi.jobs.demo.noise import Noise, step

HOUR_S = 3600.0
DAY_S = 86400.0
YEAR_DAYS = 365.2425
JST_S = 9 * HOUR_S
RAIN_DAYS = 6  # how long a rain is felt in a field


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant on Japan's clock: Unix seconds, day since 1970, day of the year, hour 0 to 24."""

    unix_s: float
    day: int
    year_day: float
    hour: float

    @property
    def weekday(self) -> int:
        """0 is Monday."""
        return (self.day + 3) % 7


def moment(unix_s: float) -> Moment:
    """That instant in Japan."""
    local_s = unix_s + JST_S
    day = math.floor(local_s / DAY_S)
    return Moment(unix_s, day, local_s / DAY_S % YEAR_DAYS, local_s % DAY_S / HOUR_S)


def season(year_day: float, peak: float) -> float:
    """From -1 to 1 over the year, 1 on the day `peak`."""
    return math.cos(2 * math.pi * (year_day - peak) / YEAR_DAYS)


def cloud(noise: Noise, unix_s: float) -> float:
    """How much of the sky is covered, 0 to 1."""
    fronts = 0.75 * noise.smooth("cloud", unix_s / (1.6 * DAY_S))
    drifts = 0.22 * noise.smooth("cloud drift", unix_s / (3 * HOUR_S))
    return min(1.0, max(0.0, 0.45 + fronts + drifts))


def sun(noise: Noise, unix_s: float) -> float:
    """Sunshine, 0 at night up to about 1 on a clear summer noon."""
    at = moment(unix_s)
    half_day_hours = 6.0 + 1.2 * season(at.year_day, 172)
    part = (at.hour - 11.8) / half_day_hours
    if abs(part) >= 1:
        return 0.0
    height = math.pow(math.cos(math.pi * part / 2), 1.3)
    return height * (0.8 + 0.2 * season(at.year_day, 172)) * (1 - 0.72 * cloud(noise, unix_s))


def air_c(noise: Noise, unix_s: float) -> float:
    """Temperature of the air in the shade, °C."""
    at = moment(unix_s)
    mean = 15.4 + 11.4 * season(at.year_day, 209)
    fronts = 3.0 * noise.smooth("front", unix_s / (3.7 * DAY_S))
    fronts += 1.1 * noise.smooth("small front", unix_s / (0.9 * DAY_S))
    swing = (5.4 - 3.2 * cloud(noise, unix_s)) * math.cos(2 * math.pi * (at.hour - 14) / 24)
    return mean + fronts + swing + 0.2 * noise.smooth("breeze", unix_s / 1500)


def rain_mm(noise: Noise, day: int) -> tuple[float, float, float]:
    """The rain of a day in Japan: its amount in mm, the hour it begins, its hours."""
    year_day = day % YEAR_DAYS
    rainy_season = step(158, 165, year_day) - step(196, 203, year_day)
    typhoons = step(240, 250, year_day) - step(275, 288, year_day)
    chance = 0.2 + 0.35 * rainy_season + 0.2 * typhoons - 0.08 * season(year_day, 15)
    if noise.unit("rain", day) > chance:
        return (0.0, 0.0, 1.0)
    amount = 3 + (38 + 35 * typhoons) * noise.unit("rain amount", day) ** 2.2
    return (
        amount,
        noise.between(0, 20, "rain hour", day),
        noise.between(2, 8, "rain hours", day),
    )


def rain_left_mm(noise: Noise, unix_s: float, *, decay_days: float) -> float:
    """What stands of the last days' rain when it runs off by itself in about `decay_days`."""
    today = moment(unix_s)
    left = 0.0
    for ago in range(RAIN_DAYS):
        amount, begins, hours = rain_mm(noise, today.day - ago)
        since = today.hour + 24 * ago - begins
        if amount and since > 0:
            fallen = step(0, hours, since)
            gone = math.exp(-max(0.0, since - hours) / (24 * decay_days))
            # Nothing may end in a step when the day leaves the window.
            left += amount * fallen * gone * (1 - step(120, 144, since))
    return left
