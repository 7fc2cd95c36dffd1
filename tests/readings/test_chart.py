"""Pages get what they ask for, wherever the readings lie."""

from datetime import timedelta

import pytest

from noroshi.base import wire
from noroshi.readings import chart, closing
from noroshi.readings.store import keep_points
from tests.readings.conftest import NOW, OLD, Field, at

FAR = timedelta(days=400)


@pytest.fixture(params=["hot", "days", "months"])
def series(request: pytest.FixtureRequest, field: Field) -> int:
    """3,000 readings every 10 minutes from three weeks before OLD, lying where the name says."""
    found = field.keep(*((n * 10 - 21 * 1440, float(n % 144)) for n in range(3_000)))
    if request.param != "hot":
        closing.close_days(NOW + timedelta(days=30 * (request.param == "months")))
    if request.param == "months":
        closing.merge_months(NOW + timedelta(days=30))
    return found


def test_a_chart_has_at_most_the_points_asked_for(series: int) -> None:
    drawn = chart.points(series, OLD - FAR, OLD + FAR, max_points=100)
    assert drawn.is_thinned
    assert 0 < len(drawn.times) <= 100
    assert int(drawn.count.sum()) == 3_000
    assert (drawn.low.min(), drawn.high.max()) == (0.0, 143.0)


def test_a_short_range_is_raw_and_its_end_is_outside(series: int) -> None:
    drawn = chart.points(series, at(-1440), at(-1440 + 50))
    assert not drawn.is_thinned
    assert drawn.times.tolist() == [wire.micros(at(-1440 + n * 10)) for n in range(5)]
    assert drawn.mean.tolist() == drawn.low.tolist() == drawn.high.tolist() == [0, 1, 2, 3, 4]


def test_an_empty_range_has_no_points(series: int) -> None:
    assert len(chart.points(series, OLD + FAR, OLD + FAR * 2).times) == 0
    assert len(chart.points(series + 1_000_000, OLD - FAR, OLD + FAR).times) == 0
    assert len(chart.points(series, at(0), at(0)).times) == 0


def test_rows_come_newest_first_page_by_page(field: Field, series: int) -> None:
    other = field.keep(*((n * 60 - 21 * 1440, -float(n)) for n in range(24)), key="flow")
    kept = keep_points([field.point(5, "ok", "state", "text")])
    asked = [series, other, kept[0].series_id]
    pages, before = [], OLD + FAR
    while page := chart.last_rows(asked, before, 700):
        pages.append(page)
        before = page[-1].at
    found = [row for page in pages for row in page]
    assert [len(page) for page in pages] == [700, 700, 700, 700, 201]
    assert found == list(reversed(list(chart.window(asked, OLD - FAR, OLD + FAR))))
    assert found[-1].values == {series: 0.0, other: 0.0}
    assert [row.values for row in found if row.at == at(5)] == [{kept[0].series_id: "ok"}]


def test_a_series_without_readings_has_no_rows(field: Field) -> None:
    assert chart.last_rows([1_000_000], NOW, 10) == []
    assert chart.last_rows([], NOW, 10) == []
    assert list(chart.window([1_000_000], OLD, NOW)) == []


def test_small_lines_take_two_queries_for_one_series_and_for_many(
    field: Field, series: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [field.keep((0, 1.0), (5, 3.0), key=f"k{n}") for n in range(30)]
    opened: list[int] = []
    cursor = wire.cursor
    monkeypatch.setattr(wire, "cursor", lambda: opened.append(1) or cursor())
    since, until = OLD - timedelta(days=1), OLD + timedelta(days=1)
    assert list(chart.sparklines([series], since, until)) == [series]
    assert len(opened) == 2
    lines = chart.sparklines([series, *others], since, until)
    assert len(opened) == 4
    assert set(lines) == {series, *others}
    assert len(lines[series]) == 20  # hours of the first day, the last four of which are empty
    assert lines[others[0]] == [(at(0).timestamp(), 1, 1, 1), (at(5).timestamp(), 3, 3, 3)]
    assert chart.sparklines([], since, until) == {}


def test_latest_values_come_by_device_with_their_kind(field: Field) -> None:
    keep_points(
        [
            field.point(0, 3.5),
            field.point(1, 1, "door", "boolean"),
            field.point(2, "ok", "state", "text"),
            field.point(3, {"lat": 35.0, "lng": 139.0}, "place", "position"),
        ]
    )
    numbers = chart.latest_numbers([field.device.pk, field.other.pk])
    found = chart.latest([field.device.pk, field.other.pk])
    assert list(found) == [field.device.pk]
    assert {one.key: (one.kind, one.value, one.at) for one in found[field.device.pk]} == {
        "level": ("number", 3.5, at(0)),
        "door": ("boolean", 1.0, at(1)),
        "state": ("text", "ok", at(2)),
        "place": ("position", {"lat": 35.0, "lng": 139.0}, at(3)),
    }
    told = dict(zip(numbers.at.tolist(), numbers.value.tolist(), strict=True))
    assert told == {wire.micros(at(0)): 3.5, wire.micros(at(1)): 1.0}
    assert set(numbers.device.tolist()) == {field.device.pk}
    assert sorted(numbers.series.tolist()) == [
        one.series_id for one in found[field.device.pk] if one.kind in {"number", "boolean"}
    ]
