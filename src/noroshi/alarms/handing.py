"""A thing changes hands: its tenant's time with it ends, and all that watched it in that time.

The office and the operators move devices by these verbs, not by those of `devices.holdings`.
"""

from datetime import datetime

from django.db import transaction

from noroshi.alarms.actions import end_watching
from noroshi.devices import holdings
from noroshi.devices.holdings import NewHolding
from noroshi.devices.models import Device, Thing
from noroshi.tenants import access
from noroshi.tenants.audit import Actor


@transaction.atomic
def move(
    device: Device,
    new: NewHolding,
    *,
    by: Actor,
    now: datetime,
) -> Device:
    """From one tenant to another at once; the new one begins with nothing. Raises BadDevice."""
    theirs = holdings.move(device, new, by=by, now=now)
    stop_watching(device, by=by, now=now)
    return theirs


@transaction.atomic
def release(device: Device, *, by: Actor, now: datetime) -> Thing:
    """From a tenant back into stock. Raises BadDevice."""
    thing = holdings.release(device, by=by, now=now)
    stop_watching(device, by=by, now=now)
    return thing


@transaction.atomic
def retire(device: Device, *, by: Actor, now: datetime) -> None:
    """From a tenant out of service, with its thing. Raises BadDevice."""
    holdings.retire(device, by=by, now=now)
    stop_watching(device, by=by, now=now)


def stop_watching(device: Device, *, by: Actor, now: datetime) -> None:
    """End rules and incidents behind the walls of the tenant whose they are; nothing is shown."""
    with access.in_office(by.user.pk if by.user else 0, visiting=device.tenant_id):
        end_watching(device, now=now)
