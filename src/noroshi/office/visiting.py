"""Whose data a page of the office would show, and whether the person may see them now.

Staff see nobody's data unless they opened a visit with a reason; then every page is written down.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest

from noroshi import pipeline
from noroshi.devices.models import Device
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.models import Connection, ExceptionalEntry
from noroshi.networks import registry
from noroshi.networks.uplink import Malformed
from noroshi.outbox.models import Message
from noroshi.tenants import access, visits
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant, Visit
from noroshi.tenants.sign_ins import address_of
from noroshi.tenants.visits import Seen

# What a person must read alone: these hold links that let their reader in.
PERSONAL_MAILS = ("account.", "user.", "credential.")
SHOWN_LETTERS = 1  # of a mail address that is masked


def closed_to(
    request: HttpRequest, by: Actor, tenants: Iterable[Tenant], now: datetime
) -> list[Tenant]:
    """Those of the tenants whose data the person may not see now, by name; empty = show them.

    When all are open, the look is written down for each, and the page has its red frame.
    """
    running, closed = by_visit(by, tenants, now)
    if not closed:
        note(request, running, now)
    return closed


def open_among(
    request: HttpRequest, by: Actor, tenants: Iterable[Tenant], now: datetime
) -> tuple[list[Tenant], list[Tenant]]:
    """(those that may be seen now, each look written down; those that may not)."""
    running, closed = by_visit(by, tenants, now)
    note(request, running, now)
    return [visit.tenant for visit in running], closed


def by_visit(
    by: Actor, tenants: Iterable[Tenant], now: datetime
) -> tuple[list[Visit], list[Tenant]]:
    """The person's running visits to these tenants, and the tenants without one."""
    wanted = {tenant.pk: tenant for tenant in tenants}
    found = visits.active_visits(by.user, now) if wanted and by.user is not None else []
    mine = {visit.tenant_id: visit for visit in reversed(found) if visit.tenant_id in wanted}
    closed = [tenant for pk, tenant in wanted.items() if pk not in mine]
    return list(mine.values()), sorted(closed, key=lambda tenant: tenant.name)


def note(request: HttpRequest, running: Iterable[Visit], now: datetime) -> None:
    """Write the look down for each visit, and give the page its red frame."""
    name = (request.resolver_match.url_name or "") if request.resolver_match else ""
    seen = Seen(name, request.get_full_path(), address_of(request))
    for visit in running:
        visits.note_view(visit, seen, now)
        visits.remember(request, visit)


def open_tenants(by: Actor, now: datetime) -> set[int]:
    """The tenants into which the person may look now."""
    if by.user is None:
        return set()
    return {visit.tenant_id for visit in visits.active_visits(by.user, now)}


def data_of(by: Actor, tenant: Tenant | int) -> AbstractContextManager[None]:
    """A transaction that sees this tenant's data; only after `closed_to` found it open."""
    number = tenant if isinstance(tenant, int) else tenant.pk
    return access.in_office(by.user.pk if by.user else 0, visiting=number)


def owners_of(
    row: EntryRow | None, source: Connection | None, trouble: ExceptionalEntry | None
) -> list[Tenant]:
    """Whose data an entry of the inbox holds; nobody's when no registered device sent it.

    Those who held the things when its messages were sent, and the one whom the connection serves
    alone; of what cannot be read, who held them when it came.
    """
    addresses = {(trouble.space, trouble.address)} if trouble and trouble.address else set()
    loose = exact = Q(pk=None)
    if row is not None and source is not None:
        try:
            items = registry.parse(source.kind, pipeline.arrival(row, source))
        except Malformed:
            # What cannot be read may still name a device; the gate has seen its address.
            loose = Q(address__iexact=row.address) if row.address else loose
        else:
            for item in items:
                exact |= held_at({(item.space, item.address)}, pipeline.time_of(row, item))
            addresses = set()
    at = row.received_at if row else trouble.received_at if trouble else None
    by_address = (of_addresses(addresses) | loose) & (Q(retired_at=None) | Q(retired_at__gt=at))
    found = Device.objects.filter(by_address | exact).select_related("tenant")
    owners = {device.tenant_id: device.tenant for device in found}
    if source is not None and source.tenant is not None:
        owners[source.tenant.pk] = source.tenant
    return list(owners.values())


def owned_addresses(rows: Iterable[ExceptionalEntry]) -> set[tuple[str, str]]:
    """The (space, address) among these entries that are registered. One query."""
    addresses = {(row.space, row.address) for row in rows if row.address}
    found = Device.objects.filter(of_addresses(addresses), retired_at=None)
    return set(found.values_list("space", "address"))


def held_at(addresses: Iterable[tuple[str, str]], at: datetime) -> Q:
    """Devices of these (space, address) whose tenant held the thing then."""
    begun = Q(held_from=None) | Q(held_from__lte=at)
    return of_addresses(addresses) & begun & (Q(retired_at=None) | Q(retired_at__gt=at))


def of_addresses(addresses: Iterable[tuple[str, str]]) -> Q:
    """Devices of these (space, address)."""
    by_space: dict[str, list[str]] = {}
    for space, address in addresses:
        by_space.setdefault(space, []).append(address)
    wanted = Q(pk=None)
    for space, known in by_space.items():
        wanted |= Q(space=space, address__in=known)
    return wanted


def masked(address: str) -> str:
    """A mail address of which only the first letter and the domain can be read."""
    local, at, domain = address.rpartition("@")
    return f"{local[:SHOWN_LETTERS]}***{at}{domain}" if at else "***"


def answer_of(message: Message) -> str:
    """What the mail server said last, without the address."""
    return without(message.last_answer, message.address)


def without(answer: str, address: str) -> str:
    """A server's answer in which the address is masked."""
    return answer.replace(address, masked(address)) if address else answer


def is_personal(message: Message) -> bool:
    """Whether the mail is for its reader alone, whoever else may look."""
    return message.kind.startswith(PERSONAL_MAILS)
