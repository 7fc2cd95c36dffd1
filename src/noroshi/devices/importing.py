"""Register what a judged file lists: all or none, in one transaction, each device on record."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from noroshi.devices.actions import NewDevice
from noroshi.devices.facts import BadDevice
from noroshi.devices.find import Place
from noroshi.devices.holdings import make_room, of_thing, site_named
from noroshi.devices.listing import BadFile, Listing
from noroshi.devices.models import Device, Thing
from noroshi.devices.waiting import run_registered
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor

FILE_CHARS_MAX = 100


def save(
    listing: Listing, *, file: str, is_partial: bool = False, by: Actor, now: datetime
) -> list[Device]:
    """Register the good lines; what the devices sent while unknown runs afterwards.

    With a faulty line nothing is saved, unless `is_partial`. Raises BadFile, also when somebody
    else has registered one of the addresses meanwhile: then nothing was saved.
    """
    good, faulty = listing.good, listing.faulty
    if not good or (faulty and not is_partial):
        raise BadFile(_("登録できない行があるので、何も登録しませんでした。"))
    try:
        with transaction.atomic():
            make_room(listing.tenant, len(good), now)
            devices = Device.objects.bulk_create(devices_of(listing, now))
            for device in devices:
                details = {"address": device.address}
                audit.record(by, "device.registered", device, now=now, details=details)
            details = {"count": str(len(devices)), "left_out": str(len(faulty))}
            audit.record(by, "device.imported", file[:FILE_CHARS_MAX], now=now, details=details)
    except BadDevice as full:
        raise BadFile(str(full)) from None
    except IntegrityError:
        again = _("その間に同じ端末IDが登録されました。もう一度確かめてください。")
        raise BadFile(again) from None
    run_registered(now)
    return devices


def devices_of(listing: Listing, now: datetime) -> list[Device]:
    """The rows of the good lines; a site or a thing that is new is made.

    Of a new thing all is the tenant's; of one from stock, or back in service, what comes from now.
    """
    news = [line.new for line in listing.good if line.new]
    sites = {name: site_named(listing.tenant, name) for name in {new.site_name for new in news}}
    things = things_of(news, now)
    return [
        Device(
            tenant=new.tenant,
            name=new.name,
            thing=things[new.space, new.address][0],
            type=new.type,
            space=new.space,
            address=new.address,
            site=sites[new.site_name],
            registered_at=now,
            held_from=None if things[new.space, new.address][1] else now,
        )
        for new in news
    ]


def things_of(news: Sequence[NewDevice], now: datetime) -> dict[Place, tuple[Thing, bool]]:
    """(space, address) → thing with the facts of its line, and whether it is new here."""
    wanted = {(new.space, new.address): new for new in news}
    found = Thing.objects.filter(address__in=[address for _space, address in wanted])
    known = {(one.space, one.address): one for one in found.select_for_update()}
    for place in wanted.keys() & known.keys():
        thing, told = known[place], of_thing(wanted[place].facts)
        for name, value in {name: value for name, value in told.items() if value}.items():
            setattr(thing, name, value)
        thing.retired_at = None
        thing.save()
    fresh = [
        Thing(
            type=new.type, space=new.space, address=new.address, registered_at=now,
            **of_thing(new.facts),
        )
        for place, new in wanted.items()
        if place not in known
    ]  # fmt: skip
    made = {(one.space, one.address): (one, True) for one in Thing.objects.bulk_create(fresh)}
    return made | {place: (known[place], False) for place in wanted.keys() & known.keys()}
