"""Who is on duty, and when the quiet time ends: pure thought in Japan's hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from noroshi.tenants.access import JAPAN

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekdays (bit 0 is Monday) and hours of a duty; without hours the whole day.

    Hours that end before they begin cross midnight and belong to the day on which they begin.
    """

    weekdays: int
    begins: time | None = None
    ends: time | None = None


def is_on(hours: Hours, at: datetime) -> bool:
    """Whether the duty holds at that instant."""
    local = at.astimezone(JAPAN)
    today = bool(hours.weekdays >> local.weekday() & 1)
    if hours.begins is None or hours.ends is None:
        return today
    clock = local.time()
    if hours.begins < hours.ends:
        return today and hours.begins <= clock < hours.ends
    if clock >= hours.begins:
        return today
    yesterday = bool(hours.weekdays >> (local - DAY).weekday() & 1)
    return yesterday and clock < hours.ends


def is_any_on(duties: Sequence[Hours], at: datetime) -> bool:
    """Whether one of them holds."""
    return any(is_on(one, at) for one in duties)


def quiet_end(begins: time | None, ends: time | None, at: datetime) -> datetime | None:
    """When the quiet time in which `at` lies is over; None outside of it."""
    if begins is None or ends is None or begins == ends:
        return None
    local = at.astimezone(JAPAN)
    clock = local.time()
    over = local.replace(hour=ends.hour, minute=ends.minute, second=0, microsecond=0)
    if begins < ends:
        return over if begins <= clock < ends else None
    if clock >= begins:
        return over + DAY
    return over if clock < ends else None
