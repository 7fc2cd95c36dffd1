"""Amendments: what changes from a day on, and the contractor's side of it."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.contracts import registry
from noroshi.contracts.actions import REASON_CHARS_MAX, Change
from noroshi.contracts.effective import all_effective
from noroshi.contracts.items import Item, items_of
from noroshi.contracts.models import KEY_CHARS_MAX, VALUE_CHARS_MAX, Amendment, Contract
from noroshi.contracts.registry import BadValue, UnknownKey
from noroshi.office.forms.party import DayInput, PaperForm
from noroshi.office.forms.tenant import AMENDED, check_conditions, condition_field
from noroshi.tenants.kinds import on_of
from noroshi.tenants.models import Intent, IntentKind

DAY = timedelta(days=1)


class AmendmentForm(PaperForm):
    """Empty fields stay as they are. One of the two acts of the contractor must be there."""

    field_order = ("from_day", "reason", "last_day", "add", "remove", "intent", "paper")

    from_day = forms.DateField(label=gettext_lazy("変更日"), widget=DayInput())
    reason = forms.CharField(
        label=gettext_lazy("理由"),
        max_length=REASON_CHARS_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    last_day = forms.DateField(
        label=gettext_lazy("新しい最終日"),
        widget=DayInput(),
        required=False,
        help_text=gettext_lazy("契約期間を変えるときだけ。"),
    )
    add = forms.MultipleChoiceField(
        label=gettext_lazy("加える契約内容"),
        choices=Item.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(),
    )
    remove = forms.MultipleChoiceField(
        label=gettext_lazy("外す契約内容"),
        choices=Item.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(),
    )
    price_key = forms.CharField(
        label=gettext_lazy("利用料金の名前"),
        required=False,
        max_length=KEY_CHARS_MAX,
        help_text=gettext_lazy("price.devices のように書きます。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    price = forms.CharField(
        label=gettext_lazy("利用料金"),
        required=False,
        max_length=VALUE_CHARS_MAX,
        help_text="6000 per=device every=year pay=advance tax=end",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    intent = forms.ModelChoiceField(
        queryset=Intent.objects.none(),
        label=gettext_lazy("契約者の意思表示"),
        required=False,
        empty_label=gettext_lazy("（書面による）"),
    )

    def __init__(self, contract: Contract, *sent: Any, today: date) -> None:
        data, files = sent or (None, None)
        super().__init__(data, files, initial={"from_day": today})
        self.fields["paper"].label = _("署名・押印された書面")
        now = {one.key: one.text for one in all_effective(contract, today)}
        self.conditions = [AMENDED + key for key in registry.KEYS if key in now]
        self.fields |= {
            name: condition_field(name.removeprefix(AMENDED), now[name.removeprefix(AMENDED)])
            for name in self.conditions
        }
        acts = Intent.objects.filter(tenant=contract.tenant_id, kind=IntentKind.AMENDMENT)
        free = acts.exclude(pk__in=Amendment.objects.exclude(intent=None).values("intent"))
        self.fields["intent"].queryset = free.order_by("-number")  # type: ignore[attr-defined]
        held = set(contract.items.filter(closed_by=None).values_list("item", flat=True))
        has = items_of(on_of(str(contract.kind_id), today))
        for name, wanted in (("add", set(has) - held), ("remove", held)):
            if not wanted:
                del self.fields[name]
                continue
            self.fields[name].choices = [  # type: ignore[attr-defined]
                (one, label) for one, label in Item.choices if one in wanted
            ]
        self.order_fields(
            ["from_day", "reason", *self.conditions, *self.field_order[2:5], "price_key",
             "price", "intent", "paper"]
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Every fault of a condition beside its field, and an act of the contractor."""
        told = super().clean() or self.cleaned_data
        check_conditions(self, self.conditions)
        if told.get("price_key") or told.get("price"):
            self._check_price()
        if not self.errors and bool(told["intent"]) == bool(told["paper"]):
            raise ValidationError(
                _("契約者の意思表示か、署名・押印された書面の、どちらかひとつを入れてください。")
            )
        return told

    def change(self) -> Change:
        """The valid form as a change."""
        told = self.cleaned_data
        texts = {name.removeprefix(AMENDED): told[name] for name in self.conditions if told[name]}
        if told["price_key"]:
            texts[told["price_key"]] = told["price"]
        last = told["last_day"]
        return Change(
            told["from_day"],
            told["reason"],
            texts,
            add=[Item(one) for one in told.get("add", ())],
            remove=[Item(one) for one in told.get("remove", ())],
            until_day=last + DAY if last else None,
        )

    def _check_price(self) -> None:
        try:
            if not registry.PRICE.fullmatch(self.cleaned_data["price_key"]):
                raise UnknownKey(self.cleaned_data["price_key"])
            registry.checked(self.cleaned_data["price_key"], self.cleaned_data["price"])
        except UnknownKey:
            self.add_error("price_key", _("price. で始まる英数字の名前にしてください。"))
        except BadValue as fault:
            self.add_error("price", str(fault))
