"""Register a terminal, or change one."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.devices.actions import BadDevice, DeviceChange, NewDevice, clean_address
from noroshi.devices.models import Device, DeviceType, Space
from noroshi.tenants.models import Tenant

INTERVAL_MIN_MAX = 7 * 24 * 60
MINUTE_S = 60
PLAIN_TYPING = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


class DeviceFacts(forms.Form):
    """What can be changed later, too."""

    name = forms.CharField(label=_("名前"), max_length=100)
    type = forms.ModelChoiceField(queryset=DeviceType.objects.order_by("name_ja"), label=_("機種"))
    site = forms.CharField(
        label=_("場所"),
        max_length=100,
        required=False,
        help_text=_("契約者の場所の名前。初めての名前なら新しく作ります。"),
        widget=forms.TextInput(attrs={"list": "sites"}),
    )
    interval_min = forms.IntegerField(
        label=_("受信の間隔"),
        required=False,
        min_value=1,
        max_value=INTERVAL_MIN_MAX,
        help_text=_("空欄なら機種の標準にします。"),
    )

    def interval_s(self) -> int | None:
        """The rhythm in seconds; None = the type's."""
        minutes = self.cleaned_data["interval_min"]
        return minutes * MINUTE_S if minutes else None


class RegisterForm(DeviceFacts):
    """A terminal that is new here."""

    tenant = forms.ModelChoiceField(queryset=Tenant.objects.order_by("name"), label=_("契約者"))
    space = forms.ChoiceField(label=_("ネットワーク"), choices=Space.choices)
    address = forms.CharField(
        label=_("端末ID（DevEUIなど）"),
        max_length=100,
        help_text=_("空白やハイフンは入れたままでかまいません。"),
        widget=forms.TextInput(attrs=PLAIN_TYPING),
    )

    field_order = ["space", "address", "tenant", "type", "name", "site", "interval_min"]

    def clean(self) -> dict[str, Any]:
        """Say already now what is wrong with the address, with everything else."""
        cleaned = super().clean() or self.cleaned_data
        if "space" in cleaned and "address" in cleaned:
            try:
                clean_address(cleaned["space"], cleaned["address"])
            except BadDevice as refusal:
                self.add_error(refusal.field, str(refusal))
        return cleaned

    def new_device(self) -> NewDevice:
        """What the register takes."""
        cleaned = self.cleaned_data
        return NewDevice(
            tenant=cleaned["tenant"],
            name=cleaned["name"],
            type=cleaned["type"],
            space=cleaned["space"],
            address=cleaned["address"],
            site_name=cleaned["site"],
            interval_s=self.interval_s(),
        )


class ChangeForm(DeviceFacts):
    """A terminal that is here already."""

    field_order = ["name", "type", "site", "interval_min"]

    def __init__(self, device: Device, *, data: Any = None) -> None:
        own = device.interval_s
        super().__init__(
            data,
            initial={
                "name": device.name,
                "type": device.type_id,
                "site": device.site.name if device.site else "",
                "interval_min": max(1, round(own / MINUTE_S)) if own else None,
            },
        )

    def change(self) -> DeviceChange:
        """What the register changes."""
        cleaned = self.cleaned_data
        return DeviceChange(cleaned["name"], cleaned["site"], self.interval_s())
