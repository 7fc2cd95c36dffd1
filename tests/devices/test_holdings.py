"""Who holds a thing: one tenant at an instant, by the database; limits, stock, what ends."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from noroshi.codecs.models import Codec
from noroshi.devices import holdings
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.facts import BadDevice, Facts
from noroshi.devices.holdings import NewHolding, NewThing
from noroshi.devices.importing import save
from noroshi.devices.listing import BadFile, judge
from noroshi.devices.models import Device, DeviceType, Downlink, Thing
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Tenant
from tests.contracted import make_tenant, set_condition
from tests.things import thing

NOW = datetime(2026, 11, 22, 1, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOBODY = Actor(None, None)
PAC = "0123456789ABCDEF"

pytestmark = pytest.mark.django_db


@pytest.fixture
def aki() -> Tenant:
    return make_tenant(name="みどりの里", created_at=NOW)


@pytest.fixture
def chie() -> Tenant:
    return Tenant.objects.create(name="よその会社", created_at=NOW)


@pytest.fixture
def kind() -> DeviceType:
    codec = Codec.objects.create(name="水位", kind=Codec.Kind.SIGFOX_GRAMMAR)
    return DeviceType.objects.create(name_ja="水位計", codec=codec)


def stocked(kind: DeviceType, address: str = "1A", *, at: datetime = NOW) -> Thing:
    return holdings.add(NewThing(kind, "sigfox", address, Facts(pac=PAC)), by=NOBODY, now=at)


def row(
    of: Thing, tenant: Tenant, since: datetime | None, until: datetime | None, *, address: str = ""
) -> Device:
    return Device.objects.create(
        tenant=tenant, name="x", thing=of, type=of.type, space=of.space,
        address=address or of.address, registered_at=NOW, held_from=since, retired_at=until,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("since", "until", "fits"),
    [
        (2, None, True),
        (2, 3, True),
        (None, 0, True),
        (None, 1, False),
        (1, None, False),
        (0, 1, False),
        (None, None, False),
        (-5, -4, True),
    ],
)
def test_the_database_keeps_a_thing_from_two_tenants_at_one_instant(
    aki: Tenant,
    chie: Tenant,
    kind: DeviceType,
    since: int | None,
    until: int | None,
    fits: bool,  # noqa: FBT001
) -> None:
    one = thing(kind, "sigfox", "1A", NOW)
    row(one, aki, NOW, NOW + 2 * HOUR)
    begin, end = (None if n is None else NOW + n * HOUR for n in (since, until))
    if fits:
        assert row(one, chie, begin, end).pk
        return
    with pytest.raises(IntegrityError, match="one_holder_at_an_instant"), transaction.atomic():
        row(one, chie, begin, end)


def test_the_database_keeps_a_device_from_another_address_than_its_things(
    aki: Tenant, kind: DeviceType
) -> None:
    one = thing(kind, "sigfox", "1A", NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="devices_device_as_its_thing"), transaction.atomic():
        row(one, aki, None, None, address="1B")


def test_a_thing_goes_from_stock_to_one_and_on_to_another_and_back_and_out(
    aki: Tenant, chie: Tenant, kind: DeviceType
) -> None:
    one = stocked(kind)
    first = holdings.assign(one, NewHolding(aki, "田", kind), by=NOBODY, now=NOW)
    second = holdings.move(first, NewHolding(chie, "畑", kind, "北"), by=NOBODY, now=NOW + HOUR)
    assert holdings.release(second, by=NOBODY, now=NOW + 2 * HOUR) == one
    third = holdings.assign(one, NewHolding(aki, "田", kind), by=NOBODY, now=NOW + 3 * HOUR)
    holdings.retire(third, by=NOBODY, now=NOW + 4 * HOUR)
    spans = one.holdings.order_by("pk").values_list("tenant__name", "held_from", "retired_at")
    assert list(spans) == [
        ("みどりの里", NOW, NOW + HOUR),
        ("よその会社", NOW + HOUR, NOW + 2 * HOUR),
        ("みどりの里", NOW + 3 * HOUR, NOW + 4 * HOUR),
    ]
    one.refresh_from_db()
    assert (one.retired_at, one.pac) == (NOW + 4 * HOUR, PAC)
    lines = AuditEntry.objects.exclude(action__startswith="contract.").order_by("pk")
    told = list(lines.values_list("tenant__name", "action"))
    assert told == [
        (None, "thing.stocked"),
        (None, "device.registered"),
        ("みどりの里", "device.moved_away"),
        ("よその会社", "device.registered"),
        (None, "device.released"),
        (None, "thing.stocked"),
        (None, "device.registered"),
        (None, "device.retired"),
    ]


def test_the_pac_of_a_thing_is_in_no_line_of_the_audit_log(aki: Tenant, kind: DeviceType) -> None:
    one = stocked(kind)
    holdings.assign(one, NewHolding(aki, "田", kind), by=NOBODY, now=NOW)
    assert PAC not in str(list(AuditEntry.objects.values_list("subject", "details")))


def test_what_waits_to_be_sent_to_a_device_is_not_sent_for_its_next_holder(
    aki: Tenant, chie: Tenant, kind: DeviceType
) -> None:
    device = register(NewDevice(aki, "弁", kind, "sigfox", "1A"), by=NOBODY, now=NOW)
    Downlink.objects.create(tenant=aki, device=device, payload=bytes(8), created_at=NOW)
    holdings.move(device, NewHolding(chie, "弁", kind), by=NOBODY, now=NOW + HOUR)
    assert Downlink.objects.get().state == Downlink.State.CANCELLED


def test_what_cannot_be_is_refused_in_words(aki: Tenant, chie: Tenant, kind: DeviceType) -> None:
    one = stocked(kind)
    with pytest.raises(BadDevice, match="すでに登録されています"):
        stocked(kind)
    ahead = NewHolding(aki, "田", kind, since=NOW + HOUR)
    with pytest.raises(BadDevice, match="過去400日まで"):
        holdings.assign(one, ahead, by=NOBODY, now=NOW)
    device = holdings.assign(one, NewHolding(aki, "田", kind), by=NOBODY, now=NOW)
    with pytest.raises(BadDevice, match="すでに登録されています"):
        holdings.assign(one, NewHolding(chie, "田", kind), by=NOBODY, now=NOW)
    with pytest.raises(BadDevice, match="いまの契約者と同じ"):
        holdings.move(device, NewHolding(aki, "田", kind), by=NOBODY, now=NOW)
    with pytest.raises(BadDevice, match="在庫にありません"):
        holdings.retire_thing(one, by=NOBODY, now=NOW)
    holdings.release(device, by=NOBODY, now=NOW + HOUR)
    with pytest.raises(BadDevice, match="もうこの契約者のものでは"):
        holdings.release(device, by=NOBODY, now=NOW + HOUR)
    early = NewHolding(chie, "田", kind, since=NOW + HOUR / 2)
    with pytest.raises(BadDevice, match="まだ前の契約者の端末でした"):
        holdings.assign(one, early, by=NOBODY, now=NOW + 2 * HOUR)
    holdings.retire_thing(one, by=NOBODY, now=NOW + 2 * HOUR)
    assert stocked(kind, at=NOW + 3 * HOUR).retired_at is None


def test_a_tenant_holds_no_more_devices_than_it_may(
    aki: Tenant, chie: Tenant, kind: DeviceType
) -> None:
    new = NewDevice(aki, "田", kind, "sigfox", "1A")
    set_condition(aki, devices_max="1")  # from today on
    later = timezone.now()
    register(new, by=NOBODY, now=later)
    with pytest.raises(BadDevice, match="1台までです。いまは1台"):
        register(NewDevice(aki, "田", kind, "sigfox", "1B"), by=NOBODY, now=later)
    assert not Thing.objects.filter(address="1B").exists()
    listing = judge("sigfox,1C,三,水位計\nsigfox,1D,四,水位計", aki)
    with pytest.raises(BadFile, match="1台までです"):
        save(listing, file="x.csv", by=NOBODY, now=later)
    other = register(NewDevice(chie, "畑", kind, "sigfox", "2A"), by=NOBODY, now=later)
    with pytest.raises(BadDevice, match="1台までです"):
        holdings.move(other, NewHolding(aki, "畑", kind), by=NOBODY, now=later)
    other.refresh_from_db()
    assert other.retired_at is None
    assert Device.objects.filter(tenant=aki).count() == 1


def test_a_file_takes_a_thing_out_of_stock_and_keeps_what_is_known_of_it(
    aki: Tenant, kind: DeviceType
) -> None:
    one = stocked(kind, "1C")
    listing = judge("sigfox,1C,三,水位計,SN3\nsigfox,1D,四,水位計", aki)
    made = save(listing, file="x.csv", by=NOBODY, now=NOW + HOUR)
    assert [(device.thing_id == one.pk, device.held_from) for device in made] == [
        (True, NOW + HOUR),
        (False, None),
    ]
    one.refresh_from_db()
    assert (one.serial, one.pac) == ("SN3", PAC)
