"""The cast of the pages' tests: Aki's cold store, Ben who may only look, Chie the stranger."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from noroshi.alarms.actions import Person
from noroshi.alarms.models import Group, Incident, Recipient, Rule, SharedRule
from noroshi.codecs.models import Codec, CodecVersion
from noroshi.contracts.models import Contract
from noroshi.devices.models import Device, DeviceType, Downlink, Heartbeat, Quantity, Site
from noroshi.outbox.models import Delivery, Message
from noroshi.readings import store
from noroshi.readings.models import StoredUplink
from noroshi.readings.store import Point
from noroshi.tenants.chain import text_hash
from noroshi.tenants.intents import Declaration, Proof, declare, propose
from noroshi.tenants.models import (
    Enrolment,
    Intent,
    IntentDraft,
    IntentKind,
    Membership,
    Tenant,
    User,
    Visit,
    VisitView,
)
from noroshi.web import recipient_acts
from tests.contracted import make_tenant
from tests.retention.cast import planned
from tests.things import thing

PASSWORD = "beacon fire on the hill"


@dataclass
class Cast:
    """What the pages are asked about."""

    tenant: Tenant
    contract: Contract
    site: Site
    type: DeviceType
    device: Device
    rule: Rule
    recipient: Recipient
    incident: Incident
    message: Message
    downlink: Downlink
    uplink: StoredUplink
    now: datetime
    line: Enrolment  # Ben's, on the register of users
    audit: Visit
    visit: Visit  # of the office
    draft: IntentDraft  # shown to Aki just now
    intent: Intent  # Aki's
    deleted: str  # the code of a deletion that is over
    group: Group
    shared: SharedRule  # of a group without a device


@pytest.fixture(autouse=True)
def _calm_store() -> Iterator[None]:
    """The store remembers the ids of its series, which a rolled-back test takes away."""
    store.forget_series()
    yield
    store.forget_series()


@pytest.fixture
def cast(db: None) -> Cast:
    """Aki's cold store with one device that is too warm."""
    now = timezone.now().replace(microsecond=0)
    tenant = make_tenant(name="米野木青果", code="aki-tenant", created_at=now)
    person("aki", tenant, Membership.Role.ADMIN)
    person("ben", tenant, Membership.Role.VIEWER)
    other = make_tenant(name="よその会社", code="chie-tenant", created_at=now)
    person("chie", other, Membership.Role.ADMIN)
    site = Site.objects.create(tenant=tenant, name="本社工場")
    kind = thermometer()
    device = place(tenant, kind, "第2冷蔵庫", code="cold2", site=site)
    measure(device, now)
    recipient = Recipient.objects.create(
        tenant=tenant, code="chief", name="工場長", address="chief@example.jp", created_at=now
    )
    rule = Rule.objects.create(
        tenant=tenant, code="rule1", device=device, key="temperature", upper=10.0,
        margin=1.0, hold_s=900, created_at=now,
    )  # fmt: skip
    rule.recipients.add(recipient)
    incident = Incident.objects.create(
        tenant=tenant, code="incident1", device=device, rule=rule, key="temperature",
        side="upper", limit=10.0, since=now - timedelta(minutes=20),
        opened_at=now - timedelta(minutes=5), opened_value=11.0, worst_value=11.4,
    )  # fmt: skip
    return Cast(
        tenant, Contract.objects.get(tenant=tenant), site, kind, device, rule, recipient, incident,
        told(incident, recipient, now),
        Downlink.objects.create(
            tenant=tenant, device=device, payload=bytes(range(8)), created_at=now
        ),
        StoredUplink.objects.get(device=device, message=UUID(int=1)),
        now, enrolled("ben", tenant, now), visit_of(tenant, "audit", now),
        visit_of(tenant, "staff", now), shown(tenant, now), declared(tenant, now),
        str(planned(tenant, device, "規約 第5条第1項", now)["deletion"]),
        Group.objects.create(tenant=tenant, name="日直", created_at=now),
        SharedRule.objects.create(
            tenant=tenant, code="shared1", group="まとめ", key="temperature", upper=30.0,
            is_active=False, created_at=now,
        ),
    )  # fmt: skip


@pytest.fixture
def aki(cast: Cast) -> Client:
    """Admin of the tenant."""
    return signed_in("aki")


@pytest.fixture
def ben(cast: Cast) -> Client:
    """Her colleague, who may only look."""
    return signed_in("ben")


@pytest.fixture
def chie(cast: Cast) -> Client:
    """Admin of another tenant."""
    return signed_in("chie")


def signed_in(login: str) -> Client:
    """A browser of this person."""
    client = Client()
    client.force_login(User.objects.get(login=login))
    return client


def person(login: str, tenant: Tenant | None, role: str = "") -> User:
    """Somebody with the password PASSWORD."""
    user = User.objects.create_user(login, PASSWORD, name=login.capitalize())
    if tenant:
        has_authority = role == Membership.Role.ADMIN
        Membership.objects.create(tenant=tenant, user=user, role=role, has_authority=has_authority)
    return user


def enrolled(login: str, tenant: Tenant, now: datetime) -> Enrolment:
    """A line of the register for somebody who has a user id."""
    member = Membership.objects.select_related("user").get(tenant=tenant, user__login=login)
    return Enrolment.objects.create(
        tenant=tenant, code=f"line-{login}", name=member.user.name, affiliation="employee",
        role=member.role, named_at=now - timedelta(days=1), membership=member,
    )  # fmt: skip


def visit_of(tenant: Tenant, kind: str, now: datetime) -> Visit:
    """Somebody who looked at the home page, and may go on for an hour."""
    user = User.objects.create(login=f"{kind}-1", name=f"閲覧 {kind}", kind=kind)
    visit = Visit.objects.create(
        tenant=tenant, code=f"visit-{kind}", kind=kind, visitor=user, visitor_name=user.name,
        reason="内部統制の確認", ticket="T-1", filed_by=user, filed_at=now, since=now,
        until=now + timedelta(hours=1), department="internal" if kind == "audit" else "",
    )  # fmt: skip
    VisitView.objects.create(visit=visit, tenant=tenant, at=now, page="home", path="/")
    return visit


def shown(tenant: Tenant, now: datetime) -> IntentDraft:
    """A text that Aki was shown."""
    aki = Membership.objects.select_related("user").get(tenant=tenant, user__login="aki")
    text, payload = recipient_acts.adding(Person("品質管理", "quality@example.jp"))
    return propose(aki, IntentKind.RECIPIENTS, text, payload, now=now)


def declared(tenant: Tenant, now: datetime) -> Intent:
    """An act of Aki's, done without effect or copy."""
    aki = Membership.objects.select_related("user").get(tenant=tenant, user__login="aki")
    draft = shown(tenant, now)
    proof = Proof(aki.user_id, "password")
    declaration = Declaration(draft.code, text_hash(draft.text), proof, "192.0.2.7", "Firefox")
    effects = {IntentKind.RECIPIENTS: lambda *_: None}
    return declare(aki, declaration, effects=effects, tell=lambda _: None, now=now)


def thermometer() -> DeviceType:
    """A type with a number, a truth value and a text."""
    codec = Codec.objects.create(name="冷蔵庫", kind="javascript")
    CodecVersion.objects.create(
        codec=codec, number=3, source="", created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    kind = DeviceType.objects.create(
        name_ja="温度計", name_en="Thermometer", codec=codec, interval_s=600
    )
    Quantity.objects.create(
        type=kind, key="temperature", name_ja="温度", name_en="temperature", unit="℃", decimals=1
    )
    Quantity.objects.create(
        type=kind, key="door", name_ja="扉", name_en="door", kind="boolean", position=1,
        true_ja="開", false_ja="閉", true_en="open", false_en="closed",
    )  # fmt: skip
    Quantity.objects.create(
        type=kind, key="note", name_ja="メモ", name_en="note", kind="text", position=2
    )
    return kind


def place(
    tenant: Tenant, kind: DeviceType, name: str, *, code: str, site: Site | None = None
) -> Device:
    """A Sigfox device, registered a year ago."""
    at = datetime(2025, 11, 1, tzinfo=UTC)
    return Device.objects.create(
        tenant=tenant, code=code, name=name, type=kind, space="sigfox",
        address=code.upper(), site=site, registered_at=at,
        thing=thing(kind, "sigfox", code.upper(), at),
    )  # fmt: skip


def measure(device: Device, now: datetime) -> None:
    """Three hours of readings, the last of them now, and the uplink that brought it."""
    points = [
        Point(device.tenant_id, device.pk, "temperature", "number", at, 5.0 + step / 3)
        for step, at in ((step, now - timedelta(minutes=10 * (18 - step))) for step in range(19))
    ]
    points += [
        Point(device.tenant_id, device.pk, "door", "boolean", now, 1.0),
        Point(device.tenant_id, device.pk, "note", "text", now, "=1+1 ①𠮷"),
    ]
    store.keep_points(points)
    hear(device, now)
    Heartbeat.objects.create(
        device=device, tenant_id=device.tenant_id, sent_at=now, received_at=now,
        rssi_dbm=-97.0, snr_db=12.5, gateways=3,
    )  # fmt: skip


def hear(device: Device, now: datetime) -> None:
    """One stored uplink."""
    StoredUplink.objects.create(
        device_id=device.pk, sent_at=now, message=UUID(int=1), tenant_id=device.tenant_id,
        entry_key=UUID(int=2), received_at=now + timedelta(seconds=1),
        processed_at=now + timedelta(seconds=2), event="uplink", counter=41,
        payload=b"\x01\x0a\xff", rssi_dbm=-97.0, snr_db=12.5, gateways=3,
        link={"operator": "KCCS"}, data={"temperature": 11.0, "door": True},
        codec_version=CodecVersion.objects.first(), problem="",
    )  # fmt: skip


def told(incident: Incident, recipient: Recipient, now: datetime) -> Message:
    """The mail about the incident, refused once and then taken."""
    message = Message.objects.create(
        tenant_id=incident.tenant_id, kind="incident.opened", about=incident.code,
        address=recipient.address, subject="【警報】第2冷蔵庫 温度 11.0℃", body="本文です。",
        message_id="m1@example.jp", state="sent", created_at=now, due_at=now, attempts=2,
        last_answer="250 2.0.0 Ok: queued as 4Xy", sent_at=now,
    )  # fmt: skip
    Delivery.objects.create(message=message, at=now, outcome="deferred", code=451, answer="later")
    Delivery.objects.create(message=message, at=now, outcome="sent", code=250, answer="Ok")
    return message
