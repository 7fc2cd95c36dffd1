"""How long a contract keeps data, and the first day that is still kept; days are Japan's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import get_language, gettext, ngettext

from noroshi.contracts import lines
from noroshi.contracts.effective import data_scope_of
from noroshi.contracts.period import Period, parse

TERMS = "規約 第5条第1項"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a contract keeps, and where that is written: `source` is a text for people."""

    period: Period
    source: str

    def first_kept(self, today: date) -> date:
        """The earliest day whose data are in scope today."""
        return self.period.first_day(today)

    def out_on(self, day: date) -> date:
        """The first day on which nothing from before `day` is in scope any more."""
        return self.period.last_day(day - timedelta(days=1)) + timedelta(days=1)


# For tenants' ids and a day: what each keeps on that day. A tenant left out keeps everything.
Resolver = Callable[[Sequence[int], date], Mapping[int, Scope]]


def by_tenant(tenant_ids: Sequence[int], day: date) -> Mapping[int, Scope]:
    """What the contract of each says on that day, or else the terms."""
    found = data_scope_of(tenant_ids, day)
    return {tenant: Scope(one.period, one.of.found.source) for tenant, one in found.items()}


def period_words(text: str) -> str:
    """The period as people say it, in the language in force: 1年6か月."""
    period = parse(text)
    years, months = divmod(period.months, 12)
    parts = []
    if years:
        parts.append(ngettext("%(n)d年", "%(n)d年", years) % {"n": years})
    if months:
        parts.append(ngettext("%(n)dか月", "%(n)dか月", months) % {"n": months})
    if period.days:
        parts.append(ngettext("%(n)d日", "%(n)d日", period.days) % {"n": period.days})
    return " ".join(parts) if get_language() == "en" else "".join(parts)


def source_words(source: str) -> str:
    """Where a scope is written, in the language in force; what a contract says stays as it is."""
    return gettext("規約 第5条第1項") if source == TERMS else lines.source_words(source)
