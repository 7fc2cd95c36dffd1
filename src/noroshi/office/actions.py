"""Verbs of the office that write more than one table and belong to no room below."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from noroshi.devices.actions import DeviceChange, change
from noroshi.devices.models import Device, DeviceType
from noroshi.outbox import actions as outbox
from noroshi.outbox.models import Message
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Membership, Tenant, User

# No letters that a person could take for another when reading them out on the telephone.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
LETTER_GROUPS = 4
GROUP_LETTERS = 4


@dataclass(frozen=True, slots=True)
class NewMember:
    """A person who will act for a tenant."""

    login: str
    name: str
    email: str
    role: str


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


def save_tenant(tenant: Tenant, *, by: User | None, now: datetime) -> None:
    """Make a tenant, or write its changed facts."""
    is_new = tenant.pk is None
    with transaction.atomic():
        tenant.save()
        action = "tenant.made" if is_new else "tenant.changed"
        details = {"language": tenant.language, "retention_days": tenant.retention_days}
        audit.record(Actor(by, tenant), action, tenant, now=now, details=details)


def make_member(tenant: Tenant, new: NewMember, *, by: Actor, now: datetime) -> tuple[User, str]:
    """Make a user of a tenant; returns the password too, which is not kept and shown once."""
    password = one_time_password()
    with transaction.atomic():
        user = User.objects.create_user(
            new.login, password, name=new.name, email=new.email, language=tenant.language
        )
        Membership.objects.create(tenant=tenant, user=user, role=new.role)
        details = {"login": new.login, "role": new.role}
        audit.record(by, "user.made", user, now=now, details=details)
    return user, password


def reset_password(user: User, *, by: Actor, now: datetime) -> str:
    """Give a user a new password, which is shown once; who is signed in with the old one is out."""
    password = one_time_password()
    user.set_password(password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        audit.record(by, "user.password_reset", user, now=now, details={"login": user.login})
    return password


def one_time_password() -> str:
    """Random groups of letters, some 79 bits in all, such as ab3d-…"""
    groups = (
        "".join(secrets.choice(LETTERS) for _char in range(GROUP_LETTERS))
        for _group in range(LETTER_GROUPS)
    )
    return "-".join(groups)


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
