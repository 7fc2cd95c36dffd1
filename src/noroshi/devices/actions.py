"""Register, change and retire devices; make types and their quantities."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from noroshi.devices.models import Device, DeviceType, Site, Space
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

EUI_DIGITS = 16
SIGFOX_DIGITS_MAX = 8
GENERIC_CHARS_MAX = 64
HEX = re.compile(r"^[0-9A-F]+$")


class BadDevice(ValueError):
    """The device cannot be registered so; `field` says where, the message says how to mend it."""

    def __init__(self, field: str, message: str) -> None:
        """Keep the field beside which the message is shown."""
        self.field = field
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What the office types to register a terminal."""

    tenant: Tenant
    name: str
    type: DeviceType
    space: str
    address: str
    site_name: str = ""
    interval_s: int | None = None


def clean_address(space: str, text: str) -> str:
    """The address in the one spelling the networks' adapters give; raises BadDevice."""
    compact = re.sub(r"[\s:\-]", "", text).upper()
    if space == Space.GENERIC:
        if not 0 < len(text.strip()) <= GENERIC_CHARS_MAX:
            raise BadDevice("address", _("端末IDを64文字までで書いてください。"))
        return text.strip()
    if not HEX.match(compact):
        raise BadDevice("address", _("端末IDは 0〜9 と A〜F で書いてください。"))
    if space == Space.LORAWAN:
        if len(compact) != EUI_DIGITS:
            raise BadDevice("address", _("DevEUIは16桁です。いまは%d桁あります。") % len(compact))
        return compact
    if len(compact) > SIGFOX_DIGITS_MAX:
        raise BadDevice(
            "address", _("SigfoxのIDは8桁までです。いまは%d桁あります。") % len(compact)
        )
    return compact.lstrip("0") or "0"


def register(new: NewDevice, *, by: Actor, now: datetime) -> Device:
    """Put a terminal in the register; what it sent while unknown can run afterwards."""
    address = clean_address(new.space, new.address)
    try:
        with transaction.atomic():
            device = Device.objects.create(
                tenant=new.tenant,
                name=new.name.strip(),
                type=new.type,
                space=new.space,
                address=address,
                site=site_named(new.tenant, new.site_name),
                interval_s=new.interval_s,
                registered_at=now,
            )
            audit.record(by, "device.registered", device, now=now, details={"address": address})
    except IntegrityError:
        raise BadDevice("address", _("この端末IDはすでに登録されています。")) from None
    return device


def site_named(tenant: Tenant, name: str) -> Site | None:
    """The tenant's site of that name, made when it is new; None for no name."""
    if not name.strip():
        return None
    return Site.objects.get_or_create(tenant=tenant, name=name.strip())[0]


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """What a person may change of a device."""

    name: str
    site_name: str
    interval_s: int | None


def change(device: Device, new: DeviceChange, *, by: Actor, now: datetime) -> None:
    """Rename, move, set the rhythm; the audit log keeps before and after."""
    before = {"name": device.name, "site": str(device.site or ""), "interval_s": device.interval_s}
    device.name = new.name.strip()
    device.site = site_named(device.tenant, new.site_name)
    device.interval_s = new.interval_s
    after = {"name": device.name, "site": str(device.site or ""), "interval_s": device.interval_s}
    with transaction.atomic():
        device.save(update_fields=["name", "site", "interval_s"])
        details = {"before": before, "after": after}
        audit.record(by, "device.changed", device, now=now, details=details)


def retire(device: Device, *, by: Actor, now: datetime) -> None:
    """Take a device out of service; its history stays, its address becomes free."""
    device.retired_at = now
    with transaction.atomic():
        device.save(update_fields=["retired_at"])
        audit.record(by, "device.retired", device, now=now, details={"address": device.address})
