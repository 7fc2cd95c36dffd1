"""What a rule may be for besides one device: a site, a type, devices chosen by hand."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from noroshi.alarms.models import Incident
from noroshi.alarms.sharing import Scope, touched
from noroshi.devices.models import Device, DeviceType, Site
from noroshi.devices.quantities import is_aside, own_quantities_of, quantities_of
from noroshi.readings.models import Series
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.measures import RADIO, Catalogue, Measure

SITE, TYPE, GROUP = "site", "type", "group"
NAMES_SHOWN = 20
NAMES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Touched:
    """Which devices a rule reaches: how many, and the names of (nearly) all."""

    count: int
    names: Sequence[str]

    @property
    def first(self) -> Sequence[str]:
        """The names at the beginning."""
        return self.names[:NAMES_SHOWN]

    @property
    def others(self) -> Sequence[str]:
        """The names behind those."""
        return self.names[NAMES_SHOWN:]

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.names)


def choices(member: Membership) -> list[tuple[str, str]]:
    """(value of the address, words) for every site and type with devices, and for a group."""
    devices = access.rows(member, Device).filter(retired_at=None)
    sites = access.rows(member, Site).filter(device__in=devices).distinct().order_by("name")
    at_site, of_type = _("場所「%(name)s」の端末すべて"), _("機種「%(name)s」の端末すべて")
    found = [(f"{SITE}:{site.name}", at_site % {"name": site.name}) for site in sites]
    found += [(f"{TYPE}:{one.name_ja}", of_type % {"name": one.name}) for one in types_of(member)]
    return [*found, (GROUP, _("選んだ端末（グループ）"))]


def types_of(member: Membership) -> list[DeviceType]:
    """The types of the tenant's devices, by name."""
    rows = access.rows(member, Device).filter(retired_at=None).select_related("type")
    return sorted({row.type for row in rows.distinct("type")}, key=lambda one: one.name)


def scope_of(member: Membership, wanted: str) -> Scope:
    """What the address asks for. Raises Http404."""
    kind, _colon, name = wanted.partition(":")
    if kind == GROUP:
        return Scope()
    if kind == SITE:
        return Scope(site=access.row(member, Site, name=name))
    if kind == TYPE:
        for one in types_of(member):
            if one.name_ja == name:
                return Scope(type=one)
    raise Http404


def scope_words(scope: Scope) -> str:
    """「本店」の端末, for the head of a sentence."""
    if scope.site is not None:
        return _("「%(name)s」の端末") % {"name": scope.site.name}
    if scope.type is not None:
        return _("「%(name)s」の端末") % {"name": scope.type.name}
    return _("「%(name)s」の端末") % {"name": scope.group} if scope.group else _("選んだ端末")


def devices_in(member: Membership, scope: Scope) -> Sequence[Device]:
    """The devices of the scope, whatever they measure; for a new group all of the tenant's."""
    rows = access.rows(member, Device).filter(retired_at=None)
    if scope.site is not None:
        rows = rows.filter(site=scope.site)
    elif scope.type is not None:
        rows = rows.filter(type=scope.type)
    elif scope.devices:
        return scope.devices
    return list(rows.select_related("type"))


def watchable_in(member: Membership, scope: Scope) -> list[Measure]:
    """What a rule for all of them may watch."""
    devices = devices_in(member, scope)
    types = Counter(device.type_id for device in devices)
    known, own = quantities_of(types.keys()), own_quantities_of(types.keys())
    found = {key: names_in(types, own, key) for _type, key in own}
    series = access.rows(member, Series).filter(device__in=[device.pk for device in devices])
    for key, kind, type_id in series.values_list("key", "kind", "device__type_id").distinct():
        found.setdefault(key, Measure(key, kind, known.get((type_id, key))))
    ordered = sorted(found.values(), key=lambda one: (one.position, one.name))
    return [*ordered, Measure(RADIO, "radio", None)]


def touched_by(member: Membership, scope: Scope, key: str) -> Touched:
    """The devices that a rule for the scope reaches now."""
    found = touched(member.tenant_id, scope, key)
    return Touched(found.count(), list(found.values_list("name", flat=True)[:NAMES_MAX]))


def ringing(member: Membership, rules: Q) -> list[str]:
    """The devices with an open alarm of these rules: a change of the rule ends it."""
    found = access.rows(member, Incident).filter(rules, closed_at=None)
    return list(found.order_by("device__name").values_list("device__name", flat=True)[:NAMES_SHOWN])


def names_in(types: Mapping[int, int], known: Catalogue, key: str) -> Measure:
    """What a key means to most of the devices; `types` says how many there are of each type.

    A type that watches it goes before one to which it is only an aside, as a sensor's own warmth.
    """
    if key == RADIO:
        return Measure(RADIO, "radio", None)
    named = [(is_aside(known[one, key]), -types[one], one) for one in types if (one, key) in known]
    quantity = known[min(named)[2], key] if named else None
    return Measure(key, quantity.kind if quantity else "number", quantity)
