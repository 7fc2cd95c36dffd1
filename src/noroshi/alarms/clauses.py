"""When a rule counts and what it makes of missing data, in words, in the language in force."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from noroshi.alarms.conditions import Hours, More, Plan, Temporary
from noroshi.alarms.saying import Named, day_words, lasting
from noroshi.alarms.words import day_and_time

HOUR_MIN = 60
A_LEAP_YEAR = 2028
WORKING = (0, 1, 2, 3, 4)
WEEKEND = (5, 6)


def clauses(plan: Plan, named: Named, now: datetime) -> list[str]:
    """What goes beyond the condition, each in a few words; empty for a rule without options.

    A change for a time that is over is no part of the rule any more.
    """
    more = plan.more
    if more == More():
        return []
    found = _of_hours(more.hours) if more.hours else []
    if more.clear is not None and more.clear.hold_s:
        words = {"time": lasting(more.clear.hold_s)}
        found.append(_("%(time)s 戻ったままなら復帰") % words)
    if more.missing == "alarm":
        found.append(_("データが届かないときは警報"))
    if more.missing == "normal":
        found.append(_("データが届かないときは警報を終わりに"))
    if more.temporary is not None and now < more.temporary.until:
        found.append(_of_temporary(more.temporary, named))
    return found


def _of_hours(hours: Hours) -> list[str]:
    found = []
    if (hours.begin_min, hours.end_min) != (0, 0):
        ends = {"begin": clock(hours.begin_min), "end": clock(hours.end_min)}
        crosses = hours.end_min <= hours.begin_min
        found.append(
            _("%(begin)s〜翌%(end)s だけ") % ends
            if crosses
            else _("%(begin)s〜%(end)s だけ") % ends
        )
    if hours.weekdays:
        found.append(_("%(days)s だけ") % {"days": _days(hours.weekdays)})
    if hours.holidays == "never":
        found.append(_("祝日は知らせない"))
    if hours.holidays == "whole":
        found.append(_("祝日は一日中"))
    if hours.season is not None:
        first, last = hours.season[:2], hours.season[2:]
        ends = {"first": _day(*first), "last": _day(*last)}
        found.append(_("%(first)s〜%(last)s だけ") % ends)
    return found


def clock(minutes: int) -> str:
    """09:30."""
    return f"{minutes // HOUR_MIN:02d}:{minutes % HOUR_MIN:02d}"


def _days(days: tuple[int, ...]) -> str:
    if days == WORKING:
        return str(_("月曜〜金曜"))
    if days == WEEKEND:
        return str(_("土曜・日曜"))
    return _("・").join(str(WEEKDAYS_ABBR[day]) for day in days)


def _day(month: int, day: int) -> str:
    return day_words(date(A_LEAP_YEAR, month, day))


def _of_temporary(temporary: Temporary, named: Named) -> str:
    until = day_and_time(timezone.localtime(temporary.until))
    if temporary.is_rest:
        return _("%(until)sまで お休み") % {"until": until}
    limits = []
    if temporary.upper is not None:
        limits.append(_("上限 %(limit)s") % {"limit": named.words(temporary.upper)})
    if temporary.lower is not None:
        limits.append(_("下限 %(limit)s") % {"limit": named.words(temporary.lower)})
    return _("%(until)sまで %(limits)s") % {"until": until, "limits": _("・").join(limits)}
