"""Tenants and the people who act for them."""

import re

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.office.actions import NewMember
from noroshi.outbox.addresses import BadAddress, clean_address
from noroshi.tenants.models import Membership, Tenant, User

LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}")
RETENTION_DAYS_MAX = 3660


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Name, language of its mails, how long its data are kept."""

    language = forms.ChoiceField(label=gettext_lazy("言語"), choices=settings.LANGUAGES)
    retention_days = forms.IntegerField(
        label=gettext_lazy("保存期間"), min_value=1, max_value=RETENTION_DAYS_MAX, initial=365
    )

    class Meta:
        model = Tenant
        fields = ["name", "language", "retention_days"]


class MemberForm(forms.Form):
    """A new user of a tenant."""

    login = forms.CharField(
        label=gettext_lazy("利用者ID"),
        max_length=64,
        help_text=gettext_lazy("英数字と . _ - で3文字以上。ログインに使います。"),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    name = forms.CharField(label=gettext_lazy("お名前"), max_length=100)
    email = forms.CharField(
        label=gettext_lazy("メールアドレス"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=gettext_lazy("役割"), choices=Membership.Role.choices)

    def clean_login(self) -> str:
        """An id that can be read out on the telephone, and that nobody has."""
        login = str(self.cleaned_data["login"])
        if not LOGIN.fullmatch(login):
            raise ValidationError(_("英数字で始め、英数字と . _ - だけで3文字以上にしてください。"))
        if User.objects.filter(login__iexact=login).exists():
            raise ValidationError(_("この利用者IDはすでに使われています。"))
        return login

    def clean_email(self) -> str:
        """Empty, or an address that a mail can be sent to."""
        text = str(self.cleaned_data["email"])
        try:
            return clean_address(text) if text else ""
        except BadAddress as refusal:
            raise ValidationError(str(refusal)) from None

    def member(self) -> NewMember:
        """What the office makes."""
        cleaned = self.cleaned_data
        return NewMember(cleaned["login"], cleaned["name"], cleaned["email"], cleaned["role"])
