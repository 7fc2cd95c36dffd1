"""Days as the store counts them: Japan's, as law and contracts do; no clock changes there."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

JAPAN = timezone(timedelta(hours=9), "JST")
AHEAD_US = 9 * 3_600_000_000
DAY_US = 86_400_000_000
DAY_ZERO = date(1970, 1, 1)


def day_of(at: datetime) -> date:
    """The day in Japan of a moment."""
    return at.astimezone(JAPAN).date()


def midnight(day: date) -> datetime:
    """When the day begins in Japan, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=JAPAN).astimezone(UTC)


def numbers(times_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """The day in Japan of each time, counted from 1970-01-01."""
    return (times_us + AHEAD_US) // DAY_US


def number(day: date) -> int:
    """The same of one day."""
    return (day - DAY_ZERO).days


def from_number(count: int) -> date:
    """The day of that number."""
    return DAY_ZERO + timedelta(days=count)


def month_after(day: date) -> date:
    """The first day of the month after the one that holds `day`."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
