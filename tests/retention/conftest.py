"""The cast: a contractor of a year and one of three, with data of many months, and a clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from noroshi.base import partitions
from noroshi.codecs.models import Codec
from noroshi.devices.models import Device, DeviceType
from noroshi.outbox.models import Message
from noroshi.readings import backdated, closing, store
from noroshi.readings.store import Point, keep_points
from noroshi.readings.uplinks import NewUplink, keep_uplinks
from noroshi.retention import removal
from noroshi.tenants.models import Membership, Tenant, User
from tests.contracted import make_tenant
from tests.readings.test_store import uplink as template
from tests.things import thing

__all__ = ["sent"]

NOW = datetime(2029, 6, 10, 3, tzinfo=UTC)  # noon in Japan


@dataclass
class House:
    """One contractor with one device."""

    tenant: Tenant
    device: Device

    def tell(self, at: datetime, value: float = 1.0, *, came: datetime | None = None) -> None:
        """A number, a text and an uplink of `at`, which the network received at `came`."""
        own, device = self.tenant.pk, self.device.pk
        points = [
            Point(own, device, "level", "number", at, value),
            Point(own, device, "state", "text", at, "x"),
        ]
        uplinks = [told(self, at, came or at)]
        keep_points(points)
        keep_uplinks(uplinks)
        backdated.note(uplinks, points)

    def left(self) -> dict[str, int]:
        """How much of each kind there is."""
        counts = {}
        with connection.cursor() as cursor:
            for name, query in COUNTS.items():
                cursor.execute(query, [self.device.pk])
                counts[name] = cursor.fetchone()[0]
        return counts


COUNTS = {
    "readings": "SELECT coalesce(sum(c.count), 0) FROM readings_chunk c JOIN readings_series s "
    "ON s.id = c.series_id WHERE s.device_id = %s",
    "hot": "SELECT count(*) FROM readings_reading r JOIN readings_series s "
    "ON s.id = r.series_id WHERE s.device_id = %s",
    "uplinks": "SELECT count(*) FROM readings_uplink WHERE device_id = %s",
    "texts": "SELECT count(*) FROM readings_loose l JOIN readings_series s "
    "ON s.id = l.series_id WHERE s.device_id = %s",
}


def told(house: House, at: datetime, came: datetime) -> NewUplink:
    """An uplink of the house's device."""

    class Cast:
        tenant, device = house.tenant, house.device

    made = template(Cast(), sent_at=at)  # type: ignore[arg-type]
    fields = {name: getattr(made, name) for name in made.__struct_fields__}
    return NewUplink(**(fields | {"message": uuid4(), "received_at": came}))


def house(name: str, days: int, email: str = "") -> House:
    """A contractor who keeps data so many days, with an administrator of that address."""
    scope = (
        {}
        if days == 365
        else {"data_scope": f"P{days // 365}Y" if days % 365 == 0 else f"P{days}D"}
    )
    tenant = make_tenant(name=name, code=f"{name}-tenant", created_at=NOW, conditions=scope)
    codec, _ = Codec.objects.get_or_create(name="codec", kind="network")
    kind, _ = DeviceType.objects.get_or_create(name_ja="水位計", codec=codec)
    device = Device.objects.create(
        tenant=tenant, code=name, name=f"{name}の水位計", type=kind, space="generic",
        address=name, registered_at=NOW, thing=thing(kind, "generic", name, NOW),
    )  # fmt: skip
    if email:
        person = User.objects.create_user(name, "beacon fire on the hill", name=name, email=email)
        Membership.objects.create(tenant=tenant, user=person, role=Membership.Role.ADMIN)
    return House(tenant, device)


@pytest.fixture
def months(db: None) -> Iterator[None]:
    """Partitions as they would be if the house had run since 2026."""
    store.forget_series()
    month = datetime(2026, 1, 5, tzinfo=UTC)
    while month < NOW + timedelta(days=60):
        span = next(partitions.months(month.date(), month.date()))
        for table in removal.TABLES:
            bound = "day" if table.time == "day_from" else "time"
            partitions.ensure_with_rows(table.name, span, bound=bound)
        month += timedelta(days=30)
    closing.make_partitions(NOW)
    yield
    store.forget_series()


@pytest.fixture
def aki(months: None) -> House:
    return house("aki", 365, "aki@example.jp")


@pytest.fixture
def chie(months: None) -> House:
    return house("chie", 1095, "chie@example.jp")


def sent(at: datetime) -> int:
    """Everything that waits is sent at that moment."""
    waiting = Message.objects.filter(state=Message.State.WAITING)
    return waiting.update(state=Message.State.SENT, sent_at=at)
