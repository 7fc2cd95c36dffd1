"""T58: many at the same moment, and what may happen once happens once."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection

from noroshi.alarms.actions import BadRecipient, Person, acknowledge, add_recipient
from noroshi.alarms.models import Incident, Recipient
from noroshi.codecs.models import Codec
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.facts import BadDevice
from noroshi.devices.models import Device, DeviceType
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Tenant
from tests.committed import transactional_db

__all__ = ["transactional_db"]

THREADS = 50
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def all_at_once(deed: Callable[[int], object]) -> list[object]:
    """What each of THREADS got, all of which began at the same moment."""
    gate, found = threading.Barrier(THREADS), []

    def work(number: int) -> None:
        gate.wait()
        try:
            found.append(deed(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == THREADS
    return found


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    return Tenant.objects.create(name="t", created_at=NOW)


@pytest.fixture
def kind(transactional_db: None) -> DeviceType:
    codec = Codec.objects.create(name="c", kind="network")
    return DeviceType.objects.create(name_ja="k", codec=codec)


def test_an_incident_is_acknowledged_by_one_of_fifty(tenant: Tenant, kind: DeviceType) -> None:
    device = register(NewDevice(tenant, "d", kind, "generic", "d"), by=Actor(None, tenant), now=NOW)
    incident = Incident.objects.create(
        tenant=tenant, device=device, key="t", side="upper", limit=1.0, since=NOW,
        opened_at=NOW, opened_value=2.0, worst_value=2.0,
    )  # fmt: skip
    found = all_at_once(lambda _n: acknowledge(incident, by=Actor(None, tenant), now=NOW))
    assert found.count(True) == 1
    assert AuditEntry.objects.filter(action="incident.acknowledged").count() == 1


def test_a_radio_address_is_registered_for_one_of_fifty(tenant: Tenant, kind: DeviceType) -> None:
    def deed(number: int) -> bool:
        new = NewDevice(tenant, f"n{number}", kind, "generic", "same", site_name="same site")
        try:
            register(new, by=Actor(None, tenant), now=NOW)
        except BadDevice:
            return False
        return True

    assert all_at_once(deed).count(True) == 1
    assert Device.objects.count() == 1
    assert AuditEntry.objects.filter(action="device.registered").count() == 1


def test_a_recipient_is_added_by_one_of_fifty(tenant: Tenant) -> None:
    def deed(_number: int) -> bool:
        try:
            add_recipient(Person("p", "p@example.jp"), by=Actor(None, tenant), now=NOW)
        except BadRecipient:
            return False
        return True

    assert all_at_once(deed).count(True) == 1
    assert Recipient.objects.count() == 1
    assert AuditEntry.objects.filter(action="recipient.added").count() == 1
