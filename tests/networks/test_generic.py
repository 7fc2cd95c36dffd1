"""Any JSON: the settings say where things stand."""

from datetime import UTC, datetime, timedelta

import pytest

from noroshi.networks.registry import identify, parse
from noroshi.networks.uplink import Malformed, Uplink
from tests.networks.arrivals import NOW, arrival, sample

PLANT = {
    "id": "device.id",
    "time": "ts",
    "payload": "data",
    "payload_encoding": "hex",
    "fields": "values",
    "f_port": "port",
    "counter": "seq",
}


def one(body: bytes | str, **settings: object) -> Uplink:
    given = arrival(body, settings=settings)
    [told] = parse("json", given)
    assert isinstance(told, Uplink)
    assert (told.space, told.address) == (
        identify("json", given).space,
        identify("json", given).address,
    )
    return told


def test_paths_find_everything() -> None:
    told = one(sample("json/plant.json"), **PLANT)
    assert (told.space, told.address) == ("generic", "pump-1")
    assert told.sent_at == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
    assert (told.payload, told.f_port, told.counter) == (b"\x01\x02\xff", 7, 12)
    assert told.decoded == {"pressure": 3.2, "state": "on", "room": {"t": 21.5}}


def test_fields_may_be_picked_one_by_one_also_out_of_lists() -> None:
    picked = {"t": "values.room.t", "a": "list[1].v", "b": "list.0.v", "none": "list[9].v"}
    told = one(sample("json/plant.json"), **(PLANT | {"fields": picked}))
    assert told.decoded == {"t": 21.5, "a": 2, "b": 1}


@pytest.mark.parametrize(
    ("time", "sent_at"),
    [
        ('"2026-11-22T10:00:00+09:00"', datetime(2026, 11, 22, 1, tzinfo=UTC)),
        ('"2026-11-22T01:00:00.123456789Z"', datetime(2026, 11, 22, 1, 0, 0, 123456, tzinfo=UTC)),
        ('"2026-11-22 01:00:00"', datetime(2026, 11, 22, 1, tzinfo=UTC)),
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("1700000000.5", datetime(2023, 11, 14, 22, 13, 20, 500000, tzinfo=UTC)),
        ('"1700000000123"', datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)),
        ("null", NOW),
        ('""', NOW),
    ],
)
def test_a_time_may_be_written_in_many_ways(time, sent_at) -> None:
    assert one(f'{{"id":"a","time":{time},"fields":{{}}}}').sent_at == sent_at


@pytest.mark.parametrize(
    ("encoding", "sent", "payload"),
    [
        ("hex", "0x0aFF", b"\x0a\xff"),
        ("base64", "Cv8=", b"\x0a\xff"),
        ("text", "水", "水".encode()),
    ],
)
def test_a_payload_may_be_hex_base64_or_text(encoding, sent, payload) -> None:
    assert one(f'{{"id":"a","payload":"{sent}"}}', payload_encoding=encoding).payload == payload


@pytest.mark.parametrize(
    ("space", "sent", "address"),
    [
        ("lorawan", "613ded3caba44edd", "613DED3CABA44EDD"),
        ("sigfox", "001f13fc2", "1F13FC2"),
        ("generic", " 水位-1 ", "水位-1"),
    ],
)
def test_the_address_is_written_as_its_space_writes_it(space, sent, address) -> None:
    told = one(f'{{"id":"{sent}"}}', space=space)
    assert (told.space, told.address) == (space, address)


def test_a_list_gives_a_message_each_with_a_name_of_its_own() -> None:
    told = parse("json", arrival('[{"id":"a"},{"id":"a"},{"id":"b"}]'))
    assert [each.address for each in told] == ["a", "a", "b"]
    assert len({each.message for each in told if isinstance(each, Uplink)}) == 3


def test_without_time_and_counter_an_equal_body_is_a_new_measurement() -> None:
    later = NOW + timedelta(minutes=10)
    plain, counted = '{"id":"a","v":20}', '{"id":"a","counter":4}'

    def key(body: str, at: datetime) -> object:
        return identify("json", arrival(body, received_at=at)).key

    assert key(plain, NOW) != key(plain, later)
    assert key(counted, NOW) == key(counted, later)
    assert key(counted, NOW) != key(counted, later + timedelta(days=1))


@pytest.mark.parametrize(
    ("body", "settings", "reason"),
    [
        ("{}", {}, "no_device_id"),
        ('{"id":"' + "x" * 65 + '"}', {}, "bad_device_id"),
        ('{"id":"a\\nb"}', {}, "bad_device_id"),
        ('{"id":"zz"}', {"space": "lorawan"}, "bad_device_id"),
        ('{"id":"zz"}', {"space": "moon"}, "bad_settings"),
        ('{"id":"a","payload":"0"}', {}, "bad_hex"),
        ('{"id":"a","payload":"!"}', {"payload_encoding": "base64"}, "bad_base64"),
        ('{"id":"a","payload":"!"}', {"payload_encoding": "rot13"}, "bad_settings"),
        ('{"id":"a","time":"noon"}', {}, "bad_time"),
        ('{"id":"a","time":true}', {}, "bad_time"),
        ('{"id":"a","v":1e999}', {}, "not_json"),
        ('{"id":"a","v":Infinity}', {}, "not_json"),
        ('"a"', {}, "not_json"),
        ("", {}, "not_json"),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(body, settings, reason) -> None:
    with pytest.raises(Malformed) as refused:
        parse("json", arrival(body, settings=settings))
    assert refused.value.reason == reason
