"""A house with one tenant and its fridge behind ChirpStack, and ways to send it messages."""

import base64
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from noroshi import pipeline
from noroshi.codecs.actions import NewVersion, make_codec
from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import Device, DeviceType, Quantity
from noroshi.inbox import actions
from noroshi.inbox.models import Connection
from noroshi.readings.models import Series
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant
from tests.contracted import make_tenant
from tests.spine.journal import Posted, sample, take_in

NOW = datetime(2026, 11, 22, 1, 14, tzinfo=UTC)
NOBODY = Actor(None, None)
EUI = "0101010101010101"
SOURCE = """function decodeUplink(input) {
  var b = input.bytes;
  return {data: {temperature: (b[0] << 8 | b[1]) / 10 - 40}};
}"""


@dataclass(frozen=True, slots=True)
class House:
    """A tenant with one LoRaWAN device behind the provider's ChirpStack."""

    tenant: Tenant
    connection: Connection
    type: DeviceType
    device: Device
    sandbox: Sandbox

    def send(self, posted: Posted, *, now: datetime = NOW) -> None:
        """The message comes to the provider's ChirpStack connection."""
        take_in(self.connection, posted, now=now)

    def run(self, now: datetime = NOW) -> int:
        """Carry everything that waits."""
        total = 0
        while done := pipeline.process_waiting(self.sandbox, now=now, slices_max=16):
            total += done
        return total

    def connect(self, kind: str, **more: object) -> Connection:
        """Another connection."""
        new = actions.NewConnection(kind, kind, **more)  # type: ignore[arg-type]
        return actions.make_connection(new, by=NOBODY, now=NOW)[0]

    def register(self, space: str, address: str, *, now: datetime = NOW) -> Device:
        """Another device of the tenant."""
        new = NewDevice(self.tenant, address, self.type, space, address)
        return register(new, by=NOBODY, now=now)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture
def house(db: None, sandbox: Sandbox) -> House:
    return made_house(sandbox)


def made_house(sandbox: Sandbox) -> House:
    """The house in whatever database is open."""
    tenant = make_tenant(name="みどりの里", created_at=NOW)
    codec = make_codec("冷蔵庫", "javascript", NewVersion(SOURCE), by=NOBODY, now=NOW)
    kind = DeviceType.objects.create(name_ja="冷蔵庫", codec=codec, interval_s=600)
    Quantity.objects.create(type=kind, key="temperature", name_ja="温度", unit="℃")
    new = actions.NewConnection("ChirpStack", "chirpstack")
    made, _token = actions.make_connection(new, by=NOBODY, now=NOW)
    device = register(NewDevice(tenant, "冷蔵庫A", kind, "lorawan", EUI), by=NOBODY, now=NOW)
    return House(tenant, made, kind, device, sandbox)


def up(celsius: float, at: datetime, *, counter: int = 1, eui: str = EUI) -> Posted:
    """A ChirpStack uplink made from the documented sample."""
    body = json.loads(sample("chirpstack4_up_docs.json"))
    raw = round((celsius + 40) * 10)
    body["data"] = base64.b64encode(raw.to_bytes(2, "big")).decode()
    body["time"] = at.isoformat()
    body["fCnt"] = counter
    body["deviceInfo"]["devEui"] = eui.lower()
    body["deduplicationId"] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{eui} {at} {celsius} {counter}"))
    return Posted(json.dumps(body).encode(), event="up")


def keys_of(device: Device) -> set[str]:
    """Which quantities the device has."""
    return set(Series.objects.filter(device=device).values_list("key", flat=True))
