"""What is in force for whom on a day: the one answer to every limit that the software applies.

A contractor's value is that of its contract in force; before the first day that of the contract
to come, after the last day that of the one that ended; without any contract the default.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from noroshi.contracts import registry
from noroshi.contracts.items import AFTER_END, Item
from noroshi.contracts.models import Condition, Contract
from noroshi.contracts.period import Period
from noroshi.contracts.resolve import Effective, Level, Row
from noroshi.tenants.kinds import japans_day, on_of
from noroshi.tenants.models import Switch, Tenant
from noroshi.tenants.register import Limits

DAY = timedelta(days=1)
NO_CODE = ""


@dataclass(frozen=True, slots=True)
class Of:
    """One contractor's value: `contract_id` None = it has no formed contract."""

    tenant_id: int
    contract_id: int | None
    found: Effective


@dataclass(frozen=True, slots=True)
class Scope:
    """How long a contractor's data are kept: in scope is what the network took on `first_day`
    (a calendar day in Japan) or later."""

    of: Of
    period: Period
    first_day: date


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which contract answers for a contractor, and for which of its days."""

    contract_id: int
    kind: str
    day: date


def effective(contract: Contract, key: str, day: date) -> Effective:
    """The value of a key for one contract on a day. Raises registry.UnknownKey."""
    rows = Condition.objects.filter(contract=contract, key=key)
    return registry.resolve(key, map(row_of, rows), str(contract.kind_id), day)


def all_effective(contract: Contract, day: date) -> list[Effective]:
    """Every key that applies to its kind of service, then the contract's price lines."""
    on = on_of(str(contract.kind_id), day)
    rows: dict[str, list[Row]] = {key: [] for key in registry.KEYS}
    for one in Condition.objects.filter(contract=contract).order_by("key"):
        rows.setdefault(one.key, []).append(row_of(one))
    kind = str(contract.kind_id)
    held = {key: any(row.holds_on(day) for row in found) for key, found in rows.items()}
    return [
        registry.resolve(key, found, kind, day)
        for key, found in rows.items()
        if (applies(key, on) if key in registry.KEYS else held[key])
    ]


def applies(key: str, on: Collection[Switch]) -> bool:
    """Whether a kind of service with these switches has something to which the key applies."""
    needs = registry.key_of(key).needs
    return needs is None or needs in on


def of_tenants(tenants: Collection[int] | None, key: str, day: date) -> dict[int, Of]:
    """The value of a key for many contractors (None = all), in two or three queries."""
    return {tenant: ofs[0] for tenant, ofs in values_of(tenants, [key], day).items()}


def values_of(
    tenants: Collection[int] | None, keys: Sequence[str], day: date
) -> dict[int, list[Of]]:
    """The values of several keys, in their order, for many contractors (None = all)."""
    asked = _asked(tenants, day)
    bare = Tenant.objects.exclude(pk__in=list(asked)) if tenants is None else None
    if tenants is not None and not set(tenants) <= set(asked):
        bare = Tenant.objects.filter(pk__in=set(tenants) - set(asked))
    rows: dict[tuple[int, str], list[Row]] = {}
    for one in _some(Condition.objects.filter(key__in=keys), "tenant", tenants):
        rows.setdefault((one.contract_id, one.key), []).append(row_of(one))
    found = {}
    for tenant, its in asked.items():
        pk = its.contract_id
        values = [registry.resolve(key, rows.get((pk, key), ()), its.kind, its.day) for key in keys]
        found[tenant] = [Of(tenant, pk, value) for value in values]
    for tenant, kind in bare.values_list("pk", "kind_id") if bare is not None else ():
        values = [registry.resolve(key, (), str(kind), day) for key in keys]
        found[tenant] = [Of(tenant, None, value) for value in values]
    return found


def of_tenant(tenant: int, key: str, day: date) -> Effective:
    """The same for one contractor."""
    return of_tenants([tenant], key, day)[tenant].found


def data_scope_of(tenants: Collection[int] | None, day: date) -> dict[int, Scope]:
    """How long the data of each contractor (None = all) are kept, as seen on that day."""
    found = {}
    for tenant, one in of_tenants(tenants, "data_scope", day).items():
        period = one.found.value
        if not isinstance(period, Period):  # the key's parser makes nothing else
            raise TypeError(one.found.key)
        found[tenant] = Scope(one, period, period.first_day(day))
    return found


def scope_of(tenant: int, day: date) -> Scope:
    """The same for one contractor."""
    return data_scope_of([tenant], day)[tenant]


def limits_of(tenant: int, day: date) -> Limits:
    """How many users the contract allows, and the class by which it widens who may be one."""
    people, widened = values_of([tenant], ["users_max", "widened_class"], day)[tenant]
    return Limits(int(people.found.text), widened.found.text)


def limit_of(tenant: int, key: str, day: date) -> int | None:
    """A limit in numbers, such as recipients_max; None = there is none."""
    value = of_tenant(tenant, key, day).value
    return value if isinstance(value, int) else None


def exceeded(tenant: int, key: str, wanted: int, day: date) -> int | None:
    """The limit that `wanted` would pass; None where it fits. The caller holds the tenant's row."""
    limit = limit_of(tenant, key, day)
    return limit if limit is not None and wanted > limit else None


def contract_of(tenant: int, day: date) -> Contract | None:
    """The contract that answers for a contractor on a day; None before any was formed."""
    its = _asked([tenant], day).get(tenant)
    return Contract.objects.get(pk=its.contract_id) if its else None


def licensed_of(tenant: int, day: date) -> frozenset[Item]:
    """What is licensed that day; after the end, for the days of grace, what AFTER_END names."""
    formed = Contract.objects.filter(tenant=tenant, state=Contract.State.FORMED)
    rows = formed.order_by("from_day").values_list(
        "pk", "from_day", "until_day", "items__item", "items__from_day", "items__until_day"
    )
    its = _answering({tenant: [row[:3] for row in rows]}, day).get(tenant)
    if its is None or its[1] > day:
        return frozenset()
    pk, on = its
    items = frozenset(
        Item(item)
        for contract, _from, _until, item, since, until in rows
        if contract == pk and item and since <= on and (until is None or on < until)
    )
    if on == day:
        return items
    grace = limit_of(tenant, "grace_days_after_end", day) or 0
    return items & AFTER_END if (day - on).days <= grace else frozenset()


def licensed_now(tenant: int, now: datetime) -> frozenset[Item]:
    """The same at an instant."""
    return licensed_of(tenant, japans_day(now))


def row_of(condition: Condition) -> Row:
    """A condition as the resolver reads it."""
    return Row(
        condition.value,
        Level(condition.level),
        condition.source,
        condition.from_day,
        condition.until_day,
        condition.document_sha256,
    )


def _asked(tenants: Collection[int] | None, day: date) -> Mapping[int, _Asked]:
    formed = Contract.objects.filter(state=Contract.State.FORMED)
    rows = _some(formed, "tenant", tenants).order_by("tenant", "from_day")
    spans: dict[int, list[tuple[int, date, date | None]]] = {}
    kinds: dict[int, str] = {}
    values = rows.values_list("tenant", "pk", "kind", "from_day", "until_day")
    for tenant, pk, kind, begins, ends in values:
        spans.setdefault(tenant, []).append((pk, begins, ends))
        kinds[pk] = str(kind)
    found = _answering(spans, day)
    return {tenant: _Asked(pk, kinds[pk], on) for tenant, (pk, on) in found.items()}


def _answering(
    spans: Mapping[int, Sequence[tuple[int, date, date | None]]], day: date
) -> dict[int, tuple[int, date]]:
    """For each contractor the contract in force, else the last that ended, else the first to come,

    and the day of it that answers. Spans are (contract, first day, first day after) in order.
    """
    found: dict[int, tuple[int, date]] = {}
    for tenant, its in spans.items():
        for pk, begins, ends in its:
            if begins > day and tenant in found:
                break
            last = day if ends is None else ends - DAY
            found[tenant] = (pk, max(begins, min(day, last)))
    return found


def _some(rows: QuerySet, field: str, wanted: Iterable[int] | None) -> QuerySet:  # type: ignore[type-arg]
    return rows if wanted is None else rows.filter(**{f"{field}__in": list(wanted)})
