"""Register a terminal, or change one."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.devices.actions import DeviceChange, NewDevice, facts_of
from noroshi.devices.facts import BadDevice, Facts, clean_address, clean_facts
from noroshi.devices.models import Device, DeviceType, Space
from noroshi.office.forms.party import DayInput
from noroshi.tenants.models import Tenant

INTERVAL_MIN_MAX = 7 * 24 * 60
MINUTE_S = 60
PLAIN_TYPING = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


class DeviceForm(forms.Form):
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

    pac = forms.CharField(
        label=_("PAC"),
        max_length=40,
        required=False,
        help_text=_("Sigfoxの端末だけ。契約者の画面には出ません。"),
        widget=forms.TextInput(attrs=PLAIN_TYPING),
    )
    model = forms.CharField(label=_("型番"), max_length=100, required=False)
    serial = forms.CharField(label=_("製造番号"), max_length=64, required=False)
    conformity = forms.CharField(
        label=_("技適番号"),
        max_length=40,
        required=False,
        help_text=_("端末の技適マークの横にある番号。例: 001-A12345"),
    )
    battery = forms.CharField(label=_("電池の種類"), max_length=60, required=False)
    right_until = forms.DateField(
        label=_("回線の期限"),
        required=False,
        help_text=_("この日まで、ネットワークを使えます。"),
        widget=DayInput,
    )
    place_note = forms.CharField(
        label=_("設置場所のメモ"),
        max_length=200,
        required=False,
        help_text=_("例: 北側の棚の上、脚立が必要"),
    )

    def facts(self) -> Facts:
        """What was typed of the thing itself; what is no field's value stays out."""
        typed = {name: self.cleaned_data.get(name) for name in Facts.__dataclass_fields__}
        return Facts(**{name: value for name, value in typed.items() if value})

    def check(self, space: str) -> None:
        """Say already now what is wrong with the facts, with everything else."""
        try:
            clean_facts(space, self.facts())
        except BadDevice as refusal:
            self.add_error(refusal.field, str(refusal))

    def interval_s(self) -> int | None:
        """The rhythm in seconds; None = the type's."""
        minutes = self.cleaned_data["interval_min"]
        return minutes * MINUTE_S if minutes else None


class RegisterForm(DeviceForm):
    """A terminal that is new here."""

    tenant = forms.ModelChoiceField(queryset=Tenant.objects.order_by("name"), label=_("契約者"))
    space = forms.ChoiceField(label=_("ネットワーク"), choices=Space.choices)
    address = forms.CharField(
        label=_("端末ID（DevEUIなど）"),
        max_length=100,
        help_text=_("空白やハイフンは入れたままでかまいません。"),
        widget=forms.TextInput(attrs=PLAIN_TYPING),
    )

    field_order = ["space", "address", "pac", "tenant", "type", "name", "site", "interval_min"]

    def clean(self) -> dict[str, Any]:
        """Say already now what is wrong with the address, with everything else."""
        cleaned = super().clean() or self.cleaned_data
        if "space" in cleaned and "address" in cleaned:
            try:
                clean_address(cleaned["space"], cleaned["address"])
            except BadDevice as refusal:
                self.add_error(refusal.field, str(refusal))
        if "space" in cleaned:
            self.check(cleaned["space"])
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
            facts=self.facts(),
        )


class ChangeForm(DeviceForm):
    """A terminal that is here already."""

    field_order = ["name", "type", "site", "interval_min"]

    def __init__(self, device: Device, *, data: Any = None) -> None:
        own = device.interval_s
        self.space = device.space
        super().__init__(
            data,
            initial={
                "name": device.name,
                "type": device.type_id,
                "site": device.site.name if device.site else "",
                "interval_min": max(1, round(own / MINUTE_S)) if own else None,
                **asdict(facts_of(device)),
            },
        )
        if device.space != Space.SIGFOX:
            del self.fields["pac"]

    def clean(self) -> dict[str, Any]:
        """The facts must fit the network that the device is in."""
        cleaned = super().clean() or self.cleaned_data
        self.check(self.space)
        return cleaned

    def change(self) -> DeviceChange:
        """What the register changes."""
        cleaned = self.cleaned_data
        return DeviceChange(cleaned["name"], cleaned["site"], self.interval_s(), self.facts())
