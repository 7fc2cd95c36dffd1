"""Register, change and retire devices; make types and their quantities."""

import re
import unicodedata
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from noroshi.devices.models import Device, DeviceType, Site, Space
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

EUI_DIGITS = 16
SIGFOX_DIGITS_MAX = 8
GENERIC_CHARS_MAX = 64
PAC_DIGITS = 16
CONFORMITY_CHARS_MAX = 40
HEX = re.compile(r"^[0-9A-F]+$")
CONFORMITY = re.compile(r"^[0-9A-Z]+([- ][0-9A-Z]+)*$")


class BadDevice(ValueError):
    """The device cannot be registered so; `field` says where, the message says how to mend it."""

    def __init__(self, field: str, message: str) -> None:
        """Keep the field beside which the message is shown."""
        self.field = field
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the office keeps of the thing itself; `right_until` is the last day of the network."""

    pac: str = ""
    model: str = ""
    serial: str = ""
    conformity: str = ""
    battery: str = ""
    right_until: date | None = None
    place_note: str = ""


NO_FACTS = Facts()


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
    facts: Facts = NO_FACTS


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


def clean_facts(space: str, facts: Facts) -> Facts:
    """The facts in one spelling each; raises BadDevice."""
    pac = re.sub(r"[\s:\-]", "", facts.pac).upper()
    if pac and space != Space.SIGFOX:
        raise BadDevice("pac", _("PACはSigfoxの端末だけにあります。空欄にしてください。"))
    if pac and (len(pac) != PAC_DIGITS or not HEX.match(pac)):
        raise BadDevice("pac", _("PACは 0〜9 と A〜F の16桁です。"))
    number = unicodedata.normalize("NFKC", facts.conformity).strip().upper()
    if number and (len(number) > CONFORMITY_CHARS_MAX or not CONFORMITY.match(number)):
        raise BadDevice("conformity", _("技適番号は 001-A12345 のように英数字で書いてください。"))
    return replace(facts, pac=pac, conformity=number)


def register(new: NewDevice, *, by: Actor, now: datetime) -> Device:
    """Put a terminal in the register; what it sent while unknown can run afterwards."""
    address = clean_address(new.space, new.address)
    facts = clean_facts(new.space, new.facts)
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
                **asdict(facts),
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
    """What a person may change of a device; `facts` of None stay as they are."""

    name: str
    site_name: str
    interval_s: int | None
    facts: Facts | None = None


def change(device: Device, new: DeviceChange, *, by: Actor, now: datetime) -> None:
    """Rename, move, set the rhythm and the facts; the audit log keeps before and after.

    Raises BadDevice for facts that cannot be.
    """
    before, pac = told(device), device.pac
    facts = clean_facts(device.space, new.facts or facts_of(device))
    device.name = new.name.strip()
    device.site = site_named(device.tenant, new.site_name)
    device.interval_s = new.interval_s
    for name, value in asdict(facts).items():
        setattr(device, name, value)
    with transaction.atomic():
        device.save(update_fields=["name", "site", "interval_s", *asdict(facts)])
        details = {"before": before, "after": told(device)}
        audit.record(by, "device.changed", device, now=now, details=details)
        if device.pac != pac:
            audit.record(by, "device.pac_changed", device, now=now)


def facts_of(device: Device) -> Facts:
    """The facts of a device that is here."""
    return Facts(**{name: getattr(device, name) for name in Facts.__dataclass_fields__})


def told(device: Device) -> dict[str, object]:
    """The device for the audit log, which the contractor reads too: without the PAC."""
    kept = asdict(facts_of(device))
    del kept["pac"]
    kept["right_until"] = device.right_until.isoformat() if device.right_until else None
    own = {"name": device.name, "site": str(device.site or ""), "interval_s": device.interval_s}
    return own | kept


def retire(device: Device, *, by: Actor, now: datetime) -> None:
    """Take a device out of service; its history stays, its address becomes free."""
    device.retired_at = now
    with transaction.atomic():
        device.save(update_fields=["retired_at"])
        audit.record(by, "device.retired", device, now=now, details={"address": device.address})
