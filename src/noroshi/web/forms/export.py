"""What to take out: devices, days, encoding, shape."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.devices.models import Device
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.days import DaysForm

ENCODINGS = [
    ("utf-8-sig", _("Excel 用（UTF-8、BOM付き）")),
    ("cp932", _("古い Excel 用（シフトJIS）")),
    ("utf-8", _("プログラム用（UTF-8）")),
]
SHAPES = [
    ("wide", _("横に並べる（日時ごとに1行）")),
    ("long", _("縦に並べる（計測値ごとに1行）")),
    ("hour", _("1時間ごとの集計")),
    ("day", _("1日ごとの集計")),
    ("month", _("1か月ごとの集計")),
]
WIDE_DEVICES_MAX = 100


class ExportForm(DaysForm):
    """No device chosen means all of them."""

    device: "forms.ModelMultipleChoiceField[Device]" = forms.ModelMultipleChoiceField(
        queryset=None,
        label=_("端末"),
        required=False,
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
        help_text=_("選ばなければ、すべての端末です。"),
    )
    encoding = forms.ChoiceField(label=_("文字コード"), choices=ENCODINGS, initial="utf-8-sig")
    shape = forms.ChoiceField(label=_("並べ方"), choices=SHAPES, initial="wide")

    def __init__(
        self, member: Membership, *, data: Any = None, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        self.own = access.rows(member, Device).order_by("name", "pk")
        field = self.fields["device"]
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = self.own

    def clean(self) -> dict[str, Any]:
        """Too many columns side by side open in no spreadsheet."""
        cleaned = super().clean()
        if cleaned.get("shape") == "wide" and len(self.devices()) > WIDE_DEVICES_MAX:
            self.add_error(
                "shape",
                forms.ValidationError(
                    _("端末が%(n)d台を超えるときは、「縦に並べる」を選んでください。"),
                    params={"n": WIDE_DEVICES_MAX},
                ),
            )
        return cleaned

    def devices(self) -> list[Device]:
        """The chosen devices, or all."""
        return list(self.cleaned_data.get("device") or self.own)
