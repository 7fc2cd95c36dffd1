"""The office's cast: Kei of the staff, Aki of a tenant, and what they look after."""

import base64
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from noroshi import pipeline
from noroshi.codecs.actions import NewVersion, make_codec
from noroshi.codecs.models import Codec
from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import Device, DeviceType, Quantity
from noroshi.inbox.actions import NewConnection, make_connection
from noroshi.inbox.models import Broker, Connection
from noroshi.outbox.models import Incoming, Message
from noroshi.tenants.audit import Actor
from noroshi.tenants.filing import keep
from noroshi.tenants.models import (
    Agent,
    Approval,
    Enrolment,
    Membership,
    Party,
    Tenant,
    User,
    Violation,
    Visit,
)
from noroshi.tenants.parties import PartyFacts, make
from noroshi.tenants.subcontractors import Agreement, Entry, enter, file_agreements
from noroshi.tenants.visits import Grant, open_staff
from tests.contracted import make_tenant
from tests.factors import give_app
from tests.retention.cast import planned
from tests.spine.journal import Posted, sample, take_in

NOBODY = Actor(None, None)
EUI = "0101010101010101"
SOURCE = """function decodeUplink(input) {
  if (input.bytes.length < 2) return {errors: ["too short"]};
  return {data: {temperature: (input.bytes[0] << 8 | input.bytes[1]) / 10}};
}"""


@dataclass(frozen=True, slots=True)
class House:
    """One tenant with one LoRaWAN thermometer behind ChirpStack, and who looks after it."""

    staff: User
    user: User
    member: Membership
    tenant: Tenant
    connection: Connection
    codec: Codec
    type: DeviceType
    device: Device
    now: datetime


@pytest.fixture
def house(db: None) -> House:
    now = datetime.now(UTC)
    staff = User.objects.create_staff("kei", "k" * 15, "admin", name="事務局 けい")
    give_app(staff)
    user = User.objects.create_user("aki", "a" * 15, name="緑川 あき")
    tenant = make_tenant(name="みどりの里", created_at=now)
    member = Membership.objects.create(tenant=tenant, user=user, role=Membership.Role.ADMIN)
    codec = make_codec("冷蔵庫", "javascript", NewVersion(SOURCE), by=NOBODY, now=now)
    kind = DeviceType.objects.create(name_ja="冷蔵庫", codec=codec, interval_s=600)
    Quantity.objects.create(type=kind, key="temperature", name_ja="温度", unit="℃")
    made, _token = make_connection(NewConnection("自営", "chirpstack"), by=NOBODY, now=now)
    device = register(NewDevice(tenant, "第1冷蔵庫", kind, "lorawan", EUI), by=NOBODY, now=now)
    return House(staff, user, member, tenant, made, codec, kind, device, now)


@pytest.fixture
def office(house: House) -> Client:
    """Kei's browser."""
    client = Client(headers={"accept-language": "ja"})
    client.force_login(house.staff)
    return client


def prove(client: Client, user: User) -> Client:
    """The person of this browser gave the password a moment ago."""
    proved = HttpRequest()
    proved.session = client.session
    record_authentication(proved, user, "password")
    proved.session.save()
    return client


@pytest.fixture
def alone(house: House, office: Client, settings: Settings) -> Client:
    """Kei's browser, in an office of one person, a moment after the password."""
    settings.TWO_PERSONS = False
    return prove(office, house.staff)


@pytest.fixture
def approver(house: House) -> Client:
    """The browser of Sora, who approves, a moment after the password."""
    sora = User.objects.create_staff("sora", "s" * 15, "approver", name="事務局 そら")
    User.objects.filter(pk=sora.pk).update(email="sora@example.jp")
    give_app(sora)
    client = Client(headers={"accept-language": "ja"})
    client.force_login(sora)
    return prove(client, sora)


def visiting(house: House) -> Visit:
    """Kei has a permission to see this tenant's data, with a reason."""
    return open_staff(
        house.tenant, Grant("値が届かない", "T-1", 1), Actor(house.staff, None), house.now
    )


@pytest.fixture(scope="session")
def office_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


def up(eui: str, payload: bytes, at: datetime, *, counter: int = 1) -> Posted:
    """A ChirpStack uplink made from the documented sample."""
    body = json.loads(sample("chirpstack4_up_docs.json"))
    body["data"] = base64.b64encode(payload).decode()
    body["time"] = at.isoformat()
    body["fCnt"] = counter
    body["deviceInfo"]["devEui"] = eui.lower()
    body["deduplicationId"] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{eui} {at} {counter}"))
    return Posted(json.dumps(body).encode(), event="up")


def send(house: House, posted: Posted, *, minutes_ago: int = 0) -> None:
    """The network posts."""
    take_in(house.connection, posted, now=house.now - timedelta(minutes=minutes_ago))


def run(sandbox: Sandbox, house: House) -> None:
    """The spine does everything that waits."""
    while pipeline.process_waiting(sandbox, now=house.now, slices_max=16):
        pass


def a_mail(house: House, state: str) -> Message:
    """A mail of the tenant."""
    return Message.objects.create(
        tenant=house.tenant,
        kind="incident.opened",
        about="x",
        address="quality@example.jp",
        subject="【警報】第1冷蔵庫",
        body="温度 11.2℃",
        message_id=f"{uuid.uuid4()}@example.jp",
        created_at=house.now,
        due_at=house.now,
        state=state,
        attempts=3,
    )


def fill(house: House) -> None:
    """Something in each list: a subcontractor, a visit, a person who waits for the user id."""
    a_firm(Actor(house.staff, None), house.now)
    visiting(house)
    planned(house.tenant, house.device, "規約 第5条第1項", house.now)
    fetched = Connection.objects.create(
        name="接続 MQTT", kind="chirpstack", token_hash=b"f" * 32, token_hint="abd",
        created_at=house.now,
    )  # fmt: skip
    Broker.objects.create(
        connection=fetched, host="127.0.0.1", port=1, version="5", is_tls=False,
        client_id="noroshi-1", topics=["a/#"],
    )  # fmt: skip
    party = Party.objects.create(
        kind="company", standing="partner", name="販売の会社", made_at=house.now
    )
    Agent.objects.create(party=party, since=house.now.date())
    Violation.objects.create(
        tenant=house.tenant, what="転載", clause="第10条", found_on=house.now.date(),
        evidence="写し", recorded_by=house.staff, at=house.now,
    )  # fmt: skip
    Incoming.objects.create(
        received_at=house.now, peer="192.0.2.7", recipient="b@example.jp", size=9, state="kept",
        kind="other", raw=b"Subject: x",
    )  # fmt: skip
    Approval.objects.create(
        act="unfreeze", subject="みどりの里", text="解除します。", reason="確かめた", at=house.now,
        expires_at=house.now + timedelta(days=14), asked_by=house.staff,
    )  # fmt: skip
    Enrolment.objects.create(
        tenant=house.tenant, name="緑川 みのり", affiliation="employee", role="viewer",
        named_at=house.now,
    )  # fmt: skip


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def a_firm(by: Actor, now: datetime, *, has_agreements: bool = True) -> User:
    """A subcontractor in the register; its one person, who has an account of his own."""
    facts = PartyFacts("company", "株式会社まもり", corporate_number="7000012050002")
    party = make(facts, "partner", by=by, now=now)
    entry = Entry(["maintenance"], 1, "JP", now.date() - timedelta(days=30))
    firm = enter(party, entry, by=by, now=now)
    if has_agreements:
        agreement = Agreement(
            now.date() - timedelta(days=30), keep("nda.pdf", PDF, party=party, by=by, now=now)
        )
        file_agreements(firm, secrecy=agreement, privacy=agreement, by=by, now=now)
    return User.objects.create_user(
        "mamoru", "m" * 15, name="守 まもる", kind="subcontractor", subcontractor=firm
    )
