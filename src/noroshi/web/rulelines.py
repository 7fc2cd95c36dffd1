"""Rules as the pages list them: one sentence each, with its device and recipients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from noroshi.alarms.models import Recipient, Rule
from noroshi.devices.models import Device
from noroshi.devices.quantities import own_quantities_of, quantities_of
from noroshi.readings.models import Series
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.measures import RADIO, Catalogue, Measure, measure_of, named
from noroshi.web.sentences import recovery, sentence


@dataclass(frozen=True, slots=True)
class Line:
    """One rule in words."""

    rule: Rule
    sentence: str
    recovery: str
    recipients: Sequence[Recipient]


def lines_of(rules: Sequence[Rule]) -> list[Line]:
    """The rules in words. Three queries, however many rules."""
    prefetch_related_objects(rules, "device", "recipients")
    known = quantities_of({rule.device.type_id for rule in rules})
    return [line_of(rule, names_of(rule.device, known)) for rule in rules]


def names_of(device: Device, known: Catalogue) -> Callable[[str], Measure]:
    """What the keys of a device mean."""
    return lambda key: named(device, key, known)


def line_of(rule: Rule, names: Callable[[str], Measure]) -> Line:
    """One rule, with device and recipients at hand."""
    told = list(rule.recipients.all())
    return Line(rule, sentence(rule, names, told), recovery(rule, names(rule.key)), told)


def watchable(member: Membership, device: Device) -> list[Measure]:
    """What a rule may watch: what the type names or what came in, and being heard at all."""
    known = quantities_of({device.type_id})
    own = own_quantities_of({device.type_id})
    found = {
        key: Measure(key, quantity.kind, quantity) for (_type_id, key), quantity in own.items()
    }
    for series in access.rows(member, Series).filter(device=device):
        found.setdefault(series.key, measure_of(device, series.key, series.kind, known))
    ordered = sorted(found.values(), key=lambda one: (one.position, one.name))
    return [*ordered, Measure(RADIO, "radio", None)]
