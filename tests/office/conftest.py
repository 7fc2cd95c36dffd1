"""The office's cast: Kei of the staff, Aki of a tenant, and what they look after."""

import base64
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from noroshi import pipeline
from noroshi.codecs.actions import NewVersion, make_codec
from noroshi.codecs.models import Codec
from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import Device, DeviceType, Quantity
from noroshi.inbox.actions import NewConnection, make_connection
from noroshi.inbox.models import Connection
from noroshi.outbox.models import Message
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Membership, Tenant, User
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
    staff = User.objects.create_user("kei", "k" * 15, name="事務局 けい", kind="staff", staff_roles=["admin"])
    user = User.objects.create_user("aki", "a" * 15, name="緑川 あき")
    tenant = Tenant.objects.create(name="みどりの里", created_at=now)
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
