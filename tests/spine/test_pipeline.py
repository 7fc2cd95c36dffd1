"""From the journal to readings, incidents and mails."""

import base64
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from noroshi import pipeline
from noroshi.alarms.models import Incident, Recipient, Rule
from noroshi.codecs.actions import NewVersion, add_version, make_codec
from noroshi.codecs.models import Codec
from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import Device, DeviceType, Heartbeat, Quantity
from noroshi.inbox import actions, journal
from noroshi.inbox.models import Connection, ExceptionalEntry
from noroshi.outbox.models import Message
from noroshi.readings import store
from noroshi.readings.models import Latest, LooseReading, Reading, StoredUplink
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant
from tests.contracted import make_tenant
from tests.spine.journal import Posted, sample, take_in

NOW = datetime(2026, 11, 22, 1, 14, tzinfo=UTC)
NOBODY = Actor(None, None)
SOURCE = """function decodeUplink(input) {
  var b = input.bytes;
  return {data: {temperature: (b[0] << 8 | b[1]) / 10 - 40, open: b[2] == 1, note: "n" + b.length}};
}"""

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True)
class House:
    """A tenant with one LoRaWAN device behind a ChirpStack connection."""

    tenant: Tenant
    connection: Connection
    codec: Codec
    device: Device


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture
def house() -> House:
    tenant = make_tenant(name="みどりの里", created_at=NOW)
    codec = make_codec("冷蔵庫", "javascript", NewVersion(SOURCE), by=NOBODY, now=NOW)
    kind = DeviceType.objects.create(name_ja="冷蔵庫", codec=codec, interval_s=600)
    Quantity.objects.create(type=kind, key="temperature", name_ja="温度", unit="℃")
    made, _token = actions.make_connection(
        actions.NewConnection("ChirpStack", "chirpstack"), by=NOBODY, now=NOW
    )
    device = register(
        NewDevice(tenant, "冷蔵庫A", kind, "lorawan", "0101010101010101"), by=NOBODY, now=NOW
    )
    return House(tenant, made, codec, device)


def up(celsius: float, at: datetime, *, counter: int = 1, eui: str = "0101010101010101") -> Posted:
    """A ChirpStack uplink made from the documented sample."""
    body = json.loads(sample("chirpstack4_up_docs.json"))
    raw = round((celsius + 40) * 10)
    body["data"] = base64.b64encode(bytes([raw >> 8, raw & 255, 1])).decode()
    body["time"] = at.isoformat()
    body["fCnt"] = counter
    body["deviceInfo"]["devEui"] = eui
    body["deduplicationId"] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{eui} {at} {celsius} {counter}"))
    return Posted(json.dumps(body).encode(), event="up")


def run(sandbox: Sandbox, now: datetime = NOW) -> int:
    """Everything that waits."""
    total = 0
    while done := pipeline.process_waiting(sandbox, now=now, slices_max=16):
        total += done
    return total


def test_an_uplink_becomes_readings_of_every_kind(house: House, sandbox: Sandbox) -> None:
    take_in(house.connection, up(4.5, NOW), now=NOW)
    assert run(sandbox) == 1
    numbers = dict(Reading.objects.values_list("series__key", "value"))
    assert numbers == {"temperature": pytest.approx(4.5), "open": 1.0}
    assert LooseReading.objects.get().value == "n3"
    uplink = StoredUplink.objects.get()
    assert uplink.data == {"temperature": 4.5, "open": True, "note": "n3"}
    assert bytes(uplink.payload) == b"\x01\xbd\x01"
    assert Heartbeat.objects.get().sent_at == NOW


def test_a_message_that_comes_twice_is_told_once(house: House, sandbox: Sandbox) -> None:
    for _ in range(2):
        take_in(house.connection, up(4.5, NOW), now=NOW)
        run(sandbox)
    assert Reading.objects.count() == 2
    assert StoredUplink.objects.count() == 1


def test_what_is_there_though_it_should_not_be_is_told_once(house: House, sandbox: Sandbox) -> None:
    """What is younger than all that is known is not looked for: a database edited by hand."""
    late = NOW + timedelta(minutes=5)
    for at, celsius in ((NOW, 4.5), (late, 5.5)):
        take_in(house.connection, up(celsius, at), now=late)
        run(sandbox)
    Heartbeat.objects.update(sent_at=NOW)
    Latest.objects.update(at=NOW)
    for celsius in (5.5, 6.5):
        take_in(house.connection, up(celsius, late, counter=9), now=late)
    take_in(house.connection, up(7.5, late + timedelta(minutes=1)), now=late)
    assert run(sandbox) == 3
    assert not ExceptionalEntry.objects.exists()
    found = Reading.objects.filter(series__key="temperature").order_by("at")
    assert list(found.values_list("value", flat=True)) == pytest.approx([4.5, 6.5, 7.5])
    assert StoredUplink.objects.count() == 5
    assert Heartbeat.objects.get().sent_at == late + timedelta(minutes=1)


def test_an_older_uplink_keeps_the_newest_sign_of_life(house: House, sandbox: Sandbox) -> None:
    for minutes in (5, 3):
        take_in(house.connection, up(minutes, NOW + timedelta(minutes=minutes)), now=NOW)
        run(sandbox)
    assert Heartbeat.objects.get().sent_at == NOW + timedelta(minutes=5)
    assert Latest.objects.get(series__key="temperature").value == pytest.approx(5.0)
    assert StoredUplink.objects.count() == 2


def test_a_stranger_waits_and_runs_after_it_is_registered(house: House, sandbox: Sandbox) -> None:
    eui = "00000000000000AB"
    for n in range(3):
        at = NOW + timedelta(minutes=n)
        take_in(house.connection, up(n, at, counter=n, eui=eui.lower()), now=NOW)
    run(sandbox)
    assert set(ExceptionalEntry.objects.values_list("kind", "address")) == {("unknown", eui)}
    assert not Reading.objects.exists()
    device = register(
        NewDevice(house.tenant, "新しい端末", house.device.type, "lorawan", eui), by=NOBODY, now=NOW
    )
    assert actions.run_waiting_of(device.space, device.address) == 3
    run(sandbox)
    assert Reading.objects.filter(series__device=device, series__key="temperature").count() == 3
    assert set(ExceptionalEntry.objects.values_list("state", flat=True)) == {"done"}


def test_another_tenants_connection_cannot_write_to_a_device(
    house: House, sandbox: Sandbox
) -> None:
    other = make_tenant(name="よその会社", created_at=NOW)
    theirs, _ = actions.make_connection(
        actions.NewConnection("theirs", "chirpstack", tenant=other), by=NOBODY, now=NOW
    )
    take_in(theirs, up(4.5, NOW), now=NOW)
    run(sandbox)
    assert not Reading.objects.exists()
    assert ExceptionalEntry.objects.get().kind == "unknown"


def test_garbage_is_refused_with_its_reason_and_costs_the_others_nothing(
    house: House, sandbox: Sandbox
) -> None:
    take_in(house.connection, Posted(b"\xff\xfe not json", event="up"), now=NOW)
    take_in(house.connection, up(4.5, NOW), now=NOW)
    run(sandbox)
    refused = ExceptionalEntry.objects.get()
    assert (refused.kind, refused.reason) == ("refused", "not_json")
    assert Reading.objects.count() == 2


def test_a_broken_codec_keeps_the_bytes_and_runs_again_when_mended(
    house: House, sandbox: Sandbox
) -> None:
    broken = NewVersion("function decodeUplink(input) { throw new Error('no') }")
    add_version(house.codec, broken, by=NOBODY, now=NOW)
    take_in(house.connection, up(4.5, NOW), now=NOW)
    run(sandbox)
    assert ExceptionalEntry.objects.get().reason == "codec_failed"
    assert StoredUplink.objects.get().problem.startswith("exception")
    add_version(house.codec, NewVersion(SOURCE), by=NOBODY, now=NOW)
    actions.run_again_all("failed", "codec_failed", by=NOBODY, now=NOW)
    run(sandbox)
    assert Reading.objects.get(series__key="temperature").value == pytest.approx(4.5)
    uplink = StoredUplink.objects.get()
    assert (uplink.problem, uplink.data["temperature"]) == ("", 4.5)
    assert ExceptionalEntry.objects.get().state == "done"


def test_one_bad_row_stands_alone_and_the_rest_of_its_batch_goes_on(
    house: House, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(7):
        take_in(house.connection, up(n, NOW + timedelta(minutes=n), counter=n), now=NOW)
    whole = store.keep_points

    def break_on_three(points: list[store.Point], **more: bool) -> list[store.Kept]:
        if any(point.key == "temperature" and point.value == 3 for point in points):
            raise ValueError("three")
        return whole(points, **more)

    monkeypatch.setattr(store, "keep_points", break_on_three)
    run(sandbox)
    assert Reading.objects.filter(series__key="temperature").count() == 6
    bad = ExceptionalEntry.objects.get()
    assert (bad.kind, bad.reason, bad.detail) == ("failed", "bug", "ValueError: three")
    monkeypatch.undo()
    actions.run_again([bad.pk], by=NOBODY, now=NOW)
    run(sandbox)
    assert Reading.objects.filter(series__key="temperature").count() == 7


def test_a_limit_broken_opens_one_incident_and_one_mail_each(
    house: House, sandbox: Sandbox
) -> None:
    rule = Rule.objects.create(
        tenant=house.tenant, device=house.device, key="temperature", upper=10, created_at=NOW
    )
    for n in range(2):
        rule.recipients.add(
            Recipient.objects.create(
                tenant=house.tenant, name=f"係{n}", address=f"k{n}@example.jp", created_at=NOW
            )
        )
    for n, celsius in enumerate([4.0, 11.2, 12.1, 9.0]):
        at = NOW + timedelta(minutes=10 * n)
        take_in(house.connection, up(celsius, at, counter=n), now=at)
        run(sandbox, at)
    incident = Incident.objects.get()
    assert (incident.opened_value, incident.worst_value, incident.closed_value) == (
        pytest.approx(11.2),
        pytest.approx(12.1),
        pytest.approx(9.0),
    )
    assert Message.objects.count() == 4
    assert Message.objects.values("message_id").distinct().count() == 4


def test_late_readings_are_stored_in_place_and_judge_nothing(
    house: House, sandbox: Sandbox
) -> None:
    Rule.objects.create(
        tenant=house.tenant, device=house.device, key="temperature", upper=10, created_at=NOW
    )
    take_in(house.connection, up(4.0, NOW), now=NOW)
    run(sandbox)
    take_in(house.connection, up(30.0, NOW - timedelta(hours=2), counter=0), now=NOW)
    run(sandbox)
    assert Reading.objects.filter(series__key="temperature").count() == 2
    assert not Incident.objects.exists()
    assert Latest.objects.get(series__key="temperature").value == pytest.approx(4.0)


def test_a_clock_in_the_future_is_not_believed(house: House, sandbox: Sandbox) -> None:
    take_in(house.connection, up(4.0, NOW + timedelta(hours=5)), now=NOW)
    run(sandbox)
    assert set(Reading.objects.values_list("at", flat=True)) == {NOW}


def test_two_workers_never_carry_the_same_slice(house: House, sandbox: Sandbox) -> None:
    take_in(house.connection, up(4.0, NOW), now=NOW)
    marks = journal.claim_slices(16)
    assert sorted(marks) == list(range(16))
    rows, read_to = journal.read_on(marks, limit=10)
    journal.move(marks, read_to)
    assert len(rows) == 1
    assert run(sandbox) == 0
