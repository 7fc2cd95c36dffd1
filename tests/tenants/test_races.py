"""T58: many at the same moment, and what may happen once happens once."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from noroshi.alarms.actions import BadRecipient, Person, add_recipient
from noroshi.alarms.deeds import Doer, acknowledge
from noroshi.alarms.models import Incident, Recipient
from noroshi.codecs.models import Codec
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.facts import BadDevice
from noroshi.devices.models import Device, DeviceType
from noroshi.tenants import kinds
from noroshi.tenants.audit import Actor
from noroshi.tenants.kinds import NewValue
from noroshi.tenants.models import AuditEntry, Membership, ServiceKind, Tenant, User
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
    doer = Doer(tenant, Actor(None, tenant), "somebody")
    found = all_at_once(lambda _n: acknowledge(incident, doer, now=NOW))
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


def test_a_user_made_in_the_same_instant_keeps_its_kind_its_accounts(tenant: Tenant) -> None:
    """Whoever is being made a user while the switch is set is waited for, then seen."""
    boss = User.objects.create_staff("boss", "b" * 15, "admin", name="けい")
    aki = User.objects.create_user("aki", "a" * 15, name="あき")
    kind = ServiceKind.objects.get(pk=tenant.kind_id)
    new = NewValue("has_account", "no", kinds.japans_day(NOW), "理由")
    refused: list[str] = []

    def work() -> None:
        try:
            kinds.set_switch(kind, new, by=Actor(boss, None), now=NOW)
        except kinds.KindRefusal as refusal:
            refused.append(str(refusal))
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    with transaction.atomic():
        Membership.objects.create(tenant=tenant, user=aki, role="admin")
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join()
    assert len(refused) == 1
