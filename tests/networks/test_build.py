"""What is built is what is read: body by body, network by network."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.networks import build
from noroshi.networks.registry import identify, parse
from noroshi.networks.uplink import Event, Uplink
from tests.networks.arrivals import NOW, arrival

TERMINAL = build.Terminal("a840417f21875ff3", "田んぼ 1", "00bcb929")
HEARD = [
    build.Reception("0016C001F153A14C", -101, 5.5, 35.1, 139.2),
    build.Reception("0016c001f153a14d", -97, 0.0),
    build.Reception("0016c001f153a14e", -110, -7.25),
]
moments = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    datetime(2026, 11, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
frames = st.builds(
    build.Frame,
    at=moments,
    f_cnt=st.integers(0, 2**32 - 1),
    f_port=st.integers(1, 223),
    data=st.binary(max_size=222),
    spreading_factor=st.integers(7, 12),
    decoded=st.none() | st.just({"temperature": 21.5}),
    confirmed=st.booleans(),
)


@settings(deadline=None)
@given(frame=frames, heard=st.lists(st.sampled_from(HEARD), max_size=3))
def test_a_lorawan_uplink_survives_either_network(frame, heard) -> None:
    for kind, body, event in (
        ("chirpstack", build.chirpstack_up(TERMINAL, frame, heard), "up"),
        ("tts", build.tts_up(TERMINAL, frame, heard), ""),
    ):
        [told] = parse(kind, arrival(body, event))
        assert isinstance(told, Uplink)
        assert (told.address, told.sent_at) == ("A840417F21875FF3", frame.at)
        assert (told.f_port, told.counter) == (frame.f_port, frame.f_cnt)
        assert (told.payload, told.decoded) == (frame.data, frame.decoded)
        assert [each.rssi for each in told.gateways] == [each.rssi for each in heard]
        assert [each.snr for each in told.gateways] == [each.snr for each in heard]
        assert told.link["data_rate"] == f"SF{frame.spreading_factor} BW125"
        assert (told.link.get("confirmed") == "yes") is frame.confirmed


@settings(deadline=None)
@given(
    device=st.integers(1, 2**32 - 1).map("{:X}".format),
    time=moments,
    data=st.binary(max_size=12),
    seq=st.integers(0, 4095),
)
def test_a_sigfox_message_survives_and_its_three_callbacks_merge(device, time, data, seq) -> None:
    coverage = build.Coverage("Limit", [("5859", -133.0, 12.5)], (35.5, 139.5, 8500))
    told = [
        parse("sigfox", arrival(body, event))[0]
        for body, event in (
            (build.sigfox_uplink(device, time, data, seq), ""),
            (build.sigfox_bidir(device, time, data, seq, ack=True), ""),
            (build.sigfox_advanced(device, time, data, seq, coverage), ""),
        )
    ]
    assert [each.event for each in told if isinstance(each, Uplink)] == [
        "uplink",
        "bidir",
        "advanced",
    ]
    for each in told:
        assert isinstance(each, Uplink)
        assert each.sent_at == time.replace(microsecond=0)
        assert (each.address, each.payload, each.counter) == (device, data, seq)
    assert len({each.message for each in told if isinstance(each, Uplink)}) == 1


@pytest.mark.parametrize(
    ("kind", "body", "name", "values"),
    [
        (
            "sigfox",
            build.sigfox_status("A1", NOW, 3, volts=3.4, celsius=21.5),
            "status",
            {"battery_volt": 3.4, "temperature": 21.5},
        ),
        ("sigfox", build.sigfox_acknowledge("A1", NOW, 1), "acknowledge", {}),
        ("sigfox", build.sigfox_error("A1", NOW, NOW - timedelta(days=1)), "error", {}),
        (
            "chirpstack",
            build.chirpstack_status(TERMINAL, NOW, margin=9, battery=88.0),
            "status",
            {"battery_percent": 88.0, "link_margin_db": 9.0},
        ),
        (
            "chirpstack",
            build.chirpstack_status(TERMINAL, NOW, margin=9, battery=None),
            "status",
            {"link_margin_db": 9.0},
        ),
        ("chirpstack", build.chirpstack_join(TERMINAL, NOW), "join", {}),
        ("tts", build.tts_join(TERMINAL, NOW), "join", {}),
    ],
)
def test_what_is_no_uplink_survives_too(kind, body, name, values) -> None:
    [told] = parse(kind, arrival(body))
    assert isinstance(told, Event)
    assert (told.kind, told.at, told.values) == (name, NOW, values)


def test_each_network_writes_ids_and_zeros_in_its_own_way() -> None:
    frame = build.Frame(NOW, 0, None, b"")
    chirpstack = json.loads(build.chirpstack_up(TERMINAL, frame, HEARD))
    assert chirpstack["deviceInfo"]["devEui"] == "a840417f21875ff3"
    assert chirpstack["time"].endswith("+00:00")
    assert (chirpstack["fCnt"], chirpstack["fPort"], chirpstack["data"]) == (0, 0, "")
    assert [row.get("snr") for row in chirpstack["rxInfo"]] == [5.5, None, -7.25]
    tts = json.loads(build.tts_up(TERMINAL, frame, HEARD))
    assert tts["end_device_ids"]["dev_eui"] == "A840417F21875FF3"
    assert not {"f_cnt", "f_port", "frm_payload", "confirmed"} & set(tts["uplink_message"])
    assert len(tts["received_at"]) == len("2026-11-22T03:00:00.000000000Z")


def test_airtime_is_what_the_standard_says() -> None:
    # The real storage row of the samples says 1.482752s for its 11 bytes at SF12.
    assert build.airtime_s(11, 12) == pytest.approx(1.482752)
    assert build.airtime_s(3, 7) == pytest.approx(0.051456)


def test_a_new_session_starts_its_counter_at_zero_without_meeting_the_old_one() -> None:
    joined = build.Terminal(TERMINAL.dev_eui, TERMINAL.name, "00bcb930")
    frame = build.Frame(NOW, 0, 1, b"\x01")
    for kind, make, event in (
        ("chirpstack", build.chirpstack_up, "up"),
        ("tts", build.tts_up, ""),
    ):
        before = make(TERMINAL, frame, HEARD)
        again = build.Frame(NOW + timedelta(seconds=9), 0, 1, b"\x01")
        for after in (make(joined, frame, HEARD), make(TERMINAL, again, HEARD)):
            keys = {identify(kind, arrival(body, event)).key for body in (before, after)}
            assert len(keys) == 2
