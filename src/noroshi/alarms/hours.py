"""When a rule is in force: hours, weekdays, holidays and seasons of Japan; pure thought."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import jpholiday

from noroshi.alarms.conditions import Hours

JAPAN = ZoneInfo("Asia/Tokyo")
DAYS_CACHED_MAX = 4096
A_DAY = timedelta(days=1)


def covers(hours: Hours, at: datetime) -> bool:
    """Whether alarms may open at this instant."""
    local = at.astimezone(JAPAN)
    day, minute = local.date(), local.hour * 60 + local.minute
    if hours.holidays == "whole" and is_holiday(day) and _is_in_season(hours, day):
        return True
    if hours.begin_min < hours.end_min:
        return hours.begin_min <= minute < hours.end_min and _is_day(hours, day)
    # What crosses midnight belongs to the day on which it began.
    if minute >= hours.begin_min and _is_day(hours, day):
        return True
    return minute < hours.end_min and _is_day(hours, day - A_DAY)


@lru_cache(maxsize=DAYS_CACHED_MAX)
def is_holiday(day: date) -> bool:
    """Whether the law of Japan makes this day a holiday; a substitute holiday is one."""
    return bool(jpholiday.is_holiday(day))


def _is_day(hours: Hours, day: date) -> bool:
    """Whether hours that begin on this day count."""
    if not _is_in_season(hours, day):
        return False
    if hours.holidays == "never" and is_holiday(day):
        return False
    return not hours.weekdays or day.weekday() in hours.weekdays


def _is_in_season(hours: Hours, day: date) -> bool:
    if hours.season is None:
        return True
    first, last = hours.season[:2], hours.season[2:]
    today = (day.month, day.day)
    if first <= last:
        return first <= today <= last
    return today >= first or today <= last
