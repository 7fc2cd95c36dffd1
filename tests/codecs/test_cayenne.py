"""Cayenne LPP: the published examples, every type, and what is kept of broken payloads."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.codecs.cayenne import KINDS, decode
from noroshi.codecs.result import Position

VECTORS = json.loads(
    Path("tests/payloads/networks/cayenne_lpp_vectors.json").read_text(encoding="utf-8")
)
OURS = {"temperature": "temperature", "barometer": "barometric_pressure"}


def expected_values(expect: dict[str, dict[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for channel, named in expect.items():
        for name, value in named.items():
            if name == "accelerometer" and isinstance(value, list):
                for axis, part in zip("xyz", value, strict=True):
                    values[f"accelerometer_{axis}_{channel}"] = part
            elif name == "gps" and isinstance(value, list):
                values[f"gps_{channel}"] = Position(*value)
            else:
                values[f"{OURS[name]}_{channel}"] = value
    return values


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["hex"])
def test_the_published_examples_decode(vector: dict[str, object]) -> None:
    read = decode(bytes.fromhex(str(vector["hex"])))
    assert read.values == expected_values(vector["expect"])  # type: ignore[arg-type]
    assert (read.error, read.warnings) == ("", ())


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("0100FF", {"digital_in_1": 255.0}),
        ("010101", {"digital_out_1": 1.0}),
        ("0102FFFF", {"analog_in_1": -0.01}),
        ("01030064", {"analog_out_1": 1.0}),
        ("0164FFFFFFFF", {"generic_sensor_1": 4294967295.0}),
        ("0165FFFF", {"luminosity_1": 65535.0}),
        ("016601", {"presence_1": 1.0}),
        ("016851", {"relative_humidity_1": 40.5}),
        ("0174014A", {"voltage_1": 3.3}),
        ("01758000", {"current_1": 32.768}),
        ("017600000032", {"frequency_1": 50.0}),
        ("017864", {"percentage_1": 100.0}),
        ("0179FFFF", {"altitude_1": -1.0}),
        ("017AFFFC18", {"load_1": -1.0}),
        ("017D0190", {"concentration_1": 400.0}),
        ("018003E8", {"power_1": 1000.0}),
        ("0182000003E9", {"distance_1": 1.001}),
        ("0183000003E9", {"energy_1": 1.001}),
        ("01840167", {"direction_1": 359.0}),
        ("018565920080", {"unix_time_1": 1704067200.0}),
        ("01860064FF9C0000", {"gyrometer_x_1": 1.0, "gyrometer_y_1": -1.0, "gyrometer_z_1": 0.0}),
        ("0187FF8000", {"colour_r_1": 255.0, "colour_g_1": 128.0, "colour_b_1": 0.0}),
        ("018E01", {"switch_1": True}),
    ],
)
def test_each_type_has_its_width_scale_and_sign(payload: str, expected: dict[str, object]) -> None:
    read = decode(bytes.fromhex(payload))
    assert read.values == expected
    assert read.error == ""


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ("03670110" + "05", "truncated"),
        ("036701100567", "truncated"),
        ("036701100AF000", "unknown_type"),
    ],
)
def test_what_was_readable_of_a_broken_payload_is_kept(payload: str, error: str) -> None:
    read = decode(bytes.fromhex(payload))
    assert read.values == {"temperature_3": 27.2}
    assert read.error == error
    assert "byte 4" in read.detail


def test_a_place_that_is_not_on_earth_is_told_and_left_out() -> None:
    read = decode(bytes.fromhex("01887FFFFF0000000000000367" + "0110"))
    assert read.values == {"temperature_3": 27.2}
    assert read.warnings == ("@bad_position gps_1",)


@given(st.binary(max_size=300))
def test_any_payload_is_read_to_its_end_or_to_a_named_error(payload: bytes) -> None:
    read = decode(payload)
    assert read.error in ("", "truncated", "unknown_type")


@given(
    st.lists(st.tuples(st.integers(0, 255), st.sampled_from(sorted(KINDS)), st.data()), max_size=8)
)
def test_every_well_formed_payload_is_read_whole(
    records: list[tuple[int, int, st.DataObject]],
) -> None:
    payload = b"".join(
        bytes([channel, number])
        + data.draw(st.binary(min_size=sum(KINDS[number].sizes), max_size=sum(KINDS[number].sizes)))
        for channel, number, data in records
    )
    assert decode(payload).error == ""
