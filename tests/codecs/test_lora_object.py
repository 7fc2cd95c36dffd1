"""The global LoRaObject: true to its own uplink, whatever a codec does to it."""

import json
import uuid
from pathlib import Path

import pytest

from noroshi import pipeline
from noroshi.codecs.actions import NewVersion, make_codec
from noroshi.codecs.lora_object import lora_object, wants_lora_object
from noroshi.codecs.result import Decoded
from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.find import DeviceFacts, TypeFacts
from noroshi.inbox.entry import EntryRow
from noroshi.networks import registry
from noroshi.networks.uplink import Arrival, Gateway, Uplink
from noroshi.tenants.audit import Actor
from tests.codecs.cast import NOON, javascript

READ = "{ n: LoRaObject.fCnt, e: LoRaObject.devEUI, r: LoRaObject.rxInfo[0].rssi }"


def uplink(counter: int | None = 7, name: str = "door", rate: str = "SF7 BW125") -> Uplink:
    """One as the adapters make it."""
    return Uplink(
        space="lorawan", address="0101010101010101", sent_at=NOON, message=uuid.UUID(int=1),
        event="up", payload=b"\x01\x02", f_port=85, counter=counter, rssi=-80.0, snr=9.5,
        heard_by=(
            Gateway("24E124", -80.0, 9.5, 35.5, None),
            Gateway("24E125", None, None, None, None),
        ),
        location=None, decoded=None, values={}, problem="",
        link={"device_name": name, "frequency_mhz": "923.2", "data_rate": rate},
    )  # fmt: skip


def run(sandbox: Sandbox, source: str, *counters: int) -> list[Decoded]:
    jobs = [
        javascript(source, b"\x01", version_id=9000, lora_object=lora_object(uplink(n), NOON))
        for n in counters
    ]
    return sandbox.decode(jobs)


def test_it_holds_what_the_network_told_under_milesights_names() -> None:
    assert lora_object(uplink(), NOON) == {
        "devEUI": "0101010101010101",
        "time": "2026-06-01T03:00:00+00:00",
        "data": "AQI=",
        "fPort": 85,
        "fCnt": 7,
        "deviceName": "door",
        "rxInfo": [
            {
                "mac": "24E124",
                "name": "24E124",
                "time": "2026-06-01T03:00:00+00:00",
                "rssi": -80.0,
                "loRaSNR": 9.5,
                "latitude": 35.5,
            },
            {"mac": "24E125", "name": "24E125", "time": "2026-06-01T03:00:00+00:00"},
        ],
        "txInfo": {
            "frequency": 923_200_000,
            "dataRate": {"modulation": "LORA", "spreadFactor": 7, "bandwidth": 125},
        },
    }


@pytest.mark.parametrize(("counter", "name", "rate"), [(10**40, "\ud800", "FSK"), (None, "", "SF")])
def test_what_cannot_travel_is_left_out(
    sandbox: Sandbox, counter: int | None, name: str, rate: str
) -> None:
    told = lora_object(uplink(counter, name, rate), NOON)
    source = "function Decode() { return { j: JSON.stringify(LoRaObject) }; }"
    decoded = sandbox.decode([javascript(source, lora_object=told)])[0]
    assert json.loads(str(decoded.measurements[0].values["j"])) == told
    assert "fCnt" not in told
    assert told["txInfo"] == {"frequency": 923_200_000}


def test_each_uplink_of_a_batch_sees_its_own(sandbox: Sandbox) -> None:
    for source in (
        f"function Decode(fPort, bytes) {{ return {READ}; }}",
        f"'use strict'; function decodeUplink(input) {{ return {{ data: {READ} }}; }}",
    ):
        values = [one.measurements[0].values for one in run(sandbox, source, 1, 2, 3)]
        assert values == [{"n": n, "e": "0101010101010101", "r": -80.0} for n in (1.0, 2.0, 3.0)]


@pytest.mark.parametrize(
    "tamper",
    [
        "LoRaObject = { fCnt: 99, devEUI: 'x', rxInfo: [{ rssi: 1 }] };",
        "LoRaObject.fCnt = 99; LoRaObject.rxInfo[0].rssi = 99; delete LoRaObject.devEUI;",
        "try { LoRaObject.rxInfo.unshift({ rssi: 99 }); } catch (refused) {}",
        "delete globalThis.LoRaObject;",
        "delete LoRaObject.fCnt; LoRaObject.rxInfo.length = 0;",
        "Object.defineProperty(globalThis, 'LoRaObject', { get: () => ({ fCnt: 99 }) });",
        "Object.freeze = (x) => x; Object.defineProperty = () => {}; Reflect.ownKeys = () => [];",
        "Array.prototype[Symbol.iterator] = null;",
    ],
)
def test_what_a_codec_does_to_it_the_next_uplink_does_not_see(
    sandbox: Sandbox, tamper: str
) -> None:
    source = f"function Decode() {{ var before = {READ}; {tamper} return before; }}"
    for _batch in range(2):
        results = run(sandbox, source, 1, 2, 3)
        assert [one.measurements[0].values["n"] for one in results] == [1.0, 2.0, 3.0]
        assert [one.measurements[0].values["r"] for one in results] == [-80.0] * 3


def test_a_codec_that_nails_a_false_one_down_hurts_only_itself(sandbox: Sandbox) -> None:
    source = f"""Object.defineProperty(globalThis, "LoRaObject",
        {{ value: {{ fCnt: 99 }}, writable: false, configurable: false }});
        function Decode() {{ return {READ}; }}"""
    assert {one.error for one in run(sandbox, source, 1, 2)} == {"exception"}
    honest = javascript(
        f"function Decode() {{ return {READ}; }}", lora_object=lora_object(uplink(4), NOON)
    )
    assert sandbox.decode([honest])[0].measurements[0].values["n"] == 4.0


@pytest.mark.parametrize(
    "source",
    [
        "if (typeof LoRaObject === 'undefined') var LoRaObject = { fCnt: 5 };",
        "var LoRaObject;",
        "var eui = typeof LoRaObject === 'object' ? LoRaObject.devEUI : null;",
    ],
)
def test_usual_guards_around_it_do_no_harm(sandbox: Sandbox, source: str) -> None:
    codec = f"{source} function Decode() {{ return {{ n: LoRaObject.fCnt }}; }}"
    job = javascript(codec, lora_object=lora_object(uplink(3), NOON))
    assert sandbox.decode([job])[0].measurements[0].values == {"n": 3.0}


def test_an_uplink_of_which_nothing_is_known_has_an_empty_one(sandbox: Sandbox) -> None:
    source = "function Decode() { return { n: Object.keys(LoRaObject).length }; }"
    assert sandbox.decode([javascript(source)])[0].measurements[0].values == {"n": 0.0}


def test_only_sources_that_mention_it_get_it(sandbox: Sandbox) -> None:
    assert wants_lora_object("return LoRaObject.devEUI")
    assert not wants_lora_object("function decodeUplink(input) {}")
    source = "function Decode() { return { t: typeof globalThis['LoRa' + 'Object'] }; }"
    told = javascript(source, lora_object=lora_object(uplink(), NOON))
    assert sandbox.decode([told])[0].measurements[0].values == {"t": "undefined"}


def test_variables_come_along(sandbox: Sandbox) -> None:
    source = "function Decode(p, b, variables) { return { v: variables.k, n: LoRaObject.fCnt }; }"
    job = javascript(source, variables={"k": "5"}, lora_object=lora_object(uplink(3), NOON))
    assert sandbox.decode([job])[0].measurements[0].values == {"v": "5", "n": 3.0}


@pytest.mark.django_db
def test_the_spine_tells_a_codec_that_asks_what_chirpstack_sent(sandbox: Sandbox) -> None:
    body = Path("tests/payloads/networks/chirpstack4_up_docs.json").read_bytes()
    row = EntryRow(uuid.UUID(int=1), 1, 0, 1, NOON, "up", "", "application/json", "", body)
    arrival = Arrival(1, NOON, "up", "application/json", "", body, {})
    (message,) = registry.parse("chirpstack", arrival)
    told = {}
    for source in (
        "function Decode() { return { e: LoRaObject.devEUI, n: LoRaObject.rxInfo.length }; }",
        "function Decode() { return { e: 1 }; }",
    ):
        codec = make_codec(source, "javascript", NewVersion(source), by=Actor(None, None), now=NOON)
        facts = TypeFacts("javascript", codec.versions.get().pk, {})
        device = DeviceFacts(1, 1, "d", facts, NOON)
        job = pipeline.job(pipeline.heard(row, device, message, message.sent_at))
        assert job is not None
        told[source] = job.lora_object, sandbox.decode([job])[0].measurements[0].values
    asking, other = told.values()
    assert asking[1] == {"e": message.address, "n": float(len(message.gateways))}
    assert other == (None, {"e": 1.0})
