"""One rule for many devices: of a group also its name and its devices."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.models import SharedRule
from noroshi.alarms.sharing import GROUP_MAX, Scope
from noroshi.devices.models import Device
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.kinds import Asked
from noroshi.web.forms.rule import RuleForm

NAME_CHARS_MAX = 100


class SharedRuleForm(RuleForm):
    """As for one device; a site and a type say themselves which devices they touch."""

    group = forms.CharField(label=_("グループの名前"), max_length=NAME_CHARS_MAX)
    devices: "forms.ModelMultipleChoiceField[Device]" = forms.ModelMultipleChoiceField(
        queryset=None,
        label=_("端末"),
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self,
        member: Membership,
        asked: Asked,
        kind: str,
        shared: SharedRule | None = None,
        *,
        data: Any = None,
    ) -> None:
        super().__init__(member, asked, kind, shared, data=data)
        self.scope = scope = asked.scope
        if scope.site is not None or scope.type is not None:
            del self.fields["group"], self.fields["devices"]
            return
        own = access.rows(member, Device).filter(retired_at=None).order_by("name", "pk")
        chosen = self.fields["devices"]
        if isinstance(chosen, forms.ModelMultipleChoiceField):
            chosen.queryset = own[:GROUP_MAX] if shared is None else own
        self.initial["group"] = scope.group
        self.initial["devices"] = [device.code for device in scope.devices]

    def scope_now(self) -> Scope:
        """What the rule is for, by the valid form."""
        if "group" not in self.fields:
            return self.scope
        cleaned = self.cleaned_data
        return Scope(group=cleaned["group"], devices=list(cleaned["devices"]))
