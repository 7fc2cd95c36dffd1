"""Rules as the pages list them: one sentence each, with its device and recipients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Count, prefetch_related_objects
from django.urls import reverse

from noroshi.alarms.models import Recipient, Rule, RuleTerms, SharedRule
from noroshi.alarms.sharing import Scope
from noroshi.devices.models import Device
from noroshi.devices.quantities import own_quantities_of, quantities_of
from noroshi.readings.models import Series
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.measures import RADIO, Catalogue, Measure, measure_of, named
from noroshi.web.scopes import names_in, scope_words
from noroshi.web.sentences import recovery, sentence


@dataclass(frozen=True, slots=True)
class Line:
    """One rule in words."""

    rule: RuleTerms
    sentence: str
    recovery: str
    recipients: Sequence[Recipient]
    url: str
    shared: str = ""  # what the rule is for, where that is more than one device
    count: int = 0  # how many devices


def lines_of(rules: Sequence[Rule]) -> list[Line]:
    """The rules in words. Some queries, however many rules."""
    prefetch_related_objects(rules, "device", "recipients", "shared__site", "shared__type")
    known = quantities_of({rule.device.type_id for rule in rules})
    return [line_of(rule, names_of(rule.device, known)) for rule in rules]


def names_of(device: Device, known: Catalogue) -> Callable[[str], Measure]:
    """What the keys of a device mean."""
    return lambda key: named(device, key, known)


def line_of(rule: Rule, names: Callable[[str], Measure]) -> Line:
    """One rule, with device and recipients at hand."""
    told = list(rule.recipients.all())
    shared = rule.shared
    return Line(
        rule,
        sentence(rule, rule.device.name, names, told),
        recovery(rule, names(rule.key)),
        told,
        reverse("shared-rule" if shared else "rule", args=[shared.code if shared else rule.code]),
        shared.scope_name if shared else "",
    )


def shared_lines_of(member: Membership, rules: Sequence[SharedRule]) -> list[Line]:
    """The rules for many devices in words, with how many those are. Some queries for all."""
    prefetch_related_objects(rules, "site", "type", "recipients")
    copies = access.rows(member, Rule).filter(shared__in=rules, shared__isnull=False)
    counts = dict(copies.values_list("shared").annotate(count=Count("pk")).order_by())
    types: dict[int, set[int]] = {rule.pk: set() for rule in rules}
    for shared_id, type_id in copies.values_list("shared", "device__type").distinct():
        types[shared_id].add(type_id)
    known = quantities_of({one for found in types.values() for one in found})
    return [shared_line_of(rule, types[rule.pk], known, counts.get(rule.pk, 0)) for rule in rules]


def shared_line_of(rule: SharedRule, types: set[int], known: Catalogue, count: int) -> Line:
    """One of them, with all it needs at hand."""
    told = list(rule.recipients.all())

    def names(key: str) -> Measure:
        return names_in(types, known, key)

    head = scope_words(Scope(rule.site, rule.type, rule.group))
    return Line(
        rule,
        sentence(rule, head, names, told),
        recovery(rule, names(rule.key)),
        told,
        reverse("shared-rule", args=[rule.code]),
        rule.scope_name,
        count,
    )


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
