"""Somebody who gets mails."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.actions import Person
from noroshi.alarms.models import Recipient
from noroshi.outbox.addresses import ADDRESS_CHARS_MAX
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.addresses import check_address


class RecipientForm(forms.Form):
    """Name, address, language; `caution` is set when the address is unusual but usable."""

    name = forms.CharField(
        label=_("お名前"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    address = forms.CharField(
        label=_("メールアドレス"),
        max_length=ADDRESS_CHARS_MAX,
        widget=forms.TextInput(
            attrs={"inputmode": "email", "autocomplete": "off", "autocapitalize": "none"}
        ),
    )
    language = forms.ChoiceField(
        label=_("メールの言語"), choices=[("ja", "日本語"), ("en", "English")]
    )

    caution = ""

    def __init__(
        self,
        member: Membership,
        recipient: Recipient | None = None,
        *,
        data: Any = None,
    ) -> None:
        initial = (
            {
                "name": recipient.name,
                "address": recipient.address,
                "language": recipient.language,
            }
            if recipient
            else {"language": "ja"}
        )
        super().__init__(data, initial=initial)
        self.member, self.recipient = member, recipient

    def clean_address(self) -> str:
        """The address; refused when another recipient of the tenant has it."""
        checked = check_address(self.cleaned_data["address"])
        others = access.rows(self.member, Recipient).filter(address__iexact=checked.address)
        if self.recipient:
            others = others.exclude(pk=self.recipient.pk)
        twin = others.first()
        if twin:
            raise forms.ValidationError(
                _("このアドレスは「%(name)s」として登録済みです。"), params={"name": twin.name}
            )
        self.caution = checked.caution
        return checked.address

    def person(self) -> Person:
        """The valid form as a value; call after `is_valid`."""
        return Person(
            name=self.cleaned_data["name"],
            address=self.cleaned_data["address"],
            language=self.cleaned_data["language"],
            is_active=self.recipient.is_active if self.recipient else True,
        )
