"""The cast of the alarm tests: Aki's cold store, its rule, and whom to tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from noroshi.alarms.models import Recipient, Rule
from noroshi.alarms.watch import Watched, watch
from noroshi.codecs.models import Codec
from noroshi.devices.models import Device, DeviceType, Quantity, Site
from noroshi.readings.store import Kept, Point
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant, User
from tests.committed import transactional_db
from tests.contracted import make_tenant
from tests.things import thing

__all__ = ["transactional_db"]

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # 10:00 in Japan, a Sunday

Reading = tuple[float, float]  # minutes after START, value


def at(minutes: float) -> datetime:
    """So many minutes after the start."""
    return START + timedelta(minutes=minutes)


@dataclass
class Store:
    """Aki's cold store with one device, and a feed for its readings."""

    tenant: Tenant
    actor: Actor
    device: Device
    aki: Recipient
    ben: Recipient

    def rule(self, **fields: object) -> Rule:
        """A rule on the temperature; upper limit 10.0 unless told."""
        wanted = {"key": "temperature", "upper": 10.0, "lower": None, "created_at": START}
        rule = Rule.objects.create(tenant=self.tenant, device=self.device, **(wanted | fields))
        rule.recipients.set([self.aki, self.ben])
        return rule

    def kept(
        self, readings: Sequence[Reading], *, key: str = "temperature", is_late: bool = False
    ) -> list[Kept]:
        """Readings as the store hands them on."""
        kind = "boolean" if key == "door" else "number"
        return [
            Kept(Point(self.tenant.pk, self.device.pk, key, kind, at(minutes), value), 1, is_late)
            for minutes, value in readings
        ]

    def feed(self, *readings: Reading, key: str = "temperature", **more: bool) -> Watched:
        """Watch readings as one batch that comes when the last of them was measured."""
        last = max(minutes for minutes, _ in readings)
        return watch(self.kept(readings, key=key, **more), now=at(last))


@pytest.fixture
def store(db: None) -> Store:
    return open_store()


@pytest.fixture
def committed(transactional_db: None) -> Store:
    """The same store, seen by other connections too."""
    return open_store()


def open_store() -> Store:
    """Make the cast."""
    tenant = make_tenant(name="米野木青果", created_at=START)
    user = User.objects.create(login="aki", name="Aki")
    codec = Codec.objects.create(name="codec", kind="network")
    kind = DeviceType.objects.create(name_ja="温度計", name_en="Thermometer", codec=codec)
    Quantity.objects.create(
        type=kind, key="temperature", name_ja="温度", name_en="temperature", unit="℃", decimals=1
    )
    Quantity.objects.create(
        type=kind, key="door", name_ja="扉", name_en="door", kind="boolean",
        true_ja="開", false_ja="閉", true_en="open", false_en="closed",
    )  # fmt: skip
    device = Device.objects.create(
        tenant=tenant, code="dev1", name="冷蔵庫A", type=kind, space="generic", address="a1",
        site=Site.objects.create(tenant=tenant, name="本店"), registered_at=START,
        thing=thing(kind, "generic", "a1", START),
    )  # fmt: skip
    people = {"tenant": tenant, "created_at": START}
    aki = Recipient.objects.create(name="Aki", code="aki", address="aki@example.jp", **people)
    ben = Recipient.objects.create(
        name="Ben", code="ben", address="ben@example.jp", language="en", **people
    )
    return Store(tenant, Actor(user, tenant), device, aki, ben)


@pytest.fixture
def stranger(db: None) -> Callable[[], Recipient]:
    """Chie of another tenant."""

    def make() -> Recipient:
        other = make_tenant(name="other", created_at=START)
        return Recipient.objects.create(
            tenant=other, name="Chie", address="chie@example.jp", created_at=START
        )

    return make
