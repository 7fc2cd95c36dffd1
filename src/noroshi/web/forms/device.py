"""What a tenant may change of a device: its name, place and rhythm; bytes to send to it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.codecs.downlink import DATA_CHARS_MAX
from noroshi.devices.models import Device, Site
from noroshi.tenants import access
from noroshi.tenants.models import Membership

INTERVAL_MIN_MAX = 7 * 24 * 60
MINUTE_S = 60


class DeviceForm(forms.Form):
    """Name, place (an old one or a new one), expected interval."""

    name = forms.CharField(label=_("名前"), max_length=100)
    site: "forms.ModelChoiceField[Site]" = forms.ModelChoiceField(
        queryset=None,
        label=_("場所"),
        required=False,
        empty_label=_("場所なし"),
    )
    new_site = forms.CharField(
        label=_("新しい場所"),
        max_length=100,
        required=False,
        help_text=_("一覧にない場所なら、ここに名前を書いてください。"),
    )
    interval_min = forms.IntegerField(
        label=_("受信の間隔"),
        required=False,
        min_value=1,
        max_value=INTERVAL_MIN_MAX,
    )

    def __init__(self, member: Membership, device: Device, *, data: Any = None) -> None:
        own = device.interval_s
        super().__init__(
            data,
            initial={
                "name": device.name,
                "site": device.site_id,
                "interval_min": own // MINUTE_S if own else None,
            },
        )
        field = self.fields["site"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = access.rows(member, Site).order_by("name")


class DownlinkForm(forms.Form):
    """Eight bytes as hexadecimal digits; what makes them usable is told by devices.downlinks.

    Where the codec has an encoder, a JSON object may stand in their place.
    """

    payload = forms.CharField(
        label=_("送るデータ（16進）"),
        max_length=40,
        help_text=_("8バイトを16桁で。例 01 02 03 04 05 06 07 08"),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    content = forms.CharField(
        label=_("送る内容（JSON）"),
        max_length=DATA_CHARS_MAX,
        required=False,
        help_text=_('例 {"interval": 10}。機種のエンコーダーがバイト列に直します。'),
        widget=forms.Textarea(attrs={"rows": "4", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *, can_encode: bool, data: Any = None) -> None:
        super().__init__(data)
        if can_encode:
            self.fields["payload"].required = False
        else:
            del self.fields["content"]

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        typed = self.cleaned_data
        if "content" in self.fields and not self.errors:
            if not typed["content"] and not typed["payload"]:
                self.add_error("content", _("JSON か16進のどちらかを書いてください。"))
            elif typed["content"] and typed["payload"]:
                self.add_error("payload", _("JSON と16進は、どちらか一方だけにしてください。"))
        return typed
