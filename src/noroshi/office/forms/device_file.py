"""Terminals by CSV: the file first, then the judged text comes back with the decision."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.devices.listing import BYTES_MAX, BadFile, Listing, judge, text_of
from noroshi.tenants.models import Tenant


class DeviceFileForm(forms.Form):
    """Whose terminals, and which; `text` is the file's own text on its second way here."""

    tenant = forms.ModelChoiceField(
        queryset=Tenant.objects.order_by("name"), label=gettext_lazy("契約者")
    )
    file = forms.FileField(
        label=gettext_lazy("CSVファイル"),
        required=False,
        help_text=gettext_lazy("5,000行まで。UTF-8かシフトJIS。登録の前に内容を確かめられます。"),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    text = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    file_name = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    listing: Listing | None = None
    judged_text = ""
    judged_name = ""

    def clean(self) -> dict[str, Any]:
        """Read and judge the file."""
        cleaned = super().clean() or self.cleaned_data
        if "tenant" not in cleaned:
            return cleaned
        try:
            self.judged_text = self.read(cleaned)
            self.listing = judge(self.judged_text, cleaned["tenant"])
        except BadFile as fault:
            self.add_error("file", str(fault))
        return cleaned

    def read(self, cleaned: dict[str, Any]) -> str:
        """The text that was sent, by either way. Raises BadFile."""
        sent = cleaned.get("file")
        if sent is None:
            self.judged_name = cleaned.get("file_name", "")
            if not cleaned.get("text"):
                raise BadFile(_("CSVファイルを選んでください。"))
            return str(cleaned["text"])
        self.judged_name = sent.name
        return text_of(sent.read(BYTES_MAX + 1))
