"""A Sigfox device that listens gets its oldest queued downlink, once and to the right request."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from noroshi.codecs.models import Codec
from noroshi.devices.models import Device, DeviceType, Downlink
from noroshi.inbox.models import Entry
from tests.contracted import make_tenant
from tests.gate.conftest import Response, Sender
from tests.things import thing

SENT_AS = "00a1B2"  # how the backend writes it; the register says A1B2


def bidir(**fields: object) -> bytes:
    """A BIDIR callback of a device that listens now."""
    told = {
        "device": SENT_AS,
        "time": int(time.time()),
        "data": "0102",
        "seqNumber": 7,
        "ack": True,
        "longPolling": False,
    }
    return json.dumps(told | fields).encode()


def given(response: Response) -> str:
    """The hex digits of an answer that carries a downlink."""
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    told = json.loads(response.body)
    assert list(told) == [SENT_AS]
    assert list(told[SENT_AS]) == ["downlinkData"]
    return str(told[SENT_AS]["downlinkData"])


@pytest.fixture
def device(transactional_db: None) -> Device:
    """Aki's valve."""
    now = datetime.now(UTC)
    tenant = make_tenant(name="Aki", created_at=now)
    codec = Codec.objects.create(name="valve", kind=Codec.Kind.SIGFOX_GRAMMAR)
    kind = DeviceType.objects.create(name_ja="バルブ", codec=codec)
    return Device.objects.create(
        tenant=tenant,
        name="valve",
        thing=thing(kind, "sigfox", "A1B2", now),
        type=kind,
        space="sigfox",
        address="A1B2",
        registered_at=now,
    )


def queue(device: Device, *payloads: str) -> list[Downlink]:
    """Queue downlinks in this order."""
    return [
        Downlink.objects.create(
            tenant=device.tenant,
            device=device,
            payload=bytes.fromhex(payload),
            created_at=datetime.now(UTC),
        )
        for payload in payloads
    ]


def test_the_oldest_downlink_goes_out_and_a_repetition_gets_the_same(
    device: Device, sender: Callable[..., Sender]
) -> None:
    first, second = queue(device, "deadbeefcafebabe", "0000000000000001")
    network = sender("sigfox")
    body = bidir()
    assert given(network.send(body, tail="/bidir")) == "deadbeefcafebabe"
    assert given(network.send(body, tail="/bidir")) == "deadbeefcafebabe"
    first.refresh_from_db()
    assert first.state == Downlink.State.ANSWERED
    assert first.answered_at is not None
    assert first.entry_key == Entry.objects.values_list("key", flat=True).get()
    second.refresh_from_db()
    assert second.state == Downlink.State.QUEUED
    assert given(network.send(bidir(seqNumber=8), tail="/bidir")) == "0000000000000001"
    assert network.send(bidir(seqNumber=9), tail="/bidir").status == 204


def test_one_request_repeated_at_the_same_moment_takes_one_downlink(
    device: Device, sender: Callable[..., Sender]
) -> None:
    queue(device, *[f"{n:016x}" for n in range(6)])
    network = sender("sigfox")
    body = bidir()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: given(network.send(body, tail="/bidir")), range(6)))
    assert answers == ["0000000000000000"] * 6
    assert Downlink.objects.filter(state=Downlink.State.QUEUED).count() == 5


@pytest.mark.parametrize(
    ("fields", "tail", "status"),
    [
        ({"ack": False}, "/bidir", 204),
        ({"ack": "false"}, "", 204),
        ({}, "/uplink", 200),
    ],
)
def test_a_device_that_does_not_listen_takes_nothing(
    device: Device, sender: Callable[..., Sender], fields: dict[str, object], tail: str, status: int
) -> None:
    queue(device, "deadbeefcafebabe")
    response = sender("sigfox").send(bidir(**fields), tail=tail)
    assert (response.status, response.body) == (status, b"")
    assert Downlink.objects.get().state == Downlink.State.QUEUED


def test_a_request_that_comes_too_late_for_the_radio_is_an_uplink_only(
    device: Device, sender: Callable[..., Sender]
) -> None:
    queue(device, "deadbeefcafebabe")
    late = sender("sigfox").send(bidir(time=int(time.time()) - 60), tail="/bidir")
    assert (late.status, late.body) == (204, b"")
    assert Entry.objects.count() == 1
    assert Downlink.objects.get().state == Downlink.State.QUEUED


def test_a_connection_of_another_tenant_gets_nobody_elses_downlink(
    device: Device, sender: Callable[..., Sender]
) -> None:
    queue(device, "deadbeefcafebabe")
    other = make_tenant(name="Chie", created_at=datetime.now(UTC))
    assert sender("sigfox", tenant=other).send(bidir(), tail="/bidir").status == 204
    assert Downlink.objects.get().state == Downlink.State.QUEUED
    own = sender("sigfox", tenant=device.tenant)
    assert given(own.send(bidir(), tail="/bidir")) == "deadbeefcafebabe"


def test_an_unknown_or_retired_device_and_a_payload_of_odd_size_get_204(
    device: Device, sender: Callable[..., Sender]
) -> None:
    network = sender("sigfox")
    assert network.send(bidir(device="FFFF"), tail="/bidir").status == 204
    queue(device, "0102")
    assert network.send(bidir(), tail="/bidir").status == 204
    queue(device, "deadbeefcafebabe")
    device.retired_at = datetime.now(UTC)
    device.save()
    assert network.send(bidir(seqNumber=8), tail="/bidir").status == 204


def test_the_device_is_named_as_sent_also_in_a_form_and_a_query(
    device: Device, sender: Callable[..., Sender]
) -> None:
    queue(device, "deadbeefcafebabe", "0000000000000001")
    network = sender("sigfox")
    asked = f"device={SENT_AS}&time={int(time.time())}&data=01&ack=true&seqNumber="
    told = {"Content-Type": "application/x-www-form-urlencoded"}
    form = network.send(f"{asked}1".encode(), tail="/bidir", headers=told)
    assert given(form) == "deadbeefcafebabe"
    assert given(network.send(method="GET", tail=f"/bidir?{asked}2")) == "0000000000000001"
