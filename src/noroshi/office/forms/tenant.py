"""Tenants and the people who act for them."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.contracts import registry
from noroshi.contracts.actions import Sheet
from noroshi.contracts.models import VALUE_CHARS_MAX
from noroshi.contracts.registry import BadValue
from noroshi.office.actions import Way
from noroshi.office.forms.party import DayInput
from noroshi.outbox.addresses import BadAddress, clean_address
from noroshi.tenants.models import (
    Enrolment,
    IssuedCredential,
    Membership,
    Tenant,
)
from noroshi.tenants.register import NAME_CHARS_MAX, NewEnrolment

DAY = timedelta(days=1)
AMENDED = "c_"


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Name and language of its mails; everything else stands in the contract."""

    language = forms.ChoiceField(label=gettext_lazy("言語"), choices=settings.LANGUAGES)

    class Meta:
        model = Tenant
        fields = ["name", "language"]


class NewTenantForm(TenantForm):
    """The same with the kind of service and the condition sheet of the first contract."""

    CONDITIONS = ("users_max", "widened_class", "data_scope")

    from_day = forms.DateField(label=gettext_lazy("契約期間の初日"), widget=DayInput())
    last_day = forms.DateField(
        label=gettext_lazy("契約期間の最終日"),
        widget=DayInput(),
        required=False,
        help_text=gettext_lazy("空のままなら、期限なしです。"),
    )

    class Meta(TenantForm.Meta):
        fields = ["name", "kind", "language"]

    field_order = ("name", "kind", "language", "from_day", "last_day", *CONDITIONS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= {
            name: condition_field(name, registry.key_of(name).default) for name in self.CONDITIONS
        }
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        """The conditions as they are kept, each fault beside its field."""
        told = super().clean() or self.cleaned_data
        check_conditions(self, self.CONDITIONS)
        return told

    def sheet(self) -> Sheet:
        """The valid form as a condition sheet."""
        told = self.cleaned_data
        last = told["last_day"]
        return Sheet(
            told["from_day"],
            last + DAY if last else None,
            conditions={name: told[name] for name in self.CONDITIONS if told[name]},
        )


def condition_field(name: str, now: str) -> forms.CharField | forms.ChoiceField:
    """A field for a condition of the contract; empty = it stays `now`."""
    key = registry.key_of(name)
    if key.options:
        stays = _("（変えない：%(now)s）") % {"now": registry.said(name, now)}
        choices = [(one, registry.said(name, one)) for one in key.options]
        return forms.ChoiceField(
            label=str(key.label), required=False, choices=[("", stays), *choices]
        )
    return forms.CharField(
        label=str(key.label),
        required=False,
        max_length=VALUE_CHARS_MAX,
        help_text=str(key.hint),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "placeholder": registry.said(name, now)}
        ),
    )


def check_conditions(form: forms.BaseForm, names: Collection[str]) -> None:
    """Put each fault of the conditions beside its field; a field may say AMENDED before its key."""
    for name in names:
        text = form.cleaned_data.get(name, "")
        try:
            key = name.removeprefix(AMENDED)
            form.cleaned_data[name] = registry.checked(key, text) if text else ""
        except BadValue as fault:
            form.add_error(name, str(fault))


class IssueForm(forms.Form):
    """How the user id is handed over, and which one."""

    EXISTING = "existing"

    way = forms.ChoiceField(
        label=gettext_lazy("渡し方"),
        choices=IssuedCredential.Way.choices,
        initial=IssuedCredential.Way.LETTER,
    )
    login = forms.CharField(
        label=gettext_lazy("利用者ID"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("空のままなら、番号で作ります。"),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def how(self) -> Way:
        """What the office chose."""
        return Way(self.cleaned_data["way"], self.cleaned_data["login"].strip())


class WaitingForm(IssueForm):
    """The same for somebody on the register, who may have a user id from another contractor."""

    way = forms.ChoiceField(
        label=gettext_lazy("渡し方"),
        choices=[
            *IssuedCredential.Way.choices,
            (IssueForm.EXISTING, gettext_lazy("すでにある利用者IDを使う")),
        ],
        initial=IssuedCredential.Way.LETTER,
    )

    @property
    def is_existing(self) -> bool:
        """Whether nothing is handed over: the person has a user id."""
        return bool(self.cleaned_data["way"] == self.EXISTING)


class NamingForm(IssueForm):
    """A person whom the office puts on the register, and who gets the user id at once."""

    field_order = ("name", "email", "affiliation", "role", "has_authority", "login", "way")

    name = forms.CharField(label=gettext_lazy("お名前"), max_length=NAME_CHARS_MAX)
    email = forms.CharField(
        label=gettext_lazy("メールアドレス"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    affiliation = forms.ChoiceField(
        label=gettext_lazy("所属の区分"),
        choices=Enrolment.Affiliation.choices,
        initial=Enrolment.Affiliation.EMPLOYEE,
    )
    role = forms.ChoiceField(
        label=gettext_lazy("役割"), choices=Membership.Role.choices, initial=Membership.Role.VIEWER
    )
    has_authority = forms.BooleanField(label=gettext_lazy("契約権限がある"), required=False)

    def clean_email(self) -> str:
        """Empty, or an address that a mail can be sent to."""
        text = str(self.cleaned_data["email"])
        try:
            return clean_address(text) if text else ""
        except BadAddress as refusal:
            raise ValidationError(str(refusal)) from None

    def person(self) -> NewEnrolment:
        """The line of the register."""
        told = self.cleaned_data
        names = ("name", "email", "affiliation", "role", "has_authority")
        return NewEnrolment(**{name: told[name] for name in names})


class FactorsForm(forms.Form):
    """Why somebody's second factors are taken away."""

    reason = forms.CharField(
        label=gettext_lazy("理由と、本人と確かめた方法"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
