"""Tenants and the people who act for them."""

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy

from noroshi.office.actions import Way
from noroshi.outbox.addresses import BadAddress, clean_address
from noroshi.tenants import kinds
from noroshi.tenants.kinds import KindRefusal
from noroshi.tenants.models import (
    Enrolment,
    IssuedCredential,
    Membership,
    ServiceKind,
    Tenant,
)
from noroshi.tenants.register import NAME_CHARS_MAX, NewEnrolment

RETENTION_DAYS_MAX = 3660
USERS_MAX = 10_000


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Name, language of its mails, how long its data are kept, who may use the service."""

    language = forms.ChoiceField(label=gettext_lazy("言語"), choices=settings.LANGUAGES)
    retention_days = forms.IntegerField(
        label=gettext_lazy("保存期間"), min_value=1, max_value=RETENTION_DAYS_MAX, initial=365
    )

    users_max = forms.IntegerField(
        label=gettext_lazy("利用者数の上限"), min_value=1, max_value=USERS_MAX, initial=10
    )

    class Meta:
        model = Tenant
        fields = ["name", "kind", "language", "retention_days", "users_max", "widened_class"]

    def clean_kind(self) -> ServiceKind:
        """One that the tenant may have; with users, none without accounts."""
        kind: ServiceKind = self.cleaned_data["kind"]
        try:
            kinds.check_may_become(self.instance, kind, timezone.now())
        except KindRefusal as refusal:
            raise ValidationError(str(refusal)) from None
        return kind


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
