"""Rules as the pages list them: one sentence each, with its device and recipients."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from noroshi.alarms.models import Recipient, Rule
from noroshi.devices.models import Device
from noroshi.devices.quantities import own_quantities_of, quantities_of
from noroshi.readings.models import Series
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.measures import Measure, measure_of, named
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
    return [line_of(rule, named(rule.device, rule.key, known)) for rule in rules]


def line_of(rule: Rule, measure: Measure) -> Line:
    """One rule, with device and recipients at hand."""
    told = list(rule.recipients.all())
    return Line(rule, sentence(rule, measure, told), recovery(rule, measure), told)


def watchable(member: Membership, device: Device) -> list[Measure]:
    """What a rule may watch: numbers and truth values that the type names or that came in."""
    known = quantities_of({device.type_id})
    own = own_quantities_of({device.type_id})
    found = {
        key: Measure(key, quantity.kind, quantity) for (_type_id, key), quantity in own.items()
    }
    for series in access.rows(member, Series).filter(device=device):
        found.setdefault(series.key, measure_of(device, series.key, series.kind, known))
    drawn = [one for one in found.values() if one.is_drawn]
    return sorted(drawn, key=lambda one: (one.position, one.name))
