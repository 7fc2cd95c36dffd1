"""Raw uplinks are kept for whose they are, as long as the kind of service and the contract say."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import override_settings

from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.waiting import run_registered
from noroshi.inbox import journal
from noroshi.inbox.models import Entry, ExceptionalEntry, PackedEntries
from noroshi.jobs import raw
from noroshi.tenants.models import KindSwitch, ServiceKind, Tenant
from tests.contracted import set_condition
from tests.review.conftest import NOW, House, made_house, up

LATER = NOW + timedelta(days=5)


@pytest.fixture
def house(db: None) -> Iterator[House]:
    with Sandbox() as sandbox:
        yield made_house(sandbox)


def test_each_entry_is_packed_for_its_devices_tenant(house: House) -> None:
    house.send(up(3.0, NOW))
    house.send(up(4.0, NOW, counter=2, eui="0202020202020202"))
    house.run()
    assert raw.pack(LATER) == 2
    owners = set(PackedEntries.objects.values_list("owner_id", flat=True))
    assert owners == {house.tenant.pk, None}


def test_a_stranger_packed_long_ago_runs_when_it_is_registered(house: House) -> None:
    house.send(up(4.0, NOW, eui="0202020202020202"))
    house.run()
    raw.pack(LATER)
    assert Entry.objects.count() == 0
    house.register("lorawan", "0202020202020202", now=LATER)
    run_registered(LATER)
    assert house.run(LATER) == 1
    assert ExceptionalEntry.objects.get().state == "done"


@override_settings(OPERATION_LOG_DAYS=40)
def test_a_kind_that_stores_no_data_has_a_short_operation_log(house: House) -> None:
    storing = raw.kept(NOW).days(house.tenant.pk)
    assert storing == 366  # the day of receipt and a year
    without = {
        kind.code for kind in ServiceKind.objects.all()
        if not KindSwitch.objects.filter(kind=kind, switch="has_storage", value="yes").exists()
    }  # fmt: skip
    assert without
    other = Tenant.objects.create(name="別", created_at=NOW, kind_id=without.pop())
    assert raw.kept(NOW).days(other.pk) == 40


def test_what_is_due_goes_by_the_tenants_own_days(house: House) -> None:
    set_condition(house.tenant, data_scope="P30D")
    house.send(up(3.0, NOW))
    house.run()
    (key,) = Entry.objects.values_list("key", flat=True)
    raw.pack(LATER)
    raw.prune(NOW + timedelta(days=30))
    assert len(journal.by_keys([key])) == 1
    raw.prune(NOW + timedelta(days=32))
    assert journal.by_keys([key]) == []
