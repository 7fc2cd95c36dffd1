"""Summaries equal a plain count of the readings, wherever these lie and whenever they came."""

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from noroshi.base import wire
from noroshi.readings import closing
from noroshi.readings.store import Point, keep_points
from noroshi.readings.summaries import STEPS, STEPS_MAX, Step, borders_of, summaries
from tests.readings.conftest import NOW, Field

JAPAN = ZoneInfo("Asia/Tokyo")
# Midnights in Japan: of a month, of a year, of a leap day, and one that is still hot.
EDGES = [
    datetime(2030, 12, 31, 15, tzinfo=UTC),
    datetime(2031, 1, 31, 15, tzinfo=UTC),
    datetime(2031, 2, 28, 15, tzinfo=UTC),
    datetime(2031, 3, 8, 15, tzinfo=UTC),
]

Told = dict[datetime, float]


def keep(field: Field, told: Told) -> int:
    """Store readings as one batch; answers the series."""
    tenant, device = field.tenant.pk, field.device.pk
    points = [Point(tenant, device, "level", "number", at, value) for at, value in told.items()]
    return keep_points(points)[0].series_id


def by_hand(told: Told, step: Step, zone: ZoneInfo) -> dict[datetime, Told]:
    """The readings of each step by the calendar alone."""
    found: dict[datetime, Told] = defaultdict(dict)
    for at, value in sorted(told.items()):
        begin = at.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        if step != "hour":
            begin = begin.replace(hour=0)
        if step == "month":
            begin = begin.replace(day=1)
        found[begin.astimezone(UTC)][at] = value
    return found


def check(series: int, told: Told, step: Step, zone: ZoneInfo = JAPAN) -> None:
    """Compare every number of every step."""
    borders = borders_of(step, min(told), max(told) + wire.MICROSECOND, zone)
    found, expected = summaries([series], borders)[series], by_hand(told, step, zone)
    assert [wire.moment(us) for us in found.begin.tolist()] == list(expected)
    for n, one in enumerate(expected.values()):
        values, times = list(one.values()), list(one)
        assert found.count[n] == len(values)
        assert (found.low[n], found.high[n]) == (min(values), max(values))
        assert math.isclose(found.total[n], math.fsum(values), rel_tol=1e-12, abs_tol=1e-9)
        assert math.isclose(found.mean[n], math.fsum(values) / len(values), abs_tol=1e-9)
        assert (found.first[n], found.last[n]) == (values[0], values[-1])
        assert wire.moment(int(found.first_at[n])) == times[0]
        assert wire.moment(int(found.last_at[n])) == times[-1]


def around_edges(random: Random, count: int) -> Told:
    """Readings of which many lie within seconds of a midnight in Japan, or exactly on it."""
    told = {}
    for _ in range(count):
        reach_us = random.choice([0, 1, 1_000_000, 3_600_000_000, 2 * 86_400_000_000])
        offset = timedelta(microseconds=random.randint(-reach_us, reach_us))
        told[random.choice(EDGES) + offset] = round(random.uniform(-50, 50), 1)
    return told


@pytest.mark.parametrize("seed", range(6))
def test_late_corrected_and_deleted_readings_change_their_hour_day_and_month(
    field: Field, seed: int
) -> None:
    random = Random(seed)
    told = around_edges(random, 60)
    series = keep(field, told)
    for round_ in range(4):
        if random.random() < 0.7:
            closing.close_days(NOW)
        if round_ and random.random() < 0.7:
            closing.merge_months(NOW)
        changed = around_edges(random, 10)  # late
        for at in random.sample(sorted(told), 8):
            changed[at] = round(random.uniform(-500, 500), 2)  # corrected, decoded again
        keep(field, changed)
        told |= changed
        for step in STEPS:
            check(series, told, step)


def test_what_is_deleted_leaves_no_trace_in_its_day(field: Field) -> None:
    random = Random(7)
    told = around_edges(random, 40)
    series = keep(field, told)
    closing.close_days(NOW)
    border = EDGES[1].astimezone(JAPAN).date()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM readings_chunk WHERE day_from >= %s", [border])
        cursor.execute("DELETE FROM readings_reading")
    borders = borders_of("day", min(told), max(told) + wire.MICROSECOND, JAPAN)
    left = summaries([series], borders)[series]
    assert 0 < left.count.sum() < len(told)
    kept = {at: value for at, value in told.items() if at < wire.moment(int(left.last_at[-1]) + 1)}
    check(series, kept, "day")


def test_a_series_without_readings_has_no_steps(field: Field) -> None:
    series = keep(field, {EDGES[0]: 1.0})
    borders = borders_of("day", EDGES[2], EDGES[3], JAPAN)
    assert not len(summaries([series], borders)[series].begin)


def test_a_month_of_days_in_japan_begins_and_ends_at_nine_hours_before_utc() -> None:
    borders = borders_of("day", EDGES[1], EDGES[2], JAPAN)
    assert (borders[0], borders[-1], len(borders)) == (EDGES[1], EDGES[2], 29)
    assert borders_of("month", EDGES[1] + timedelta(days=3), EDGES[2], JAPAN) == EDGES[1:3]


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 30, 23), (10, 26, 25)])
def test_the_day_on_which_clocks_change_has_all_its_hours(month: int, day: int, hours: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin = datetime(2031, month, day, tzinfo=zone)
    borders = borders_of("hour", begin, begin.replace(day=day + 1), zone)
    assert len(borders) - 1 == hours
    assert {(b - a) for a, b in pairwise(borders)} == {timedelta(hours=1)}


def test_an_hour_begins_on_the_hour_in_zones_of_half_hours() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    at = datetime(2031, 3, 8, 7, 45, tzinfo=UTC)
    (begin, end) = borders_of("hour", at, at + wire.MICROSECOND, zone)
    assert (begin, end) == (at.replace(minute=30), at.replace(hour=8, minute=30))


def test_nobody_asks_for_more_steps_than_there_is_room_for() -> None:
    with pytest.raises(ValueError, match="steps"):
        borders_of("hour", EDGES[0], EDGES[0] + timedelta(hours=STEPS_MAX + 30), JAPAN)
    with pytest.raises(ValueError, match="2030"):
        borders_of("day", EDGES[0], EDGES[0], JAPAN)
