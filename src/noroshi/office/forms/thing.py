"""Put a terminal into stock, and give it to a contractor."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.devices.holdings import NewHolding, NewThing
from noroshi.devices.models import Device, Thing
from noroshi.office.forms.device import DeviceForm, RegisterForm
from noroshi.tenants.models import Tenant


class InstantInput(forms.DateTimeInput):
    """An instant in Japan, by the browser's own calendar."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class StockForm(RegisterForm):
    """A terminal that nobody holds yet: no contractor, no place."""

    name = None  # type: ignore[assignment]
    site = None  # type: ignore[assignment]
    interval_min = None  # type: ignore[assignment]
    place_note = None  # type: ignore[assignment]
    tenant = None  # type: ignore[assignment]

    def new_thing(self) -> NewThing:
        """What the register takes."""
        cleaned = self.cleaned_data
        return NewThing(cleaned["type"], cleaned["space"], cleaned["address"], self.facts())


class HoldForm(DeviceForm):
    """Whom the terminal goes to, and what it is called there."""

    pac = None  # type: ignore[assignment]
    model = None  # type: ignore[assignment]
    serial = None  # type: ignore[assignment]
    conformity = None  # type: ignore[assignment]
    battery = None  # type: ignore[assignment]
    right_until = None  # type: ignore[assignment]
    tenant = forms.ModelChoiceField(queryset=Tenant.objects.order_by("name"), label=_("契約者"))
    since = forms.DateTimeField(
        label=_("いつから"),
        required=False,
        help_text=_("この時刻から後に送られた受信を渡します。空欄なら、いまからにします。"),
        widget=InstantInput,
    )

    field_order = ["tenant", "since", "name", "type", "site", "interval_min", "place_note"]

    def __init__(self, thing: Thing, device: Device | None, *, data: Any = None) -> None:
        kind = device.type_id if device else thing.type_id
        super().__init__(data, initial={"type": kind})
        if device is not None:
            # What came in has its place already: a change of hands is always from now.
            del self.fields["since"]
            choice = self.fields["tenant"]
            if isinstance(choice, forms.ModelChoiceField):
                choice.label = _("移す先の契約者")
                choice.queryset = Tenant.objects.exclude(pk=device.tenant_id).order_by("name")

    def holding(self) -> NewHolding:
        """What the register takes."""
        cleaned = self.cleaned_data
        return NewHolding(
            tenant=cleaned["tenant"],
            name=cleaned["name"],
            type=cleaned["type"],
            site_name=cleaned["site"],
            interval_s=self.interval_s(),
            place_note=cleaned["place_note"],
            since=cleaned.get("since"),
        )
