"""A device type with its quantities."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.codecs.models import Codec
from noroshi.devices.models import DeviceType, Quantity

INTERVAL_MIN_MAX = 7 * 24 * 60
MINUTE_S = 60
DECIMALS_MAX = 6
QUANTITIES_MAX = 100
EMPTY_ROWS = 2


class TypeForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Names, maker, codec and rhythm."""

    codec = forms.ModelChoiceField(
        queryset=Codec.objects.order_by("name"), label=gettext_lazy("デコーダー")
    )
    interval_min = forms.IntegerField(
        label=gettext_lazy("受信の間隔"),
        min_value=1,
        max_value=INTERVAL_MIN_MAX,
        initial=60,
        help_text=gettext_lazy("この3倍を過ぎても受信がない端末は「応答なし」になります。"),
    )

    class Meta:
        model = DeviceType
        fields = ["name_ja", "name_en", "maker", "codec"]

    def __init__(self, data: Any = None, *, instance: DeviceType | None = None) -> None:
        super().__init__(data, instance=instance)
        if instance is not None:
            self.initial["interval_min"] = max(1, round(instance.interval_s / MINUTE_S))

    def save(self, commit: bool = True) -> DeviceType:  # noqa: FBT001, FBT002 - Django's own
        """The rhythm is typed in minutes and kept in seconds."""
        minutes = self.cleaned_data["interval_min"]
        if "interval_min" in self.changed_data or self.instance.pk is None:
            self.instance.interval_s = minutes * MINUTE_S
        saved: DeviceType = super().save(commit)
        return saved


class QuantityForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """One quantity: where the codec puts it and how people read it."""

    decimals = forms.IntegerField(
        label=gettext_lazy("小数点以下の桁数"), min_value=0, max_value=DECIMALS_MAX, initial=1
    )

    class Meta:
        model = Quantity
        fields = [
            *("key", "name_ja", "name_en", "unit", "decimals", "kind", "position"),
            *("false_ja", "true_ja", "false_en", "true_en"),
        ]
        widgets = {
            "key": forms.TextInput(
                attrs={
                    "list": "keys",
                    "autocomplete": "off",
                    "autocapitalize": "off",
                    "spellcheck": "false",
                }
            )
        }

    @property
    def heading(self) -> str:
        """What the row is called on the page."""
        name = self["name_ja"].value() or self["key"].value()
        return str(name) if name else _("新しい項目")


QuantityFormSet = forms.inlineformset_factory(
    DeviceType,
    Quantity,
    form=QuantityForm,
    extra=EMPTY_ROWS,
    max_num=QUANTITIES_MAX,
    validate_max=True,
)


def quantities(
    data: Any, kind: DeviceType, unnamed: Sequence[tuple[str, str]]
) -> "forms.BaseInlineFormSet[Quantity, DeviceType, QuantityForm]":
    """The rows of a type; keys that its devices send without having a name stand ready below."""
    known = kind.quantities.count() if kind.pk else 0
    ready = [
        {"key": key, "kind": value_kind, "position": known + n}
        for n, (key, value_kind) in enumerate(unnamed)
    ]
    formset = QuantityFormSet(data, instance=kind, initial=ready, prefix="q")
    formset.extra = len(ready) + EMPTY_ROWS
    return formset
