"""The demo's world: weather one can believe, counters that go on, bodies that decode."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.codecs.catalogue import source_of
from noroshi.codecs.result import Job
from noroshi.codecs.sandbox import Sandbox
from noroshi.jobs.demo import radio, samples, weather
from noroshi.jobs.demo.cast import DEVICES, STRANGER, DemoDevice
from noroshi.jobs.demo.noise import Noise
from noroshi.jobs.demo.radio import Callback, callbacks_of
from noroshi.jobs.demo.story import Story
from noroshi.jobs.demo.timeline import Timeline, strangers
from noroshi.jobs.demo.weather import World, measure
from noroshi.networks import registry
from noroshi.networks.uplink import Arrival, Event, Malformed, Uplink

ORIGIN = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
WORLD = World(Noise(1), ORIGIN)
DAY = timedelta(days=1)
BY_NAME = {device.name: device for device in DEVICES}
RANGES = {
    "level_cm": (0, 20),
    "water_temperature": (0, 42),
    "temperature": (-15, 50),
    "humidity": (20, 100),
    "co2_ppm": (250, 1300),
    "soil_moisture": (20, 70),
    "battery_mv": (1900, 3700),
}
# What may change from one sample of a terminal to its next.
STEPS = {"level_cm": 3.0, "water_temperature": 2.0, "temperature": 4.5, "soil_moisture": 7.0}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def timeline(device: DemoDevice) -> Timeline:
    return Timeline(WORLD, device)


def parsed(callback: Callback) -> tuple[UUID, Uplink | Event]:
    path, _, query = callback.path.partition("?")
    event = path.strip("/") or query.removeprefix("event=")
    arrival = Arrival(7, callback.due, event, "application/json", query, callback.body, {})
    identity = registry.identify(callback.network, arrival)
    (found,) = registry.parse(callback.network, arrival)
    return identity.key, found


# The weather.


@given(
    st.sampled_from([device for device in DEVICES if device.slug != "door"]),
    st.floats(-365 * 86400, 60 * 86400),
    st.integers(0, 5),
)
def test_every_measurement_is_one_that_the_place_could_have(
    device: DemoDevice, offset_s: float, seed: int
) -> None:
    world = World(Noise(seed), ORIGIN)
    sample = measure(world, device, ORIGIN + timedelta(seconds=offset_s))
    for name, value in dataclasses.asdict(sample).items():
        if name in RANGES:
            low, high = RANGES[name]
            assert low <= value <= high, f"{device.name}: {name} is {value}"
    assert measure(world, device, ORIGIN + timedelta(seconds=offset_s)) == sample


@pytest.mark.parametrize("name", ["第1冷蔵庫", "北の田 1号", "いちごハウス"])
@pytest.mark.parametrize("months", [0, 3, 6, 9])
def test_a_curve_has_no_jumps_between_neighbouring_samples(name: str, months: int) -> None:
    end = ORIGIN - months * 30 * DAY
    found = [dataclasses.asdict(one.sample) for one in timeline(BY_NAME[name]).past(end - DAY, end)]
    assert len(found) >= 47
    for before, after in pairwise(found):
        for key, step in STEPS.items():
            assert abs(after.get(key, 0) - before.get(key, 0)) <= step


def test_summer_is_warm_fields_are_flooded_in_june_and_dry_in_winter() -> None:
    greenhouse, field = BY_NAME["いちごハウス"], BY_NAME["北の田 2号"]

    def noon(month: int) -> datetime:
        return datetime(2025, month, 5, 3, tzinfo=UTC)

    summer = weather.greenhouse(WORLD, greenhouse, noon(8).timestamp())
    winter = weather.greenhouse(WORLD, greenhouse, (noon(1) + 365 * DAY).timestamp() - 12 * 3600)
    assert summer.temperature > winter.temperature + 10
    assert winter.temperature > 4  # it is heated
    assert weather.paddy(WORLD, field, noon(6).timestamp()).level_cm > 3
    assert weather.paddy(WORLD, field, noon(12).timestamp()).level_cm < 2


def test_the_drifting_store_is_warmer_after_a_year_and_the_others_are_not() -> None:
    def mean(name: str, at: datetime) -> float:
        found = [one.sample for one in timeline(BY_NAME[name]).past(at, at + 3 * DAY)]
        return sum(one.temperature for one in found if isinstance(one, samples.ColdStore)) / len(
            found
        )

    begin, end = ORIGIN - 360 * DAY, ORIGIN - 4 * DAY
    assert mean("検食室冷蔵庫", end) - mean("検食室冷蔵庫", begin) > 1.5
    assert abs(mean("第1冷蔵庫", end) - mean("第1冷蔵庫", begin)) < 1.0


# Who sends when.


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.address)
def test_a_counter_goes_up_by_one_from_the_past_into_the_present(device: DemoDevice) -> None:
    line = timeline(device)
    found = list(line.past(ORIGIN - 5 * DAY, ORIGIN))
    found += line.live(ORIGIN, ORIGIN + timedelta(minutes=20), Story(ORIGIN.timestamp()))
    numbers = [one.number for one in found]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(a.at < b.at for a, b in pairwise(found))


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.address)
def test_a_span_in_two_parts_is_the_span_in_one(device: DemoDevice) -> None:
    line, middle = timeline(device), ORIGIN - 3 * DAY - timedelta(hours=5, minutes=3)
    whole = list(line.past(middle - DAY, middle + DAY))
    assert whole == [*line.past(middle - DAY, middle), *line.past(middle, middle + DAY)]
    assert whole


def test_every_terminal_reports_within_forty_seconds_but_the_silent_one() -> None:
    told = Story(ORIGIN.timestamp())
    for device in DEVICES:
        found = list(timeline(device).live(ORIGIN, ORIGIN + timedelta(minutes=10), told))
        if device.character == "silent":
            assert not found
            last = list(timeline(device).past(ORIGIN - 9 * DAY, ORIGIN + DAY))[-1]
            assert timedelta(days=3) < ORIGIN - last.at < timedelta(days=3, hours=8)
            continue
        gaps = [b.at - a.at for a, b in pairwise(found)]
        assert timedelta(seconds=8) < min(gaps)
        assert max(gaps) < timedelta(seconds=50)


def test_a_door_opens_once_for_each_time_it_closes_and_counts_it() -> None:
    line = timeline(BY_NAME["工場裏口"])
    found = list(line.past(ORIGIN - 30 * DAY, ORIGIN))
    was_open, openings = False, None
    for one in found:
        assert isinstance(one.sample, samples.Door)
        if openings is not None:
            assert one.sample.count - openings == (one.sample.is_open and not was_open)
        was_open, openings = one.sample.is_open, one.sample.count
    first = next(line.live(ORIGIN, ORIGIN + timedelta(minutes=1), Story(0)))
    assert isinstance(first.sample, samples.Door)
    assert first.sample.count - (openings or 0) == first.sample.is_open
    assert len({one.at.astimezone(UTC).date() for one in found}) >= 30


def test_a_year_is_about_a_quarter_million_uplinks() -> None:
    days = [ORIGIN - number * 36 * DAY for number in range(1, 11)]
    count = sum(
        1 for device in DEVICES for day in days for _ in timeline(device).past(day - DAY, day)
    )
    assert 220_000 < count * 36.5 < 300_000


def test_a_stopped_demo_fills_the_gap_at_the_usual_interval() -> None:
    found = list(timeline(BY_NAME["第1冷蔵庫"]).past(ORIGIN + DAY, ORIGIN + 2 * DAY))
    assert 80 < len(found) < 110
    numbers = [one.number for one in found]
    assert numbers == sorted(set(numbers))


# The story.


def test_the_store_left_open_is_above_its_limit_for_two_minutes_and_recovers() -> None:
    line = timeline(BY_NAME["第2冷蔵庫"])
    found = list(line.live(ORIGIN, ORIGIN + timedelta(minutes=12), Story(ORIGIN.timestamp())))
    warm = [
        (one.at - ORIGIN).total_seconds()
        for one in found
        if isinstance(one.sample, samples.ColdStore) and one.sample.temperature > 10
    ]
    assert 60 < warm[0] < 120
    assert 90 < warm[-1] - warm[0] < 240
    last = found[-1].sample
    assert isinstance(last, samples.ColdStore)
    assert last.temperature < 9


def test_the_trap_springs_after_three_minutes_and_is_armed_again_four_later() -> None:
    line = timeline(BY_NAME["米野木1号"])
    found = list(line.live(ORIGIN, ORIGIN + timedelta(minutes=20), Story(ORIGIN.timestamp())))
    sprung = [
        (one.at - ORIGIN).total_seconds()
        for one in found
        if isinstance(one.sample, samples.Trap) and one.sample.has_sprung
    ]
    assert 180 <= sprung[0] < 210
    assert 210 < sprung[-1] - sprung[0] < 240


# The radio.


def decoded(sandbox: Sandbox, device: DemoDevice, uplink: Uplink) -> dict[str, object]:
    job = Job(
        1,
        DEVICES.index(device) + 1 if device in DEVICES else 99,
        "javascript",
        source_of(device.slug),
        uplink.payload,
        uplink.f_port,
        uplink.sent_at,
        None,
        {},
    )
    (result,) = sandbox.decode([job])
    assert result.error == ""
    (measurement,) = result.measurements
    return dict(measurement.values)


@pytest.mark.parametrize("device", [*DEVICES, STRANGER], ids=lambda device: device.address)
def test_every_body_is_parsed_and_decodes_to_the_values_put_in(
    sandbox: Sandbox, device: DemoDevice
) -> None:
    messages = (
        strangers(WORLD, ORIGIN)
        if device is STRANGER
        else list(timeline(device).past(ORIGIN - 4 * DAY, ORIGIN))[:40]
    )
    kinds: Counter[str] = Counter()
    for message in messages:
        for callback in callbacks_of(WORLD.noise, message):
            _, found = parsed(callback)
            kinds[callback.path] += 1
            if not isinstance(found, Uplink):
                continue
            assert found.address == device.address
            assert abs(found.sent_at - message.at) < timedelta(seconds=1)
            assert 0 < len(found.payload) <= 12
            assert_close(decoded(sandbox, device, found), message.sample)
    assert sum(kinds.values()) >= len(messages)
    if device.network == "sigfox":
        assert kinds["/advanced"] >= len(messages)


def assert_close(found: dict[str, object], sample: samples.Sample) -> None:
    names = {"is_open": "open", "has_sprung": "sprung", "is_tilted": "tilted"}
    wanted = dataclasses.asdict(sample)
    assert set(found) == {names.get(key, key) for key in wanted}
    for key, value in wanted.items():
        told = found[names.get(key, key)]
        assert isinstance(told, int | float)
        assert abs(told - value) <= 0.5, f"{key}: {told} for {value}"


def test_uplink_and_advanced_describe_one_message_half_a_minute_apart() -> None:
    message = next(timeline(BY_NAME["北の田 1号"]).past(ORIGIN - DAY, ORIGIN))
    sent = {one.path: one for one in callbacks_of(WORLD.noise, message)}
    wait = sent["/advanced"].due - sent["/uplink"].due
    assert timedelta(seconds=25) <= wait <= timedelta(seconds=30)
    (_, first), (_, second) = parsed(sent["/uplink"]), parsed(sent["/advanced"])
    assert isinstance(first, Uplink)
    assert isinstance(second, Uplink)
    assert first.message == second.message
    assert second.location is not None


def test_a_few_callbacks_in_a_hundred_come_twice_with_the_same_key() -> None:
    for name, low, high in (("北の田 1号", 0.015, 0.05), ("川ぞいの田", 0.003, 0.025)):
        found = [
            one
            for message in timeline(BY_NAME[name]).past(ORIGIN - 60 * DAY, ORIGIN)
            for one in callbacks_of(WORLD.noise, message)
        ]
        repeats = [one for one in found if one.is_repeat]
        assert low < len(repeats) / len(found) < high
        firsts = {(one.path, one.body): one for one in found if not one.is_repeat}
        assert len(firsts) == len(found) - len(repeats)
        for repeat in repeats[:5]:
            first = firsts[repeat.path, repeat.body]
            assert parsed(first) == parsed(dataclasses.replace(repeat, due=first.due))
            assert repeat.due - first.due == timedelta(seconds=60)


def test_a_terminal_that_joins_again_each_day_begins_to_count_at_zero() -> None:
    device = BY_NAME["育苗ハウス"]
    counts, joins = [], 0
    for message in timeline(device).past(ORIGIN - 3 * DAY, ORIGIN):
        for one in callbacks_of(WORLD.noise, message):
            joins += one.path == "?event=join"
            if one.path == "?event=up":
                body = json.loads(one.body)
                counts.append((body["devAddr"], body["fCnt"]))
    assert joins == 3
    assert len(set(counts)) == len(counts)
    assert sum(count == 0 for _, count in counts) == 3


def test_what_goes_wrong_in_the_field_is_refused_for_its_reason() -> None:
    cut, unfilled = radio.garbage(ORIGIN)
    with pytest.raises(Malformed, match="not_json"):
        parsed(cut)
    with pytest.raises(Malformed, match="template_not_filled"):
        parsed(unfilled)


def test_the_stranger_is_registered_nowhere_and_sends_a_few_times() -> None:
    found = strangers(WORLD, ORIGIN)
    assert 3 <= len(found) <= 10
    assert STRANGER.address not in {device.address for device in DEVICES}
    assert len({one.number for one in found}) == len(found)
