"""Which sign-ins to show."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core import validators
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noroshi.tenants import access
from noroshi.tenants.models import Enrolment, Membership, SignIn

DAY_MAX = date(2999, 12, 31)


class SignInsForm(forms.Form):
    """Person, outcome, days; everything may stay empty."""

    who = forms.ChoiceField(label=_("利用者"), required=False)
    outcome = forms.ChoiceField(
        label=_("結果"), required=False, choices=[("", _("すべて")), *SignIn.Outcome.choices]
    )
    since = forms.DateField(
        label=_("開始日"),
        required=False,
        validators=[validators.MaxValueValidator(DAY_MAX)],
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = forms.DateField(
        label=_("終了日"),
        required=False,
        validators=[validators.MaxValueValidator(DAY_MAX)],
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, member: Membership, *, data: Any) -> None:
        super().__init__(data)
        named = access.rows(member, Enrolment).exclude(membership=None).order_by("name", "pk")
        people = [(line.code, line.name) for line in named]
        self.fields["who"].choices = [("", _("全員")), *people]  # type: ignore[attr-defined]

    def narrow(self, rows: QuerySet[SignIn]) -> QuerySet[SignIn]:
        """Only what was asked for; a form that makes no sense asks for everything."""
        if not self.is_valid():
            return rows
        asked = self.cleaned_data
        if asked["who"]:
            rows = rows.filter(user__memberships__enrolment__code=asked["who"])
        if asked["outcome"]:
            rows = rows.filter(outcome=asked["outcome"])
        if asked["since"]:
            rows = rows.filter(at__gte=midnight(asked["since"]))
        if asked["until"]:
            rows = rows.filter(at__lt=midnight(asked["until"] + timedelta(days=1)))
        return rows


def midnight(day: date) -> datetime:
    """The beginning of a day in the time zone in force."""
    return timezone.make_aware(datetime.combine(day, time()))
