"""Verbs of the office that write more than one table and belong to no room below."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from noroshi.contracts.actions import Sheet, conclude
from noroshi.contracts.effective import limits_of
from noroshi.contracts.models import Contract
from noroshi.devices.actions import DeviceChange, change
from noroshi.devices.models import Device, DeviceType
from noroshi.outbox import actions as outbox
from noroshi.outbox.handed import Given, give
from noroshi.outbox.models import Message
from noroshi.tenants import accounts, audit, register
from noroshi.tenants.audit import Actor
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Enrolment, Membership, Tenant, User
from noroshi.tenants.register import NewEnrolment

TENANT_FACTS = ["name", "kind", "language"]


@dataclass(frozen=True, slots=True)
class Way:
    """How a user id is handed over (`letter`, `link`), and which one; empty = the next number."""

    way: str
    login: str = ""


def change_device(
    device: Device, new: DeviceChange, kind: DeviceType, *, by: Actor, now: datetime
) -> None:
    """Change a device's facts, and its type where that is another one."""
    old = device.type
    with transaction.atomic():
        change(device, new, by=by, now=now)
        if kind != old:
            device.type = kind
            device.save(update_fields=["type"])
            details = {"before": {"type": old.name_ja}, "after": {"type": kind.name_ja}}
            audit.record(by, "device.type_changed", device, now=now, details=details)


def make_tenant(tenant: Tenant, sheet: Sheet, *, by: User | None, now: datetime) -> Contract:
    """Make a tenant and its contract. Raises ContractRefusal: then neither is there."""
    with transaction.atomic():
        save_tenant(tenant, by=by, now=now)
        return conclude(tenant, sheet, by=Actor(by, tenant), now=now)


def save_tenant(tenant: Tenant, *, by: User | None, now: datetime) -> None:
    """Write a tenant with its changed facts; a new one needs its contract too: make_tenant."""
    is_new = tenant.pk is None
    with transaction.atomic():
        # Not the whole row: a freeze by the contractor in the meantime must stand.
        tenant.save(update_fields=None if is_new else TENANT_FACTS)
        action = "tenant.made" if is_new else "tenant.changed"
        details = {
            "language": tenant.language,
            "kind": tenant.kind_id,
        }
        audit.record(Actor(by, tenant), action, tenant, now=now, details=details)


@transaction.atomic
def name_and_issue(
    tenant: Tenant, new: NewEnrolment, way: Way, *, by: Actor, now: datetime
) -> Given:
    """Put a person on the register in the contractor's stead, and hand over the user id.

    Raises RegisterRefusal, AccountRefusal, PaperError: then nothing was done.
    """
    limits = limits_of(tenant.pk, japans_day(now))
    line = register.name_user(tenant, new, limits, by=by, now=now)
    return issue_waiting(line, way, by=by, now=now)


@transaction.atomic
def issue_waiting(line: Enrolment, way: Way, *, by: Actor, now: datetime) -> Given:
    """Hand the user id over to a person on the register. Raises AccountRefusal, PaperError."""
    handed = accounts.issue_for(line, way=way.way, login=way.login, by=by, now=now)
    return give(handed, line.tenant, now=now)


@transaction.atomic
def issue_again(member: Membership, way: Way, *, by: Actor, now: datetime) -> Given:
    """Hand a new beginning over to a member. Raises AccountRefusal, PaperError."""
    handed = accounts.reissue(member.user, way=way.way, by=by, now=now)
    return give(handed, member.tenant, now=now)


def retry_mail(message: Message, *, by: Actor, now: datetime) -> None:
    """Send a mail once more, and write down who wanted it."""
    with transaction.atomic():
        outbox.retry(message, now)
        audit.record(by, "mail.retried", message, now=now)


def give_up_mail(message: Message, *, by: Actor, now: datetime) -> None:
    """Stop trying, and write down who decided so."""
    with transaction.atomic():
        outbox.give_up(message)
        audit.record(by, "mail.given_up", message, now=now)
