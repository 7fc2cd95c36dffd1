"""The head of every page about one device: state, big values, facts, tabs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from noroshi.devices.models import Device, Heartbeat, Space
from noroshi.devices.quantities import quantities_of
from noroshi.tenants.models import Membership
from noroshi.web.measures import Catalogue, Measure, Shown, newest
from noroshi.web.sentences import duration
from noroshi.web.states import devices_with_state, state_of


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab; `name` is also the name of its address."""

    name: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above each tab of a device."""

    device: Device
    state: str
    beat: Heartbeat | None
    interval: str
    values: Sequence[Shown]
    known: Catalogue
    tabs: Sequence[Tab]
    tab: str
    now: datetime

    @property
    def main(self) -> list[Shown]:
        """What the device watches."""
        return [one for one in self.values if not one.measure.is_aside]

    @property
    def aside(self) -> list[Shown]:
        """What is known of its battery and its radio."""
        return [one for one in self.values if one.measure.is_aside]

    @property
    def batteries(self) -> list[Shown]:
        """The one value that tells best how full the battery is: a share before a voltage."""
        found = [one for one in self.aside if one.measure.key.startswith("battery")]
        return sorted(found, key=lambda one: one.measure.unit != "%")[:1]

    @property
    def low_batteries(self) -> list[Shown]:
        """Batteries that should be changed soon."""
        return [one for one in self.aside if one.is_low_battery]

    def measure(self, key: str, kind: str) -> Measure:
        """What a key of this device means."""
        return Measure(key, kind, self.known.get((self.device.type_id, key)))


def head_of(member: Membership, code: str, tab: str, now: datetime) -> Head:
    """The device of the member's tenant, or 404. Four queries."""
    device = devices_with_state(member, now).filter(code=code).first()
    if device is None:
        raise Http404
    known = quantities_of({device.type_id})
    return Head(
        device=device,
        state=state_of(device) if device.retired_at is None else "paused",
        beat=getattr(device, "heartbeat", None),
        interval=duration(device.expected_interval_s),
        values=newest(member, [device], known)[device.pk],
        known=known,
        tabs=tabs_of(member, device),
        tab=tab,
        now=now,
    )


def tabs_of(member: Membership, device: Device) -> list[Tab]:
    """The tabs that this person has for this device."""
    named = [
        ("device", _("グラフ")),
        ("device-table", _("表")),
        ("device-summary", _("集計")),
        ("device-uplinks", _("受信の記録")),
        ("device-rules", _("通知条件")),
    ]
    if member.may_edit and device.space == Space.SIGFOX:
        named.append(("device-downlinks", _("下り")))
    if member.may_edit:
        named.append(("device-settings", _("設定")))
    return [Tab(name, label, reverse(name, args=[device.code])) for name, label in named]


def own_query(request: HttpRequest) -> str:
    """The range in this address, to be carried to another page of the device; empty for none."""
    kept = request.GET.copy()
    for key in list(kept):
        if key not in {"from", "to", "range"}:
            del kept[key]
    return f"?{kept.urlencode()}" if kept else ""
