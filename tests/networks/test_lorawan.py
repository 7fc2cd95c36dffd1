"""ChirpStack and The Things Stack: the sample messages, what is rewritten, what is left out."""

import json
from datetime import UTC, datetime

import pytest

from noroshi.networks.registry import identify, parse
from noroshi.networks.uplink import Event, Gateway, Location, Malformed, Uplink
from tests.networks.arrivals import NOW, arrival, sample


def only(kind: str, given) -> Uplink | Event:
    [one] = parse(kind, given)
    known = identify(kind, given)
    assert (known.space, known.address) == (one.space, one.address) == ("lorawan", one.address)
    return one


def uplink(kind: str, given) -> Uplink:
    one = only(kind, given)
    assert isinstance(one, Uplink)
    return one


def event(kind: str, given) -> Event:
    one = only(kind, given)
    assert isinstance(one, Event)
    return one


def reason_of(kind: str, given) -> str:
    with pytest.raises(Malformed) as refused:
        parse(kind, given)
    return refused.value.reason


def changed(path: str, **changes: object) -> str:
    sent = json.loads(sample(path))
    for place, value in changes.items():
        *way, last = place.split("__")
        target = sent
        for step in way:
            target = target[step]
        target[last] = value
    return json.dumps(sent)


def test_a_real_chirpstack_uplink_is_read_whole() -> None:
    told = uplink("chirpstack", arrival(sample("chirpstack/up_real_2025.json"), "up"))
    assert told.address == "613DED3CABA44EDD"
    assert told.sent_at == datetime(2025, 8, 18, 15, 56, 21, 854000, tzinfo=UTC)
    assert (told.f_port, told.counter, len(told.payload)) == (2, 16, 30)
    assert told.gateways == (
        Gateway("7076ff00550806e4", -83.0, 9.5, 42.38043975830078, -71.27425384521484),
    )
    assert told.link == {
        "device_name": "tas-cli 3B8E80F5",
        "profile": "US_915_Class_C",
        "application": "TAS managed application",
        "application_id": "28c978af-212a-4e48-87af-b4655e650b79",
        "dev_addr": "00453524",
        "data_rate": "SF7 BW125",
        "frequency_mhz": "904.5",
        "region": "us915_1",
        "confirmed": "yes",
    }
    assert (told.decoded, told.problem, told.values) == (None, "", {})


def test_a_chirpstack_uplink_that_somebody_rewrote_is_still_read() -> None:
    told = uplink("chirpstack", arrival(sample("chirpstack/up_rewritten.json"), "up"))
    assert (told.address, told.counter, told.f_port) == ("613DED3CABA44EDD", 16, 2)
    assert (told.payload, told.decoded, told.rssi, told.snr) == (b"\x01\x02", {"t": 1.5}, -83.0, 0)
    real = uplink("chirpstack", arrival(sample("chirpstack/up_real_2025.json"), "up"))
    assert told.message == real.message


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("ack", {}),
        ("integration", {}),
        ("join", {}),
        ("location", {}),
        ("log", {}),
        ("status", {"battery_percent": 88.3, "link_margin_db": 10.0}),
        ("txack", {}),
    ],
)
def test_every_chirpstack_event_is_known_by_url_or_by_field(kind, values) -> None:
    body = sample(f"networks/chirpstack4_{kind}_docs.json")
    for named in (kind, "", kind.upper()):
        told = event("chirpstack", arrival(body, named))
        assert (told.kind, told.values, told.at.year) == (kind, values, 2022)
        assert "deviceInfo" not in told.details
    assert uplink("chirpstack", arrival(sample("networks/chirpstack4_up_docs.json"))).f_port == 1


def test_a_battery_that_cannot_tell_reports_nothing() -> None:
    path = "networks/chirpstack4_status_docs.json"
    for changes in ({"batteryLevel": 0.0}, {"batteryLevelUnavailable": True}):
        told = event("chirpstack", arrival(changed(path, **changes), "status"))
        assert told.values == {"link_margin_db": 10.0}
    mains = event("chirpstack", arrival(changed(path, externalPowerSource=True), "status"))
    assert mains.values == {"link_margin_db": 10.0, "external_power": True}


def test_the_location_event_says_where() -> None:
    body = sample("networks/chirpstack4_location_docs.json")
    told = event("chirpstack", arrival(body, "location"))
    assert told.location == Location(37.344214, -8.839375, 2.0, None, "network")


def test_an_encrypted_payload_is_kept_but_not_decoded() -> None:
    keys = {"sessionKeyId": "x", "appSKey": {"kekLabel": "", "aesKey": "AA=="}}
    given = changed("chirpstack/up_real_2025.json", joinServerContext=keys, object={"garbage": 1})
    told = uplink("chirpstack", arrival(given, "up"))
    assert (told.problem, told.decoded, len(told.payload)) == ("encrypted", None, 30)
    given = changed("networks/tts3_up_docs.json", uplink_message__app_s_key={"key": "AA=="})
    told = uplink("tts", arrival(given))
    assert (told.problem, told.decoded, told.payload) == ("encrypted", None, b"\x82A\xde")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            arrival(b"\n$39c6", "up", content_type="application/octet-stream"),
            "unsupported_encoding",
        ),
        (arrival("{}", "weather"), "unknown_event"),
        (arrival("{}"), "unknown_event"),
        (arrival("{}", "up"), "no_device_id"),
        (arrival('{"deviceInfo":{"devEui":"12"}}', "up"), "bad_device_id"),
        (arrival(changed("chirpstack/up_real_2025.json", time="soon"), "up"), "bad_time"),
        (arrival(changed("chirpstack/up_real_2025.json", data="!"), "up"), "bad_base64"),
        (arrival("[]", "up"), "not_json"),
        (arrival(b"", "up"), "not_json"),
        (arrival(b'{"deviceInfo":{"devEui":"613ded3caba44edd\xff"}}', "up"), "not_json"),
    ],
)
def test_what_is_no_chirpstack_message_is_refused(given, reason) -> None:
    assert reason_of("chirpstack", given) == reason


def test_depth_and_nul_are_refused_in_fields_that_nobody_reads() -> None:
    head = sample("chirpstack/up_real_2025.json").strip()[:-1]
    deep = head + b',"x":' + b"[" * 33 + b"]" * 33 + b"}"
    assert reason_of("chirpstack", arrival(deep, "up")) == "too_deep"
    assert reason_of("chirpstack", arrival(head + b',"x":"\\u0000"}', "up")) == "nul_in_text"
    assert uplink("chirpstack", arrival(head + b',"x":"\\\\u0000"}', "up")).counter == 16


def test_a_real_things_stack_storage_row_is_read_whole() -> None:
    row = sample("networks/tts3_up_real_storage_2023.json")
    told = uplink("tts", arrival(row))
    assert told.address == "A8404194A1875FF3"
    assert told.sent_at == datetime(2023, 6, 20, 14, 34, 32, 656299, tzinfo=UTC)
    assert (told.f_port, told.counter, told.rssi, told.snr) == (2, 0, -42.0, 5.8)
    assert told.decoded is not None
    assert told.decoded["Bat"] == "3.384 V"
    assert told.link["data_rate"] == "SF12 BW125"
    inner = json.dumps(json.loads(row)["result"])
    assert uplink("tts", arrival(inner)) == told
    assert identify("tts", arrival(inner)).key == identify("tts", arrival(row)).key
    assert parse("tts", arrival(f"{inner}\n{inner}\n")) == (told, told)


def test_a_things_stack_uplink_without_payload_has_no_port() -> None:
    told = uplink("tts", arrival(sample("tts/up_mac_only.json")))
    assert (told.f_port, told.payload, told.counter, told.decoded) == (None, b"", 0, None)
    assert told.gateways == (Gateway("roof", None, None, None, None),)
    assert told.values == {"battery_percent": 94.48819}
    assert told.link["frequency_mhz"] == "923.2"


def test_a_things_stack_uplink_names_model_and_location() -> None:
    told = uplink("tts", arrival(sample("networks/tts3_up_docs.json")))
    assert told.link["model"] == "the-things-products/the-things-uno"
    assert told.location == Location(37.97155556731436, 23.72678801175413, 10.0, None, "user")
    own = {"user": {"latitude": 1, "longitude": 1}, "frm-payload": {"latitude": 2, "longitude": 2}}
    given = changed("networks/tts3_up_docs.json", uplink_message__locations=own)
    assert uplink("tts", arrival(given)).location == Location(2.0, 2.0, None, None, "frm-payload")


def test_a_rewritten_things_stack_uplink_is_the_same_uplink() -> None:
    given = changed(
        "networks/tts3_up_docs.json", uplink_message__f_cnt="1", uplink_message__f_port="3"
    )
    plain = changed("networks/tts3_up_docs.json", uplink_message__f_port=3)
    assert uplink("tts", arrival(given)) == uplink("tts", arrival(plain))
    assert identify("tts", arrival(given)).key == identify("tts", arrival(plain)).key


def test_a_normalized_uplink_belongs_to_its_uplink() -> None:
    sent = json.loads(sample("networks/tts3_up_docs.json"))
    plain = uplink("tts", arrival(json.dumps(sent)))
    message = sent.pop("uplink_message")
    message["normalized_payload"] = {"air": {"temperature": 21.5}}
    given = arrival(json.dumps(sent | {"uplink_normalized": message}))
    told = uplink("tts", given)
    assert (told.event, told.decoded) == ("normalized", {"air": {"temperature": 21.5}})
    assert told.message == plain.message


@pytest.mark.parametrize(
    ("file", "kind"), [("join_accept", "join"), ("downlink_ack", "downlink_ack")]
)
def test_things_stack_events_are_known_by_their_key(file, kind) -> None:
    told = event("tts", arrival(sample(f"networks/tts3_{file}_docs.json"), "whatever/path"))
    assert (told.kind, told.at.year, told.address) == (kind, 2020, "0004A30B001C0530")
    assert "session_key_id" not in told.details


def test_ids_that_a_field_mask_stripped_come_from_the_query() -> None:
    body = sample("networks/tts3_downlink_failed_docs.json")
    assert reason_of("tts", arrival(body)) == "no_device_id"
    told = event("tts", arrival(body, query="devEUI=0004A30B001C0530"))
    assert (told.kind, told.at) == ("downlink_failed", NOW)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (arrival(b"\n", content_type="application/x-protobuf"), "unsupported_encoding"),
        (arrival(sample("networks/tts3_downlink_push_docs.json")), "unknown_event"),
        (arrival("{}"), "unknown_event"),
        (arrival("null"), "not_json"),
        (arrival("[]"), "not_json"),
    ],
)
def test_what_is_no_things_stack_message_is_refused(given, reason) -> None:
    assert reason_of("tts", given) == reason
