"""Somebody who gets mails."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.actions import Person
from noroshi.alarms.models import Recipient
from noroshi.outbox import hooks
from noroshi.outbox.addresses import ADDRESS_CHARS_MAX, BadAddress
from noroshi.outbox.channels import Channel
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


class WebhookForm(forms.Form):
    """Name and URL of a machine that is told; the URL of one that is there stays."""

    name = forms.CharField(
        label=_("名前"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    address = forms.CharField(
        label="URL",
        help_text=_(
            "https:// で始まるURL。だれでも読める画面に出るので、合い言葉を含めないでください。"
        ),
        max_length=ADDRESS_CHARS_MAX,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "autocapitalize": "none"}
        ),
    )

    def __init__(
        self, member: Membership, recipient: Recipient | None = None, *, data: Any = None
    ) -> None:
        super().__init__(data, initial={"name": recipient.name} if recipient else None)
        self.member, self.recipient = member, recipient
        if recipient:
            del self.fields["address"]

    def clean_address(self) -> str:
        """The URL; refused when it cannot be used, or another recipient has it."""
        try:
            url = hooks.clean_url(self.cleaned_data["address"])
        except BadAddress as flaw:
            raise forms.ValidationError(str(flaw)) from None
        twin = access.rows(self.member, Recipient).filter(address=url).first()
        if twin:
            raise forms.ValidationError(
                _("このURLは「%(name)s」として登録済みです。"), params={"name": twin.name}
            )
        return url

    def person(self) -> Person:
        """The valid form as a value; call after `is_valid`."""
        known = self.recipient
        return Person(
            name=self.cleaned_data["name"],
            address=known.address if known else self.cleaned_data["address"],
            language=known.language if known else "ja",
            is_active=known.is_active if known else True,
            channel=str(Channel.WEBHOOK),
        )
