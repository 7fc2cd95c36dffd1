"""Whatever arrives: nothing but Malformed, one answer on whose it is, keys that keep apart."""

import json
import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.networks.keys import day_of, garbage_key, slice_of
from noroshi.networks.registry import IDENTIFY, identify, parse
from noroshi.networks.uplink import Arrival, Malformed
from tests.networks.arrivals import NOW, PAYLOADS, arrival

KINDS = sorted(IDENTIFY)
EVENTS = ["", "up", "status", "uplink", "bidir", "advanced", "acknowledge", "join", "x\x00y"]
TYPES = ["", "application/json", "text/plain", "application/x-www-form-urlencoded"]
SAMPLES = sorted(
    path.read_bytes()
    for folder in ("networks", "sigfox", "chirpstack", "tts", "json")
    for path in (PAYLOADS / folder).iterdir()
    if path.suffix in {".json", ".txt"}
)
SETTINGS = [
    {},
    {"line": "{device};{time};{data};{seqNumber}"},
    {"id": "device.id", "time": "ts", "payload": "data", "fields": "values", "counter": "seq"},
    {"id": "end_device_ids.dev_eui", "space": "lorawan", "payload_encoding": "base64"},
    {"id": "device", "space": "sigfox", "fields": ""},
]
NAMES = [
    "device", "time", "data", "seqNumber", "ack", "lqi", "duplicates", "computedLocation", "batt",
    "deviceInfo", "devEui", "fCnt", "fPort", "rxInfo", "rssi", "txInfo", "object", "result",
    "end_device_ids", "dev_eui", "uplink_message", "f_cnt", "frm_payload", "rx_metadata",
    "received_at", "settings", "locations", "id", "payload", "fields", "counter", "margin",
]  # fmt: skip
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "1F13FC2",
            "a840417f21875ff3",
            "2026-11-01T00:00:00Z",
            1700000000,
            "{data}",
            "null",
            "9" * 30,
        ]
    )
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=20,
)
objects = st.dictionaries(st.sampled_from(NAMES), values, max_size=8)


def judge(kind: str, given: Arrival) -> None:
    """Parse and identify: whatever parses is identified, and as the same device's."""
    try:
        told = parse(kind, given)
    except Malformed as refusal:
        assert refusal.reason
        assert len(refusal.detail) <= 200
        told = ()
    try:
        known = identify(kind, given)
    except Malformed:
        assert told == ()
        return
    assert known == identify(kind, given)
    assert known.address
    assert known.address.isprintable()
    if told:
        assert (told[0].space, told[0].address) == (known.space, known.address)
        assert str(told[0].sent_at if hasattr(told[0], "sent_at") else told[0].at).endswith(
            "+00:00"
        )


@settings(deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode),
    event=st.sampled_from(EVENTS),
    content_type=st.sampled_from(TYPES),
    query=st.text(max_size=40),
    chosen=st.sampled_from(SETTINGS),
)
def test_arbitrary_bytes_are_refused_or_read(
    kind, body, event, content_type, query, chosen
) -> None:
    changes = {"content_type": content_type, "query": query, "settings": chosen}
    judge(kind, arrival(body, event, **changes))


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    body=objects | values,
    event=st.sampled_from(EVENTS),
    chosen=st.sampled_from(SETTINGS),
)
def test_arbitrary_json_is_refused_or_read(kind, body, event, chosen) -> None:
    judge(kind, arrival(json.dumps(body), event, settings=chosen))


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    body=st.sampled_from(SAMPLES),
    event=st.sampled_from(EVENTS),
    seed=st.integers(0, 2**32),
)
def test_mutated_samples_are_refused_or_read(kind, body, event, seed) -> None:
    judge(kind, arrival(bytes_changed(body, seed), event))


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    body=st.sampled_from([each for each in SAMPLES if each.lstrip()[:1] == b"{"]),
    value=values,
    seed=st.integers(0, 2**32),
)
def test_samples_with_one_field_of_another_type_are_refused_or_read(
    kind, body, value, seed
) -> None:
    sent = json.loads(body)
    dice = random.Random(seed)
    target = sent
    while True:
        name = dice.choice(sorted(target))
        if isinstance(target[name], dict) and target[name] and dice.random() < 0.7:
            target = target[name]
            continue
        target[name] = value
        break
    judge(kind, arrival(json.dumps(sent), "up" if kind == "chirpstack" else ""))


def bytes_changed(body: bytes, seed: int) -> bytes:
    """Return the body with a few bytes dropped, doubled or replaced."""
    dice = random.Random(seed)
    changed = bytearray(body)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(changed))
        act = dice.randrange(3)
        if act == 0:
            del changed[place]
        elif act == 1:
            changed[place:place] = changed[place : place + dice.randint(1, 9)]
        else:
            changed[place] = dice.choice(b'{}[]",:0-9\\eN \x00\xff')
    return bytes(changed)


@pytest.mark.parametrize(
    "body",
    [b"[" * 60000, b'{"a":' * 12000, b'{"x":' + b"[" * 30000 + b"]" * 30000 + b"}", b"9" * 60000],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_is_refused(kind, body) -> None:
    with pytest.raises(Malformed):
        parse(kind, arrival(body, "up"))
    with pytest.raises(Malformed):
        identify(kind, arrival(body, "up"))


def uplink_of(kind: str, count: int, data: str) -> Arrival:
    """Return an uplink of one device at one time, by count and hex data."""
    eui = "a840417f21875ff3"
    stamp = "2026-11-01T00:00:00.123456789Z"
    payload = {"f_cnt": count, "frm_payload": data, "session_key_id": "A", "received_at": stamp}
    bodies = {
        "sigfox": {"device": "A1", "time": 1700000000, "seqNumber": count, "data": data},
        "chirpstack": {"deviceInfo": {"devEui": eui}, "time": stamp, "fCnt": count, "data": data},
        "tts": {"end_device_ids": {"dev_eui": eui}, "uplink_message": payload},
        "json": {"id": "a", "time": 1700000000, "counter": count, "payload": data},
    }
    return arrival(json.dumps(bodies[kind]), "up")


@settings(deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    first=st.tuples(st.integers(0, 4095), st.binary(min_size=1, max_size=12).map(bytes.hex)),
    second=st.tuples(st.integers(0, 4095), st.binary(min_size=1, max_size=12).map(bytes.hex)),
    wait_s=st.integers(0, 7 * 3600),
)
def test_a_repetition_keeps_the_key_and_another_message_does_not(
    kind, first, second, wait_s
) -> None:
    given = uplink_of(kind, *first)
    later = arrival(given.body, given.event, received_at=NOW + timedelta(seconds=wait_s))
    assert identify(kind, given).key == identify(kind, later).key
    again = identify(kind, arrival(given.body, identify(kind, given).event))
    assert again == identify(kind, given)
    same = identify(kind, given).key == identify(kind, uplink_of(kind, *second)).key
    assert same is (first == second)
    elsewhere = arrival(given.body, given.event, connection_id=2)
    assert identify(kind, elsewhere).key != identify(kind, given).key


def test_callbacks_of_one_sigfox_message_have_keys_of_their_own() -> None:
    body = '{"device":"A1","time":1700000000,"seqNumber":1,"data":"01"}'
    kinds = ("uplink", "bidir", "advanced")
    assert len({identify("sigfox", arrival(body, kind)).key for kind in kinds}) == 3


def test_a_key_begins_with_the_time_of_its_message() -> None:
    key = identify("sigfox", uplink_of("sigfox", 1, "01")).key
    assert int.from_bytes(key.bytes[:6], "big") == 1_700_000_000_000


def test_garbage_has_a_key_a_day_a_connection_and_a_content() -> None:
    key = garbage_key(1, NOW, b"x")
    assert key == garbage_key(1, day_of(NOW) + timedelta(hours=23), b"x")
    others = (
        garbage_key(2, NOW, b"x"),
        garbage_key(1, NOW, b"y"),
        garbage_key(1, NOW + timedelta(days=1), b"x"),
    )
    assert key not in others
    assert int.from_bytes(key.bytes[:6], "big") == day_of(NOW).timestamp() * 1000


def test_slices_never_change_and_share_the_devices_fairly() -> None:
    assert slice_of("lorawan", "A840417F21875FF3") == 6
    counts = [0] * 16
    for device in range(16000):
        counts[slice_of("sigfox", f"{device:X}")] += 1
    assert min(counts) > 800
