"""Sigfox: each transport and callback kind gives the same message, or a telling refusal."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from noroshi.networks.registry import identify, parse
from noroshi.networks.uplink import Event, Gateway, Location, Malformed, Uplink
from tests.networks.arrivals import NOW, arrival, sample

SENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
PAYLOAD = bytes.fromhex("011e00030101010000000000")
FORM = "application/x-www-form-urlencoded"


def only_uplink(given) -> Uplink:
    [one] = parse("sigfox", given)
    assert isinstance(one, Uplink)
    assert (one.space, one.address) == ("sigfox", identify("sigfox", given).address)
    return one


def only_event(given) -> Event:
    [one] = parse("sigfox", given)
    assert isinstance(one, Event)
    return one


def reason_of(given) -> str:
    with pytest.raises(Malformed) as by_parse:
        parse("sigfox", given)
    return by_parse.value.reason


def body(**changes: object) -> str:
    sent = {"device": "1F13FC2", "time": 1700000000, "data": "01", "seqNumber": 1}
    return json.dumps({name: value for name, value in (sent | changes).items() if value != "-"})


@pytest.mark.parametrize(
    "given",
    [
        arrival(sample("sigfox/advanced_japan.json")),
        arrival(sample("sigfox/uplink_form.txt"), content_type=FORM),
        arrival(sample("sigfox/uplink_form.txt"), content_type=""),
        arrival(sample("sigfox/uplink_pairs.txt"), content_type="text/plain"),
        arrival("1F13FC2;1700000000;011e00030101010000000000;512", content_type="text/plain"),
        arrival(b"", query=sample("sigfox/uplink_form.txt").decode(), content_type=""),
        arrival(b"", query="batch=1F13FC2%3B1700000000%3B011e00030101010000000000%3B512"),
        arrival(
            "512/011e00030101010000000000/1F13FC2@1700000000",
            content_type="text/plain",
            settings={"line": "{seqNumber}/{data}/{device}@{time}"},
        ),
        arrival(body(data=PAYLOAD.hex().upper(), seqNumber=512, time=1700000000000)),
        arrival(body(data=PAYLOAD.hex(), seqNumber="512", time="1700000000", device="001f13fc2")),
        arrival(body(device="-", data=PAYLOAD.hex(), seq=512, seqNumber="-"), query="id=1F13FC2"),
    ],
)
def test_every_transport_of_one_message_says_the_same(given) -> None:
    told = only_uplink(given)
    known = (told.address, told.sent_at, told.payload, told.counter)
    assert known == ("1F13FC2", SENT, PAYLOAD, 512)
    assert told.message == only_uplink(arrival(sample("sigfox/advanced_japan.json"))).message


def test_numbers_and_booleans_may_be_text_and_null_is_missing() -> None:
    told = only_uplink(arrival(sample("sigfox/uplink_strings.json")))
    assert (told.event, told.counter, told.rssi, told.snr) == ("bidir", 512, -133.0, 12.48)
    assert told.gateways == (Gateway("5859", -133.0, 12.48, 35.0, 139.0),)
    assert told.decoded is None


def test_data_advanced_brings_quality_and_location() -> None:
    told = only_uplink(arrival(sample("sigfox/advanced_japan.json"), "advanced"))
    assert told.link["lqi"] == "GOOD"
    assert told.link["operator"] == "SIGFOX_Japan_KCCS"
    assert told.location == Location(35.50534111741823, 139.57328887601793, None, 8500.0, "network")


def test_a_form_may_carry_the_location_as_text() -> None:
    form = (
        "device=A1&time=1700000000&data=01&seqNumber=1&lqi=GOOD&computedLocation="
        "%7B%22lat%22%3A35.5%2C%22lng%22%3A139.5%2C%22radius%22%3A100%2C%22source%22%3A6%7D"
    )
    told = only_uplink(arrival(form, content_type=FORM))
    assert told.location == Location(35.5, 139.5, None, 100.0, "wifi")


def test_fields_of_the_customer_come_as_decoded() -> None:
    told = only_uplink(arrival(sample("sigfox/uplink_soracom.json")))
    assert told.decoded == {"ctr": 8, "tmp": 28.5, "vlt": 3.3}
    assert (told.event, told.link["lqi"]) == ("advanced", "AVERAGE")
    form = only_uplink(arrival(sample("sigfox/uplink_form.txt"), content_type=FORM))
    assert form.decoded == {"name": "田ん 1"}


def test_a_batch_gives_a_message_a_line() -> None:
    told = parse("sigfox", arrival(sample("sigfox/batch_lines.txt"), content_type="text/plain"))
    assert [(each.address, each.payload) for each in told if isinstance(each, Uplink)] == [
        ("1F13FC2", b"\x01\x1e"),
        ("4D9A51", b""),
    ]
    lines = "\n".join(body(device=device) for device in ("A1", "B2"))
    assert [each.address for each in parse("sigfox", arrival(lines))] == ["A1", "B2"]
    pairs = "device=A1;time=1700000000;data=01\ndevice=B2;time=1700000000;data=02"
    told = parse("sigfox", arrival(pairs, content_type="text/plain"))
    assert [each.address for each in told] == ["A1", "B2"]


@pytest.mark.parametrize(
    ("data", "payload"),
    [
        ("", b""),
        (None, b""),
        ("null", b""),
        ("-", b""),
        ("1", b"\x01"),
        ("0", b"\x00"),
        (True, b"\x01"),
        ("false", b"\x00"),
        ("00", b"\x00"),
        (12345678, b"\x12\x34\x56\x78"),
        ("ff" * 12, b"\xff" * 12),
    ],
)
def test_messages_of_no_byte_one_bit_and_twelve_bytes_are_read(data, payload) -> None:
    assert only_uplink(arrival(body(data=data), "uplink")).payload == payload


@pytest.mark.parametrize(
    ("file", "kind", "values"),
    [
        ("status", "status", {"battery_volt": 3.4, "temperature": 21.5}),
        ("acknowledge", "acknowledge", {}),
        ("geoloc", "geoloc", {}),
        ("error", "error", {}),
    ],
)
def test_service_callbacks_are_known_by_url_or_by_field(file, kind, values) -> None:
    for event in ("", kind, kind.upper(), f"/{kind}"):
        given = arrival(sample(f"sigfox/{file}.json"), event)
        told = only_event(given)
        assert (told.kind, told.address, told.at, told.values) == (kind, "1F13FC2", SENT, values)
        assert identify("sigfox", given).event == kind


def test_geoloc_and_acknowledge_keep_what_they_say() -> None:
    geoloc = only_event(arrival(sample("sigfox/geoloc.json")))
    assert geoloc.location == Location(35.5, 139.5, None, 8500.0, "network")
    acknowledged = only_event(arrival(sample("sigfox/acknowledge.json")))
    assert acknowledged.details["infoMessage"] == "Acked"


@pytest.mark.parametrize(
    ("ack", "age_s", "asks"),
    [(True, 2, True), ("true", 20, True), (True, 21, False), (False, 2, False), ("null", 2, False)],
)
def test_only_a_fresh_bidir_with_ack_asks_for_a_downlink(ack, age_s, asks) -> None:
    sent = int((NOW - timedelta(seconds=age_s)).timestamp())
    assert identify("sigfox", arrival(body(time=sent, ack=ack), "bidir")).asks_downlink is asks
    assert not identify("sigfox", arrival(body(time=sent, ack=ack), "uplink")).asks_downlink


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (arrival(sample("networks/sigfox_uplink_classic.json")), "template_not_filled"),
        (arrival('{"device":"{device}","time":{time},"data":"{data}"}'), "template_not_filled"),
        (arrival(body(time="{time}")), "template_not_filled"),
        (arrival(body(data="{data}")), "template_not_filled"),
        (arrival(sample("networks/sigfox_soracom_beam.json")), "bad_device_id"),
        (arrival(body(device="1F13FC2AB")), "bad_device_id"),
        (arrival(body(device="")), "no_device_id"),
        (arrival(body(device=1.5)), "no_device_id"),
        (arrival(body(time="-")), "no_time"),
        (arrival(body(time="yesterday")), "bad_time"),
        (arrival(body(time=17)), "bad_time"),
        (arrival(body(time=4102444800)), "bad_time"),
        (arrival(body(data="xyz")), "bad_hex"),
        (arrival(body(data="123")), "bad_hex"),
        (arrival(body(data={"a": 1})), "bad_hex"),
        (arrival(body(data="00" * 13)), "too_long"),
        (arrival(body(), "weather"), "unknown_event"),
        (arrival("{"), "not_json"),
        (arrival("[1]"), "not_json"),
        (arrival(b""), "empty"),
        (arrival(b"\xff\xfe"), "not_text"),
        (arrival("a;b", content_type="text/plain"), "bad_line"),
        (arrival("a", content_type="", settings={"line": "{a}{b}"}), "bad_settings"),
        (arrival('{"device":' + "[" * 40 + "]" * 40 + "}"), "too_deep"),
        (arrival('{"device":"A1","x":"\\u0000"}'), "nul_in_text"),
        (arrival('{"device":"A1","time":NaN}'), "not_json"),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(given, reason) -> None:
    assert reason_of(given) == reason


def test_a_repeated_key_counts_once() -> None:
    twice = '{"device":"A1","device":"B2","time":1700000000,"data":"01"}'
    assert only_uplink(arrival(twice)).address == "B2"
