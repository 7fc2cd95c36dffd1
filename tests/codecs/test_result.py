"""A codec's data becomes flat, sound, bounded values."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.codecs.result import (
    KEYS_MAX,
    NUMBER_MAX,
    TEXT_CHARS_MAX,
    VALUES_MAX,
    WARNINGS_MAX,
    Measurement,
    Position,
    instant,
    leading_number,
    measurements_from,
)
from tests.codecs.cast import NOON

HOUR_AGO = NOON - timedelta(hours=1)


def values(data: object) -> dict[str, object]:
    measurements, _warnings = measurements_from(data, NOON)
    assert len(measurements) == 1
    assert measurements[0].at is None
    return dict(measurements[0].values)


def warnings(data: object) -> tuple[str, ...]:
    return measurements_from(data, NOON)[1]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"a": 1, "b": 2.5}, {"a": 1.0, "b": 2.5}),
        ({"a": True, "b": "open"}, {"a": True, "b": "open"}),
        ({"air": {"temperature": 21.5, "co2": 400}}, {"air.temperature": 21.5, "air.co2": 400.0}),
        ({"a": None, "b": 1}, {"b": 1.0}),
        ({"probe": [1, 2]}, {"probe.0": 1.0, "probe.1": 2.0}),
        ({"probe": [{"t": 1}, {"t": 2}]}, {"probe.0.t": 1.0, "probe.1.t": 2.0}),
        ([{"t": 1}], {"t": 1.0}),
        ({"温度": 3}, {"温度": 3.0}),
        ({"v": "3.384 V"}, {"v": "3.384 V"}),
        ({"gps": {"lat": 35.5, "lng": 139.5}}, {"gps": Position(35.5, 139.5, None)}),
        (
            {"latitude": 35.5, "longitude": 139, "altitude": 0, "t": 1},
            {"position": Position(35.5, 139.0, 0.0), "t": 1.0},
        ),
        ({"gps": {"lat": 1, "lon": 2, "sats": 7}}, {"gps": Position(1, 2, None), "gps.sats": 7.0}),
        ({"lat": "35", "lon": 2}, {"lat": "35", "lon": 2.0}),
        ({"a": "x\x00y", "b": "\ud800"}, {"a": "xy", "b": "?"}),
    ],
)
def test_data_becomes_flat_values(data: object, expected: dict[str, object]) -> None:
    assert values(data) == expected


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        ({"a": math.nan, "b": 1}, "@not_finite a"),
        ({"a": math.inf, "b": 1}, "@not_finite a"),
        ({"a": 10**400, "b": 1}, "@not_finite a"),
        ({"a": "x" * 501, "b": 1}, "@text_cut a"),
        ({"a": {"b": 1}, "a.b": 2}, "@same_name a.b"),
        ({"lat": 91, "lon": 1}, "@bad_position position"),
        ({"": 1, "b": 1}, "@bad_name"),
        ({"k" * 81: 1, "b": 1}, "@bad_name " + "k" * 80),
        ({"a": b"bytes", "b": 1}, "@not_a_value a"),
        ({f"k{n}": n for n in range(KEYS_MAX + 1)}, "@too_many_values"),
        ("text", "@no_fields"),
        ([{"time": "2001-01-01T00:00:00Z", "t": 1}], "@bad_time"),
        ([{"time": "yesterday", "t": 1}], "@bad_time"),
    ],
)
def test_what_is_left_out_is_told(data: object, warning: str) -> None:
    assert warning in warnings(data)


def test_nesting_ends_at_twenty_levels() -> None:
    data: dict[str, object] = {"deep": 1}
    for _ in range(19):
        data = {"d": data}
    assert values(data) == {"d." * 19 + "deep": 1.0}
    measurements, told = measurements_from({"d": data}, NOON)
    assert measurements == ()
    assert told[0].startswith("@too_deep")


@pytest.mark.parametrize(
    "time",
    [
        "2026-06-01T02:00:00Z",
        "2026-06-01T11:00:00+09:00",
        "2026-06-01T02:00:00.000Z",
        "2026-06-01 02:00:00",
        HOUR_AGO.timestamp(),
        HOUR_AGO.timestamp() * 1000,
        str(int(HOUR_AGO.timestamp())),
    ],
)
def test_a_list_of_timed_objects_becomes_readings_of_their_own(time: object) -> None:
    data = {"level": 9, "history": [{"time": time, "level": 7}, {"time": time, "air": {"t": 1}}]}
    measurements, told = measurements_from(data, NOON)
    assert told == ()
    assert measurements == (
        Measurement(None, {"level": 9.0}),
        Measurement(HOUR_AGO, {"level": 7.0}),
        Measurement(HOUR_AGO, {"air.t": 1.0}),
    )


def test_a_time_that_stands_beside_the_values_is_a_value() -> None:
    assert values({"time": 5, "t": 1}) == {"time": 5.0, "t": 1.0}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3.384 V", 3.384),
        (" -12.5°C", -12.5),
        ("25℃", 25.0),
        ("1,234.5 L", 1234.5),
        ("12,5", 12.0),
        (".5", 0.5),
        ("1e3 ppm", 1000.0),
        ("1e999", None),
        ("V 3", None),
        ("", None),
        ("NaN", None),
    ],
)
def test_the_number_that_a_text_begins_with(text: str, number: float | None) -> None:
    assert leading_number(text) == number


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
names = st.sampled_from(["time", "lat", "lon", "altitude", "", "a.b"]) | st.text()
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(names, inner),
    max_leaves=60,
)


@given(anything)
def test_whatever_the_data_is_the_values_are_sound(data: object) -> None:
    measurements, told = measurements_from(data, NOON)
    assert len(told) <= WARNINGS_MAX
    assert sum(len(one.values) for one in measurements) <= VALUES_MAX
    for one in measurements:
        assert 0 < len(one.values) <= KEYS_MAX
        for name, value in one.values.items():
            assert "\x00" not in name
            assert isinstance(value, float | bool | str | Position)
            if isinstance(value, float):
                assert abs(value) < NUMBER_MAX
            if isinstance(value, str):
                assert len(value) <= TEXT_CHARS_MAX
                value.encode()


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.datetimes())
def test_a_time_is_understood_or_refused(value: object) -> None:
    at = instant(value)
    assert at is None or at.tzinfo is not None


@given(st.integers(315_532_800, 7_258_118_400))  # 1980 to 2200
def test_iso_seconds_and_milliseconds_mean_one_instant(seconds: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert instant(at.isoformat()) == instant(at.timestamp() * 1000) == at
    assert instant(at.timestamp()) == at


@given(st.text())
def test_any_text_has_a_leading_number_or_none(text: str) -> None:
    number = leading_number(text)
    assert number is None or math.isfinite(number)
