"""One rule for many devices: of a group also its name and its devices."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from noroshi.alarms.models import SharedRule
from noroshi.alarms.sharing import GROUP_MAX, Scope, measuring
from noroshi.devices.models import Device
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.kinds import Asked
from noroshi.web.forms.rule import RuleForm

NAME_CHARS_MAX = 100


class DevicesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Devices as people tell them apart: 本店 / 第1冷蔵庫."""

    def label_from_instance(self, obj: Device) -> str:
        """Site and name."""
        return f"{obj.site.name} / {obj.name}" if obj.site is not None else obj.name


class SharedRuleForm(RuleForm):
    """As for one device; a site and a type say themselves which devices they touch."""

    group = forms.CharField(label=_("グループの名前"), max_length=NAME_CHARS_MAX)
    devices = DevicesField(
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
        chosen = self.fields["devices"]
        if isinstance(chosen, forms.ModelMultipleChoiceField):
            chosen.queryset = offered(member, asked)
        self.initial["group"] = scope.group
        self.initial["devices"] = [device.code for device in scope.devices]

    def scope_now(self) -> Scope:
        """What the rule is for, by the valid form."""
        if "group" not in self.fields:
            return self.scope
        cleaned = self.cleaned_data
        return Scope(group=cleaned["group"], devices=list(cleaned["devices"]))


def offered(member: Membership, asked: Asked) -> QuerySet[Device]:
    """The devices that measure it, by site: those chosen already, and as many as a group may have.

    Who has more devices than that names a site or a type.
    """
    own = measuring(access.rows(member, Device).filter(retired_at=None), asked.measure.key)
    first = own.order_by("site__name", "name", "pk")[:GROUP_MAX]
    chosen = [device.pk for device in asked.scope.devices]
    found = own.filter(Q(pk__in=first.values("pk")) | Q(pk__in=chosen))
    return found.select_related("site").order_by("site__name", "name", "pk")
