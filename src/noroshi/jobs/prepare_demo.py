"""The program `noroshi prepare-demo`: tenant, people, types, devices, rules. Safe to repeat."""

import secrets
import sys
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from noroshi.alarms.actions import Person, Terms, add_recipient, make_rule
from noroshi.alarms.models import Recipient, Rule
from noroshi.codecs.actions import NewVersion, make_codec
from noroshi.codecs.catalogue import source_of
from noroshi.codecs.models import Codec
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import Device, DeviceType, Quantity
from noroshi.inbox.actions import NewConnection, make_connection, renew_token
from noroshi.inbox.models import Connection
from noroshi.jobs.demo import cast
from noroshi.jobs.demo.acts import name_contact
from noroshi.jobs.demo.contract import agree
from noroshi.jobs.demo.factor import give_app
from noroshi.jobs.demo.notes import Notes, read_notes, write_notes
from noroshi.jobs.demo.parties import do_business
from noroshi.jobs.demo.people import enrol
from noroshi.outbox import consent
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Membership, StaffRole, Tenant, User

TENANT = "みどりの里（デモ）"
PASSWORD_BYTES = 12
SYSTEM = Actor(None, None)


def main() -> None:
    """Make what is missing, and print how to sign in."""
    if not settings.DEMO:
        raise SystemExit("noroshi: prepare-demo runs only inside `noroshi up --demo`.")
    now = timezone.now()
    with transaction.atomic():
        notes = prepare(Path(settings.VAR), now=now)
    sys.stdout.write(
        f"  利用者 user    {notes.user}  /  {notes.user_password}\n"
        f"  事務局 office  {notes.staff}  /  {notes.staff_password}\n"
        f"  承認者 approver  {notes.approver}  /  {notes.approver_password}\n"
    )


def prepare(var: Path, *, now: datetime) -> Notes:
    """Everything the demo needs; what is there already stays as people changed it."""
    old = read_notes(var)
    tenant = Tenant.objects.get_or_create(name=TENANT, defaults={"created_at": now})[0]
    tokens = {
        kind: connection_token(kind, name, old, now=now) for kind, name in cast.NETWORKS.items()
    }
    types = {demo.slug: device_type(demo, now=now) for demo in cast.TYPES}
    for demo in cast.DEVICES:
        if not Device.objects.filter(space=demo.space, address=demo.address).exists():
            new = NewDevice(
                tenant, demo.name, types[demo.slug], demo.space, demo.address, demo.site
            )
            register(new, by=SYSTEM, now=now)
    rules(tenant, people(tenant, now=now), now=now)
    notes = Notes(
        tokens=tokens,
        user="demo",
        user_password=sign_in(tenant, "demo", "緑川 あき", old),
        staff="office",
        staff_password=sign_in(None, "office", "事務局 当番", old),
        approver="approver",
        approver_password=sign_in(None, "approver", "事務局 承認", old, StaffRole.APPROVER),
    )
    enrol(tenant, now=now)
    name_contact(tenant, now=now)
    for login in (notes.staff, notes.approver):
        give_app(User.objects.get(login=login))
    staff = User.objects.get(login=notes.staff)
    do_business(tenant, staff, now=now)
    agree(tenant, staff, now=now)
    write_notes(var, notes)
    return notes


def connection_token(kind: str, name: str, old: Notes | None, *, now: datetime) -> str:
    """The token of the demo's connection of this kind, made new when it was lost."""
    made = Connection.objects.filter(kind=kind, name=name).first()
    if made is None:
        return make_connection(NewConnection(name, kind), by=SYSTEM, now=now)[1]
    known = (old.tokens if old else {}).get(kind, "")
    if known and known.startswith(made.token_hint):
        return known
    return renew_token(made, by=SYSTEM, now=now)


def device_type(demo: cast.DemoType, *, now: datetime) -> DeviceType:
    """A type with its codec and quantities."""
    known = DeviceType.objects.filter(name_ja=demo.ja).first()
    if known is not None:
        return known
    codec = Codec.objects.filter(name=demo.ja).first() or make_codec(
        demo.ja, Codec.Kind.JAVASCRIPT, NewVersion(source_of(demo.slug)), by=SYSTEM, now=now
    )
    made = DeviceType.objects.create(
        name_ja=demo.ja, name_en=demo.en, codec=codec, interval_s=demo.interval_s
    )
    Quantity.objects.bulk_create(
        Quantity(
            type=made,
            key=quantity.key,
            name_ja=quantity.ja,
            name_en=quantity.en,
            unit=quantity.unit,
            decimals=quantity.decimals,
            kind=quantity.kind,
            false_ja=quantity.words[0],
            true_ja=quantity.words[1],
            false_en=quantity.words[2],
            true_en=quantity.words[3],
            position=position,
        )
        for position, quantity in enumerate(demo.quantities)
    )
    return made


def people(tenant: Tenant, *, now: datetime) -> list[Recipient]:
    """Two recipients: one reads Japanese, one English."""
    wanted = [
        Person("品質管理 大野", "quality@example.jp", "ja"),
        Person("Plant manager", "manager@example.com", "en"),
    ]
    known = {row.address: row for row in Recipient.objects.filter(tenant=tenant)}
    for person in wanted:
        consent.trust(tenant.pk, person.address, now=now)
    return [
        known.get(person.address) or add_recipient(person, by=Actor(None, tenant), now=now)
        for person in wanted
    ]


def rules(tenant: Tenant, told: list[Recipient], *, now: datetime) -> None:
    """Limits that the demo's terminals will break now and then."""
    wanted = {
        "第1冷蔵庫": Terms("temperature", upper=10.0, lower=None, margin=1.0),
        "第2冷蔵庫": Terms("temperature", upper=10.0, lower=None, margin=1.0),
        "北の田 1号": Terms("level_cm", upper=None, lower=2.0, margin=0.5),
        "いちごハウス": Terms("temperature", upper=32.0, lower=4.0, margin=1.0),
        "米野木1号": Terms("sprung", upper=0.5, lower=None),
    }
    for name, terms in wanted.items():
        device = Device.objects.get(tenant=tenant, name=name, retired_at=None)
        if not Rule.objects.filter(device=device, key=terms.key).exists():
            make_rule(device, terms, told, by=SYSTEM, now=now)


def sign_in(
    tenant: Tenant | None,
    login: str,
    name: str,
    old: Notes | None,
    role: str = StaffRole.ADMIN,
) -> str:
    """The password of a demo account; made new when the notes do not know it any more."""
    user = User.objects.filter(login=login).first()
    known = old.password_of(login) if old else ""
    if user is not None and known and user.check_password(known):
        return known
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    if user is None:
        user = (
            User.objects.create_user(login, password, name=name)
            if tenant
            else User.objects.create_staff(login, password, role, name=name)
        )
    else:
        user.set_password(password)
        user.save(update_fields=["password", "has_long_password"])
    if tenant is not None:
        Membership.objects.get_or_create(
            tenant=tenant,
            user=user,
            defaults={"role": Membership.Role.ADMIN, "has_authority": True},
        )
    return password


if __name__ == "__main__":
    main()
