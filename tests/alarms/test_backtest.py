"""The back-test rings exactly when the spine would have rung, and is quick about a year."""

import random
import time
from datetime import timedelta
from uuid import uuid4

import pytest

from noroshi.alarms.backtest import try_out
from noroshi.alarms.conditions import Hours, Limits, More, Plan, condition_of
from noroshi.alarms.models import Incident
from noroshi.readings import closing
from noroshi.readings import store as readings
from noroshi.readings.models import StoredUplink
from noroshi.readings.store import Point
from tests.alarms.conftest import Store, at

SECONDS_MAX = 1.0
YEAR_READINGS = 52_560  # one in ten minutes
DAY = 24 * 60


@pytest.fixture(autouse=True)
def _calm_store(store: Store) -> None:
    readings.forget_series()
    for days in range(-1, 4):
        closing.make_partitions(at(days * DAY))


def keep(store: Store, told: list[tuple[float, float]], key: str = "temperature") -> None:
    """Store readings and judge them as the spine does."""
    for one in told:
        point = Point(store.tenant.pk, store.device.pk, key, "number", at(one[0]), one[1])
        readings.keep_points([point])
        store.feed(one, key=key)


@pytest.mark.parametrize(
    "fields",
    [
        {"upper": 13.0, "margin": 1.0, "hold_s": 1200},
        {"upper": 15.0, "lower": 9.0},
        {"upper": 14.0, "more": {"hours": {"begin_min": 720, "end_min": 60}}},
        {"upper": None, "kind": "rate", "options": {"by": 4.0, "within_s": 1800}},
        {"upper": None, "kind": "count", "options": {"count": 3, "of": 5, "upper": 13.0}},
        {"upper": None, "kind": "stuck", "options": {"for_s": 1200, "tolerance": 1.5}},
    ],
)
def test_it_rings_exactly_when_the_spine_rang(store: Store, fields: dict[str, object]) -> None:
    draw = random.Random(7)
    rule = store.rule(**fields)
    keep(store, [(n * 10, draw.gauss(12, 2)) for n in range(200)])
    live = [
        (one.side, one.since, one.opened_at, one.worst_value, one.closed_at)
        for one in Incident.objects.order_by("opened_at")
    ]
    assert live
    found = try_out(rule.plan, store.device, at(-1), at(3 * DAY))
    assert [(one.side, one.since, one.opened_at, one.value, one.until) for one in found] == live


def heard(store: Store, *minutes: float) -> None:
    """Uplinks of the device."""
    for number, minute in enumerate(minutes):
        StoredUplink.objects.create(
            device=store.device, tenant=store.tenant, sent_at=at(minute), message=uuid4(),
            entry_key=uuid4(), received_at=at(minute), processed_at=at(minute), event="up",
            payload=b"", counter=number, rssi_dbm=-100.0 - number,
        )  # fmt: skip


def test_silence_and_the_link_are_tried_out_on_the_uplinks(store: Store) -> None:
    heard(store, 0, 60, 120, 600, 660)
    silence = Plan("@radio", condition_of("silence", {"intervals": 3}))
    found = try_out(silence, store.device, at(-1), at(700))
    assert [(one.opened_at, one.until) for one in found] == [(at(120 + 190), at(600))]
    link = Plan("@radio", condition_of("link", {"what": "rssi", "below": -101.0, "of": 3}))
    assert [one.opened_at for one in try_out(link, store.device, at(-1), at(700))] == [at(600)]


def test_a_silence_that_goes_on_is_still_open(store: Store) -> None:
    heard(store, 0)
    silence = Plan("@radio", condition_of("silence", {}))
    (one,) = try_out(silence, store.device, at(-1), at(DAY))
    assert (one.opened_at, one.until) == (at(190), None)


def test_a_pair_and_what_never_came(store: Store) -> None:
    difference = Plan("temperature", condition_of("difference", {"other": "door", "upper": 5.0}))
    assert try_out(difference, store.device, at(-1), at(DAY)) == []
    keep(store, [(0, 9.0), (10, 20.0)])
    keep(store, [(0, 8.0), (10, 8.0)], key="door")
    assert len(try_out(difference, store.device, at(-1), at(DAY))) == 1


def test_a_year_of_a_device_takes_less_than_a_second(store: Store) -> None:
    draw = random.Random(1)
    points = [
        Point(
            store.tenant.pk, store.device.pk, "temperature", "number",
            at(n / 12), draw.gauss(10, 2),  # as many as in a year, in three days' partitions
        )
        for n in range(YEAR_READINGS)
    ]  # fmt: skip
    readings.keep_points(points)
    hours = More(hours=Hours(1320, 360, (0, 1, 2, 3, 4), "never"))
    plan = Plan("temperature", Limits(13.0), 1.0, 20, hours)
    took = []
    for _ in range(3):
        began = time.process_time()
        assert try_out(plan, store.device, at(-1), at(5 * DAY))
        took.append(time.process_time() - began)
    assert min(took) < SECONDS_MAX
    assert points[-1].at - points[0].at < timedelta(days=4)
