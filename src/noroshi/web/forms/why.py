"""Which device, whom and when: the three things that the explainer must know."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.models import Recipient
from noroshi.devices.models import Device
from noroshi.tenants import access
from noroshi.tenants.models import Membership

CHOICES_MAX = 2000


class WhyForm(forms.Form):
    """About which mail somebody asks."""

    device: "forms.ModelChoiceField[Device]" = forms.ModelChoiceField(
        queryset=None, label=_("端末"), to_field_name="code"
    )
    recipient: "forms.ModelChoiceField[Recipient]" = forms.ModelChoiceField(
        queryset=None, label=_("通知先"), to_field_name="code"
    )
    at = forms.DateTimeField(
        label=_("メールが届くはずだった時刻"),
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        help_text=_("前後1時間を調べます。"),
    )

    def __init__(self, member: Membership, *, data: Any = None) -> None:
        super().__init__(data)
        for name, rows in (
            ("device", access.rows(member, Device).order_by("name", "pk")),
            ("recipient", access.rows(member, Recipient).order_by("name", "pk")),
        ):
            field = self.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = rows
