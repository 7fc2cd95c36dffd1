"""Register and change devices."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from noroshi.devices.facts import NO_FACTS, Facts, clean_facts
from noroshi.devices.holdings import (
    NewHolding,
    NewThing,
    begin,
    of_thing,
    site_named,
    thing_of,
)
from noroshi.devices.models import Device, DeviceType
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What the office types to register a terminal for a tenant."""

    tenant: Tenant
    name: str
    type: DeviceType
    space: str
    address: str
    site_name: str = ""
    interval_s: int | None = None
    facts: Facts = NO_FACTS


def register(new: NewDevice, *, by: Actor, now: datetime) -> Device:
    """Put a terminal in the register and into a tenant's hands at once. Raises BadDevice.

    Of a thing that is new here all is the tenant's, also what it sent while unknown.
    """
    with transaction.atomic():
        thing, is_new = thing_of(NewThing(new.type, new.space, new.address, new.facts), now=now)
        holding = NewHolding(
            new.tenant,
            new.name,
            new.type,
            new.site_name,
            new.interval_s,
            new.facts.place_note,
            None if is_new else now,
        )
        return begin(thing, holding, by=by, now=now)


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """What a person may change of a device; `facts` of None stay as they are."""

    name: str
    site_name: str
    interval_s: int | None
    facts: Facts | None = None


def change(device: Device, new: DeviceChange, *, by: Actor, now: datetime) -> None:
    """Rename, move, set the rhythm and the facts; the audit log keeps before and after.

    Raises BadDevice for facts that cannot be.
    """
    thing = device.thing
    before, pac = told(device), thing.pac
    facts = clean_facts(device.space, new.facts or facts_of(device))
    device.name = new.name.strip()
    device.site = site_named(device.tenant, new.site_name)
    device.interval_s = new.interval_s
    device.place_note = facts.place_note
    for name, value in of_thing(facts).items():
        setattr(thing, name, value)
    with transaction.atomic():
        device.save(update_fields=["name", "site", "interval_s", "place_note"])
        thing.save(update_fields=list(of_thing(facts)))
        details = {"before": before, "after": told(device)}
        audit.record(by, "device.changed", device, now=now, details=details)
        if thing.pac != pac:
            audit.record(by, "device.pac_changed", device, now=now)


def facts_of(device: Device) -> Facts:
    """The facts of a device that is here."""
    names = of_thing(NO_FACTS)
    own = {name: getattr(device.thing, name) for name in names}
    return Facts(**own, place_note=device.place_note)


def told(device: Device) -> dict[str, object]:
    """The device for the audit log, which the contractor reads too: without the PAC."""
    kept = asdict(facts_of(device))
    del kept["pac"]
    until = device.thing.right_until
    kept["right_until"] = until.isoformat() if until else None
    own = {"name": device.name, "site": str(device.site or ""), "interval_s": device.interval_s}
    return own | kept
