"""Rules as the pages list them: one sentence each, with its device and recipients."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
class Head:
    """What a shared rule touches: how many devices, how many of each type, what they measure."""

    types: Mapping[int, int]
    known: Catalogue
    count: int


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

    @property
    def is_for_many(self) -> bool:
        """Whether this is the rule for all of them, not one device's part in it."""
        return isinstance(self.rule, SharedRule)


def lines_telling(member: Membership, recipient: Recipient, *, now: datetime) -> list[Line]:
    """The rules that tell this one in words: those for many devices first."""
    rules = access.rows(member, Rule).filter(recipients=recipient, shared=None)
    many = access.rows(member, SharedRule).filter(recipients=recipient)
    return [*shared_lines_of(member, list(many), now=now), *lines_of(list(rules), now=now)]


def lines_of(rules: Sequence[Rule], *, now: datetime) -> list[Line]:
    """The rules in words. Some queries, however many rules."""
    prefetch_related_objects(rules, "device", "recipients", "shared__site", "shared__type")
    known = quantities_of({rule.device.type_id for rule in rules})
    return [line_of(rule, names_of(rule.device, known), now) for rule in rules]


def names_of(device: Device, known: Catalogue) -> Callable[[str], Measure]:
    """What the keys of a device mean."""
    return lambda key: named(device, key, known)


def line_of(rule: Rule, names: Callable[[str], Measure], now: datetime) -> Line:
    """One rule, with device and recipients at hand."""
    told = list(rule.recipients.all())
    shared = rule.shared
    return Line(
        rule,
        sentence(rule, rule.device.name, names, told),
        recovery(rule, names(rule.key), now),
        told,
        reverse("shared-rule" if shared else "rule", args=[shared.code if shared else rule.code]),
        shared.scope_name if shared else "",
    )


def shared_lines_of(
    member: Membership, rules: Sequence[SharedRule], *, now: datetime
) -> list[Line]:
    """The rules for many devices in words, with how many those are. Some queries for all."""
    prefetch_related_objects(rules, "site", "type", "recipients")
    copies = access.rows(member, Rule).filter(shared__in=rules, shared__isnull=False)
    types: dict[int, Counter[int]] = {rule.pk: Counter() for rule in rules}
    of_types = copies.values_list("shared", "device__type").annotate(count=Count("pk")).order_by()
    for shared_id, type_id, count in of_types:
        types[shared_id][type_id] += count
    counts = {rule_id: found.total() for rule_id, found in types.items()}
    for rule in rules:
        if rule.type_id is not None:
            types[rule.pk][rule.type_id] += 1  # also while there is no such device
    known = quantities_of({one for found in types.values() for one in found})
    heads = [Head(types[rule.pk], known, counts[rule.pk]) for rule in rules]
    return [shared_line_of(rule, head, now) for rule, head in zip(rules, heads, strict=True)]


def shared_line_of(rule: SharedRule, touched: Head, now: datetime) -> Line:
    """One of them, with all it needs at hand."""
    told = list(rule.recipients.all())

    def names(key: str) -> Measure:
        return names_in(touched.types, touched.known, key)

    head = scope_words(Scope(rule.site, rule.type, rule.group))
    return Line(
        rule,
        sentence(rule, head, names, told),
        recovery(rule, names(rule.key), now),
        told,
        reverse("shared-rule", args=[rule.code]),
        rule.scope_name,
        touched.count,
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
