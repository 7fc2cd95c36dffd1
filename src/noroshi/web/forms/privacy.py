"""The contractor's contact for personal data."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.outbox.addresses import ADDRESS_CHARS_MAX
from noroshi.tenants.models import Tenant
from noroshi.web.addresses import check_address
from noroshi.web.privacy_acts import facts_of


class PrivacyContactForm(forms.Form):
    """Name, address and telephone number of who answers for personal data."""

    privacy_name = forms.CharField(label=_("お名前・部署"), max_length=100)
    privacy_email = forms.CharField(
        label=_("メールアドレス"),
        max_length=ADDRESS_CHARS_MAX,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocapitalize": "none"}),
    )
    privacy_phone = forms.RegexField(
        label=_("電話（なくてもかまいません）"),
        regex=r"^[0-9+() -]*$",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )

    def __init__(self, tenant: Tenant, *, data: Any = None) -> None:
        super().__init__(data, initial=facts_of(tenant))

    def clean_privacy_email(self) -> str:
        """The address without spaces, full-width letters made plain."""
        return check_address(self.cleaned_data["privacy_email"]).address
