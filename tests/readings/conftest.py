"""The cast of the readings tests: a device of Aki's, one of Chie's, and a hot week in 2031."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from noroshi.codecs.models import Codec
from noroshi.devices.models import Device, DeviceType
from noroshi.readings import closing, store
from noroshi.readings.store import Kept, Point, keep_points
from noroshi.tenants.models import Tenant
from tests.committed import transactional_db
from tests.contracted import make_tenant
from tests.things import thing

__all__ = ["transactional_db"]

NOW = datetime(2031, 3, 10, 6, 30, tzinfo=UTC)
OLD = datetime(2031, 3, 4, 0, 0, tzinfo=UTC)  # a day that is over and still hot


def at(minutes: float) -> datetime:
    """So many minutes after OLD."""
    return OLD + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Field:
    """What stands in the field."""

    tenant: Tenant
    device: Device
    other: Device

    def point(
        self, minutes: float, value: object, key: str = "level", kind: str = "number"
    ) -> Point:
        """A point of Aki's device."""
        return Point(self.tenant.pk, self.device.pk, key, kind, at(minutes), value)  # type: ignore[arg-type]

    def keep(self, *readings: tuple[float, float], key: str = "level") -> int:
        """Store (minutes, value) as one batch; answers the series."""
        kept = keep_points([self.point(minutes, value, key) for minutes, value in readings])
        return kept[0].series_id


def tenant_with_device(name: str, kind: DeviceType, data_scope: str) -> tuple[Tenant, Device]:
    """A tenant and its device of this name."""
    tenant = make_tenant(name=name, created_at=OLD, conditions={"data_scope": data_scope})
    device = Device.objects.create(
        tenant=tenant, code=name, name=name, type=kind, space="generic", address=name,
        registered_at=OLD, thing=thing(kind, "generic", name, OLD),
    )  # fmt: skip
    return tenant, device


def open_field() -> Field:
    """Make the cast."""
    store.forget_series()
    codec = Codec.objects.create(name="codec", kind="network")
    kind = DeviceType.objects.create(name_ja="水位計", codec=codec)
    tenant, device = tenant_with_device("aki", kind, data_scope="P365D")
    _, other = tenant_with_device("chie", kind, data_scope="P30D")
    for days in range(-8, 1, 3):
        closing.make_partitions(NOW + timedelta(days=days))
    return Field(tenant, device, other)


@pytest.fixture
def field(db: None) -> Field:
    return open_field()


def rows(query: str, *parameters: object) -> list[tuple[object, ...]]:
    """What the database says."""
    with connection.cursor() as cursor:
        cursor.execute(query, list(parameters))
        return cursor.fetchall()


def places(series: int) -> dict[str, int]:
    """How many rows of a series lie in hot partitions, the late partition, and chunks."""
    found = rows(
        "SELECT CASE WHEN tableoid = 'readings_reading_late'::regclass THEN 'late' ELSE 'hot' END,"
        " count(*) FROM readings_reading WHERE series_id = %s GROUP BY 1",
        series,
    )
    chunks = rows("SELECT count(*) FROM readings_chunk WHERE series_id = %s", series)[0][0]
    counts = {str(name): int(str(count)) for name, count in found}
    return {"hot": 0, "late": 0, "chunks": int(str(chunks))} | counts


def listed(run: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """A run as pairs."""
    return list(zip(run[0], run[1], strict=True))


def values_of(kept: Sequence[Kept]) -> list[tuple[object, bool]]:
    """Value and lateness of what was kept."""
    return [(one.point.value, one.is_late) for one in kept]
