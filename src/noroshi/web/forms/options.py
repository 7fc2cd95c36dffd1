"""When a rule counts and what goes beyond its condition: hours, season, missing data, a change."""

import re
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from noroshi.alarms.conditions import Clear, Hours, Limits, More, Plan, Temporary

MINUTE_S = 60
CLEAR_MIN_MAX = 24 * 60
LIMIT_ABS_MAX = 1e12
HOUR_MIN = 60
DAY_OF_YEAR = re.compile(r"^\s*(\d{1,2})\s*[/月-]\s*(\d{1,2})\s*日?\s*$")
WHOLE_DAY = (0, 0)

Cleaned = Mapping[str, Any]


class DayOfYear(forms.CharField):
    """A day of any year: 7/1, 7月1日."""

    def clean(self, value: Any) -> tuple[int, int] | None:
        """Month and day, or None for nothing."""
        text = super().clean(value)
        if not text:
            return None
        found = DAY_OF_YEAR.match(text)
        if found is None:
            raise forms.ValidationError(_("7/1 のように、月/日で入れてください。"))
        return int(found[1]), int(found[2])


def option_fields() -> dict[str, forms.Field]:
    """All of them may be left as they are."""
    clock = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    moment = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    days = [(str(day), WEEKDAYS_ABBR[day]) for day in range(7)]
    return {
        "hours_from": forms.TimeField(label=_("何時から"), required=False, widget=clock),
        "hours_until": forms.TimeField(label=_("何時まで"), required=False, widget=clock),
        "weekdays": forms.MultipleChoiceField(
            label=_("曜日"), required=False, choices=days, widget=forms.CheckboxSelectMultiple
        ),
        "holidays": forms.ChoiceField(
            label=_("祝日"),
            required=False,
            choices=[
                ("same", _("ほかの日と同じ")),
                ("never", _("祝日は知らせない")),
                ("whole", _("祝日は一日中知らせる")),
            ],
        ),
        "season_from": DayOfYear(label=_("期間のはじめ"), required=False, max_length=12),
        "season_until": DayOfYear(label=_("期間のおわり"), required=False, max_length=12),
        "clear_min": forms.IntegerField(
            label=_("復帰までの時間"), required=False, min_value=0, max_value=CLEAR_MIN_MAX
        ),
        "missing": forms.ChoiceField(
            label=_("データが届かないとき"),
            required=False,
            choices=[
                ("keep", _("そのままにする")),
                ("alarm", _("警報にする")),
                ("normal", _("警報を終わりにする")),
            ],
        ),
        "until": forms.DateTimeField(label=_("いつまで"), required=False, widget=moment),
        "until_upper": _limit(_("その間の上限")),
        "until_lower": _limit(_("その間の下限")),
    }


def read_more(cleaned: Cleaned, plan: Plan | None, now: datetime) -> More:
    """The valid fields; a change for a time that was there before keeps its begin."""
    clear_min = cleaned.get("clear_min") or 0
    return More(
        clear=Clear(hold_s=clear_min * MINUTE_S) if clear_min else None,
        hours=_hours(cleaned),
        missing=cleaned.get("missing") or "keep",
        temporary=_temporary(cleaned, plan, now),
    )


def show_more(plan: Plan) -> dict[str, Any]:
    """What the fields show of a rule that exists."""
    more = plan.more
    hours = more.hours or Hours()
    begin, end = hours.begin_min, hours.end_min
    season = hours.season
    shown: dict[str, Any] = {
        "weekdays": [str(day) for day in hours.weekdays],
        "holidays": hours.holidays,
        "missing": more.missing,
        "clear_min": more.clear.hold_s // MINUTE_S if more.clear else None,
    }
    if (begin, end) != WHOLE_DAY:
        shown |= {"hours_from": clock_of(begin), "hours_until": clock_of(end)}
    if season is not None:
        shown["season_from"] = f"{season[0]}/{season[1]}"
        shown["season_until"] = f"{season[2]}/{season[3]}"
    if more.temporary is not None:
        shown |= {
            "until": timezone.localtime(more.temporary.until),
            "until_upper": more.temporary.upper,
            "until_lower": more.temporary.lower,
        }
    return shown


def clock_of(minutes: int) -> time:
    """Minutes after midnight as a time of day."""
    return time(minutes // HOUR_MIN % 24, minutes % HOUR_MIN)


def _limit(label: str) -> forms.Field:
    return forms.FloatField(
        label=label, required=False, min_value=-LIMIT_ABS_MAX, max_value=LIMIT_ABS_MAX
    )


def _hours(cleaned: Cleaned) -> Hours | None:
    first, last = cleaned.get("season_from"), cleaned.get("season_until")
    hours = Hours(
        begin_min=_minutes(cleaned.get("hours_from")),
        end_min=_minutes(cleaned.get("hours_until")),
        weekdays=tuple(int(day) for day in cleaned.get("weekdays") or ()),
        holidays=cleaned.get("holidays") or "same",
        season=(*first, *last) if first and last else None,
    )
    return None if hours == Hours() else hours


def _minutes(clock: time | None) -> int:
    return clock.hour * HOUR_MIN + clock.minute if clock else 0


def _temporary(cleaned: Cleaned, plan: Plan | None, now: datetime) -> Temporary | None:
    until = cleaned.get("until")
    if until is None:
        return None
    before = plan.more.temporary if plan else None
    since = before.since if before and before.until == until else now
    is_limits = plan is None or isinstance(plan.condition, Limits)
    limits = (cleaned.get("until_upper"), cleaned.get("until_lower")) if is_limits else (None, None)
    return Temporary(since, until, *limits)
