"""Who holds a thing and when: into stock, to a tenant, to another one, back, out of service."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from noroshi.contracts.effective import limit_of
from noroshi.devices.facts import NO_FACTS, BadDevice, Facts, clean_address, clean_facts
from noroshi.devices.models import Device, DeviceType, Downlink, Site, Thing
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Tenant

DEVICES_PER_TENANT_MAX = 10_000  # where the contract says nothing else
BACK_MAX = timedelta(days=400)  # older uplinks are not kept by their own time, see the spine


@dataclass(frozen=True, slots=True)
class NewThing:
    """What the office types to put a terminal into stock."""

    type: DeviceType
    space: str
    address: str
    facts: Facts = NO_FACTS


@dataclass(frozen=True, slots=True)
class NewHolding:
    """What a tenant's time with a thing begins with.

    `since`: from which time of the network on its uplinks are the tenant's; None = from now on,
    or from the first one on when nobody ever held or stocked the thing.
    """

    tenant: Tenant
    name: str
    type: DeviceType
    site_name: str = ""
    interval_s: int | None = None
    place_note: str = ""
    since: datetime | None = None


def add(new: NewThing, *, by: Actor, now: datetime) -> Thing:
    """Put a thing into stock: nobody holds it. One that was retired comes back. Raises BadDevice.

    What it sends waits on the list of unknown devices and reaches no tenant.
    """
    with transaction.atomic():
        thing, is_new = thing_of(new, now=now)
        if not is_new and thing.retired_at is None:
            raise BadDevice("address", _("この端末IDはすでに登録されています。"))
        back_in_service(thing)
        audit.record(Actor(by.user, None), "thing.stocked", thing, now=now)
    return thing


def thing_of(new: NewThing, *, now: datetime) -> tuple[Thing, bool]:
    """The thing of that address with these facts, locked, and whether it is new here."""
    address, facts = clean_address(new.space, new.address), clean_facts(new.space, new.facts)
    thing, is_new = Thing.objects.select_for_update(of=("self",)).get_or_create(
        space=new.space,
        address=address,
        defaults={"type": new.type, "registered_at": now, **of_thing(facts)},
    )
    told = {name: value for name, value in of_thing(facts).items() if value}
    if not is_new and told:
        for name, value in told.items():
            setattr(thing, name, value)
        thing.save(update_fields=list(told))
    return thing, is_new


def of_thing(facts: Facts) -> dict[str, object]:
    """The facts that go with the thing; where it stands is its holder's."""
    return {name: value for name, value in asdict(facts).items() if name != "place_note"}


def back_in_service(thing: Thing) -> None:
    """A retired thing may be stocked or held again."""
    if thing.retired_at is not None:
        thing.retired_at = None
        thing.save(update_fields=["retired_at"])


def assign(thing: Thing, new: NewHolding, *, by: Actor, now: datetime) -> Device:
    """Give a thing that nobody holds to a tenant, from `new.since` on. Raises BadDevice.

    What waits of it since then runs when the caller says so (inbox.actions.run_waiting_of).
    """
    since = new.since or now
    if not now - BACK_MAX <= since <= now:
        raise BadDevice("since", _("開始の日時は、いまから過去400日までにしてください。"))
    return begin(thing, replace(new, since=since), by=by, now=now)


def begin(thing: Thing, new: NewHolding, *, by: Actor, now: datetime) -> Device:
    """The holding itself; here `new.since` of None = from the first uplink on."""
    since = new.since
    try:
        with transaction.atomic():
            make_room(new.tenant, 1, now)
            back_in_service(thing)
            device = Device.objects.create(
                tenant=new.tenant,
                name=new.name.strip(),
                thing=thing,
                type=new.type,
                space=thing.space,
                address=thing.address,
                site=site_named(new.tenant, new.site_name),
                interval_s=new.interval_s,
                place_note=new.place_note,
                registered_at=now,
                held_from=since,
            )
            details = {"address": device.address, "since": since.isoformat() if since else None}
            audit.record(by, "device.registered", device, now=now, details=details)
    except IntegrityError:
        held = Device.objects.filter(thing=thing, retired_at=None).exists()
        if held:
            raise BadDevice("address", _("この端末IDはすでに登録されています。")) from None
        earlier = _("その日時には、まだ前の契約者の端末でした。もっと後の日時にしてください。")
        raise BadDevice("since", earlier) from None
    return device


def make_room(tenant: Tenant, count: int, now: datetime) -> None:
    """Raise BadDevice when the tenant would hold more than its contract allows.

    Until the transaction ends nobody else adds devices to the tenant.
    """
    with connection.cursor() as cursor:
        name = f"devices of tenant {tenant.pk}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
    limit = limit_of(tenant.pk, "devices_max", japans_day(now))
    most = DEVICES_PER_TENANT_MAX if limit is None else limit
    held = Device.objects.filter(tenant=tenant, retired_at=None).count()
    if held + count > most:
        full = _("「%(tenant)s」の端末は%(max)d台までです。いまは%(n)d台あります。")
        told = {"tenant": tenant.name, "max": most, "n": held}
        raise BadDevice("tenant", full % told)


def site_named(tenant: Tenant, name: str) -> Site | None:
    """The tenant's site of that name, made when it is new; None for no name."""
    if not name.strip():
        return None
    return Site.objects.get_or_create(tenant=tenant, name=name.strip())[0]


def move(device: Device, new: NewHolding, *, by: Actor, now: datetime) -> Device:
    """End a tenant's time with a thing and begin another's, at the same instant. Raises BadDevice.

    What was received stays with the one who held it then; nothing of it comes along.
    """
    if new.tenant.pk == device.tenant_id:
        raise BadDevice("tenant", _("いまの契約者と同じです。ほかの契約者を選んでください。"))
    with transaction.atomic():
        end(device, "device.moved_away", by=Actor(by.user, device.tenant), now=now)
        theirs = Actor(by.user, new.tenant)
        begun = replace(new, since=device.retired_at)
        return begin(device.thing, begun, by=theirs, now=now)


def release(device: Device, *, by: Actor, now: datetime) -> Thing:
    """Take a thing back into stock. Raises BadDevice."""
    with transaction.atomic():
        end(device, "device.released", by=by, now=now)
        audit.record(Actor(by.user, None), "thing.stocked", device.thing, now=now)
    return device.thing


def retire(device: Device, *, by: Actor, now: datetime) -> None:
    """Take a device and its thing out of service; what was received stays. Raises BadDevice."""
    with transaction.atomic():
        end(device, "device.retired", by=by, now=now)
        Thing.objects.filter(pk=device.thing_id).update(retired_at=now)


def retire_thing(thing: Thing, *, by: Actor, now: datetime) -> None:
    """Take a thing in stock out of service. Raises BadDevice."""
    with transaction.atomic():
        known = Thing.objects.select_for_update().get(pk=thing.pk)
        if known.retired_at is not None or known.holdings.filter(retired_at=None).exists():
            raise BadDevice("address", _("この端末は在庫にありません。"))
        known.retired_at = now
        known.save(update_fields=["retired_at"])
        audit.record(Actor(by.user, None), "thing.retired", known, now=now)


def end(device: Device, action: str, *, by: Actor, now: datetime) -> None:
    """End a tenant's time with the thing: nothing more is sent to it in this tenant's name."""
    known = Device.objects.select_for_update(of=("self",)).get(pk=device.pk)
    if known.retired_at is not None:
        raise BadDevice("address", _("この端末は、もうこの契約者のものではありません。"))
    # A clock that went back must not make an end before the beginning.
    known.retired_at = max(now, known.held_from) if known.held_from else now
    known.save(update_fields=["retired_at"])
    device.retired_at = known.retired_at
    waiting = Downlink.objects.filter(device=device.pk, state=Downlink.State.QUEUED)
    waiting.update(state=Downlink.State.CANCELLED)
    audit.record(by, action, device, now=now, details={"address": device.address})
