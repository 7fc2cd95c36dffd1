"""Register what a judged file lists: all or none, in one transaction, each device on record."""

from dataclasses import asdict
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from noroshi.devices.actions import site_named
from noroshi.devices.listing import BadFile, Listing
from noroshi.devices.models import Device
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
            devices = Device.objects.bulk_create(devices_of(listing, now))
            for device in devices:
                details = {"address": device.address}
                audit.record(by, "device.registered", device, now=now, details=details)
            details = {"count": str(len(devices)), "left_out": str(len(faulty))}
            audit.record(by, "device.imported", file[:FILE_CHARS_MAX], now=now, details=details)
    except IntegrityError:
        again = _("その間に同じ端末IDが登録されました。もう一度確かめてください。")
        raise BadFile(again) from None
    run_registered(now)
    return devices


def devices_of(listing: Listing, now: datetime) -> list[Device]:
    """The rows of the good lines; a site that is new is made."""
    news = [line.new for line in listing.good if line.new]
    sites = {name: site_named(listing.tenant, name) for name in {new.site_name for new in news}}
    return [
        Device(
            tenant=new.tenant,
            name=new.name,
            type=new.type,
            space=new.space,
            address=new.address,
            site=sites[new.site_name],
            registered_at=now,
            **asdict(new.facts),
        )
        for new in news
    ]
