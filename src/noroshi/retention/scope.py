"""How long a contract keeps data: periods by Japan's calendar, and the first day still kept."""

import calendar
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from noroshi.tenants.models import Tenant

YEAR_DAYS = 365
AMOUNT_MAX = 99_999
FORM = re.compile(r"P(?:(\d{1,5})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,5})D)?")
TERMS = "規約 第5条第1項"
CONTRACT = "利用契約"


class BadPeriod(ValueError):
    """A text that is no period, or one of no length."""


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time by the calendar: P1Y, P18M, P90D."""

    months: int
    days: int

    def after(self, day: date) -> date:
        """The last day on which what came on `day` is kept; a 29th of February ends on the 28th."""
        count = day.year * 12 + day.month - 1 + self.months
        year, month = divmod(count, 12)
        if year >= date.max.year - 300:
            return date.max
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(day.day, last)) + timedelta(days=self.days)

    def __str__(self) -> str:
        years, months = divmod(self.months, 12)
        parts = [(years, "Y"), (months, "M"), (self.days, "D")]
        return "P" + "".join(f"{count}{letter}" for count, letter in parts if count)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a contract keeps, and where that is written: `source` is a text for people."""

    period: Period
    source: str

    def first_kept(self, today: date) -> date:
        """The earliest day whose data are in scope today; days are Japan's."""
        reach = self.period.months * 31 + self.period.days
        day = date.fromordinal(max(1, today.toordinal() - reach))
        while self.period.after(day) < today:
            day += timedelta(days=1)
        return day

    def out_on(self, day: date) -> date:
        """The first day on which nothing from before `day` is in scope any more."""
        last = self.period.after(day - timedelta(days=1))
        return last if last == date.max else last + timedelta(days=1)


# For tenants' ids and a day: what each keeps on that day. A tenant left out keeps everything.
Resolver = Callable[[Sequence[int], date], Mapping[int, Scope]]


def period_of(text: str) -> Period:
    """The period of a text like P1Y, P6M, P2W, P90D. Raises BadPeriod."""
    found = FORM.fullmatch(text)
    if found is None:
        raise BadPeriod(text)
    years, months, weeks, days = (int(one or 0) for one in found.groups())
    period = Period(years * 12 + months, weeks * 7 + days)
    if not (period.months or period.days):
        raise BadPeriod(text)
    return period


def by_tenant(tenant_ids: Sequence[int], _day: date) -> Mapping[int, Scope]:
    """What the tenant's own field says: whole years of 365 days are years by the calendar."""
    found = Tenant.objects.filter(pk__in=tenant_ids).values_list("pk", "retention_days")
    return {tenant_id: of_days(days) for tenant_id, days in found}


def of_days(days: int) -> Scope:
    """The scope of so many days; a year is what the terms give to everybody."""
    years, rest = divmod(days or YEAR_DAYS, YEAR_DAYS)
    period = Period(0, days) if rest else Period(years * 12, 0)
    return Scope(period, TERMS if days == YEAR_DAYS else CONTRACT)
