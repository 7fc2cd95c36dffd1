"""Spans of the calendar as a contract writes them: P1Y, P18M, P90D. Days of Japan, no clock."""

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

FORM = re.compile(r"P(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})D)?")
# As people write it, both languages, whatever the width of the digits: 1年6か月, 90 days.
SAID = re.compile(
    r"(?:([0-9]{1,3})(?:年間?|years?))?(?:([0-9]{1,4})(?:[かカヵヶケ箇]月間?|months?))?"
    r"(?:([0-9]{1,5})(?:日間?|days?))?",
    re.IGNORECASE,
)
MONTHS_MAX = 100 * 12
DAYS_MAX = 36_525
MONTHS_A_YEAR = 12


class BadPeriod(ValueError):
    """No span of the calendar; the text names what was written."""


@dataclass(frozen=True, slots=True)
class Period:
    """So many months and then so many days; a year is twelve months."""

    months: int
    days: int

    def __str__(self) -> str:
        years, months = divmod(self.months, MONTHS_A_YEAR)
        parts = ((years, "Y"), (months, "M"), (self.days, "D"))
        return "P" + "".join(f"{number}{sign}" for number, sign in parts if number)

    def last_day(self, sent: date) -> date:
        """The last day on which what was sent that day is still within the period.

        What was sent on 22 November 2027 is within P1Y until the end of 22 November 2028; on
        29 February 2028 until the end of 28 February 2029.
        """
        year, month = divmod(sent.year * MONTHS_A_YEAR + sent.month - 1 + self.months, 12)
        day = min(sent.day, calendar.monthrange(year, month + 1)[1])
        return date(year, month + 1, day) + timedelta(days=self.days)

    def first_day(self, today: date) -> date:
        """The first day of which what was sent is still within the period today."""
        years, months = divmod(self.months, MONTHS_A_YEAR)
        guess = today - timedelta(days=self.days + years * 365 + months * 30)
        while self.last_day(guess) >= today:
            guess -= timedelta(days=1)
        while self.last_day(guess) < today:
            guess += timedelta(days=1)
        return guess


def parse(text: str) -> Period:
    """P1Y, P1Y6M, P90D; raises BadPeriod for anything else, none at all and over 100 years."""
    found = FORM.fullmatch(text)
    years, months, days = (int(one or 0) for one in found.groups()) if found else (0, 0, 0)
    period = Period(years * MONTHS_A_YEAR + months, days)
    if period == Period(0, 0) or period.months > MONTHS_MAX or days > DAYS_MAX:
        raise BadPeriod(text)
    return period


def parse_said(text: str) -> Period:
    """What a person wrote: 1年6か月, 90 days, or the written form; raises BadPeriod."""
    tidy = "".join(unicodedata.normalize("NFKC", text).split())
    found = SAID.fullmatch(tidy)
    if not tidy or found is None:
        return parse(tidy)
    numbers = zip(found.groups(), "YMD", strict=True)
    return parse("P" + "".join(f"{number}{sign}" for number, sign in numbers if number))
