"""A stretch of whole days, as a person chooses one."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

DAYS_MAX = 3660
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)  # nothing was measured outside


class DaysForm(forms.Form):
    """From a day until a day, both of them in it, in the reader's time zone."""

    since = forms.DateField(
        label=_("開始日"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("終了日"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        """The first day comes first, and there is an end to how much one may ask for."""
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until:
            since, until = (min(max(day, EARLIEST), LATEST) for day in (since, until))
            cleaned |= {"since": since, "until": until}
            if since > until:
                self.add_error("until", _("終了日は、開始日と同じかそれより後にしてください。"))
            elif (until - since).days > DAYS_MAX:
                self.add_error("until", _("一度に選べるのは10年までです。"))
        return cleaned

    def bounds(self) -> tuple[datetime, datetime]:
        """[begin of the first day, begin of the day after the last); call after `is_valid`."""
        until: date = self.cleaned_data["until"]
        return midnight(self.cleaned_data["since"]), midnight(until + timedelta(days=1))


def midnight(day: date) -> datetime:
    """The begin of a day in the time zone in force."""
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
