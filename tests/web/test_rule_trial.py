"""Trying a rule out before it is saved: in words, on the chart, and nothing kept."""

from datetime import timedelta

import pytest
from django.test import Client

from noroshi.alarms.models import Rule
from noroshi.readings.store import Point, keep_points
from tests.web.conftest import Cast

NEW = "/rules/new/?device=cold2&key=temperature&kind=limits"
TRY = {"upper": "10", "margin": "1", "hold_min": "0", "is_active": "on", "do": "try"}


@pytest.fixture(autouse=True)
def _warm_hours(cast: Cast) -> None:
    """Of nine hours two days ago every third was too warm."""
    keep_points(
        [
            Point(
                cast.tenant.pk, cast.device.pk, "temperature", "number",
                cast.now - timedelta(hours=48) + timedelta(minutes=20 * n),
                12.0 if (n // 3) % 3 == 2 else 5.0,
            )
            for n in range(27)
        ]
    )  # fmt: skip


def test_a_trial_says_how_often_it_would_have_rung_and_saves_nothing(
    cast: Cast, aki: Client
) -> None:
    page = aki.post(NEW, TRY).content.decode()
    assert "この条件なら、" in page
    assert "過去30日で 4回" in page  # and the reading of the cast itself
    assert "過去365日で 4回" in page
    assert "12.0℃" in page
    assert 'value="10"' in page
    assert Rule.objects.count() == 1
    page = aki.post("/rules/rule1/", TRY | {"upper": "99"}).content.decode()
    assert "過去30日で 0回" in page
    assert Rule.objects.get().upper == 10.0


def test_a_form_with_a_fault_is_not_tried_out(cast: Cast, aki: Client) -> None:
    page = aki.post(NEW, TRY | {"upper": ""}).content.decode()
    assert "この条件なら、" not in page
    assert "少なくともどちらか" in page


def test_the_chart_shows_the_alarms_that_would_have_been(cast: Cast, aki: Client) -> None:
    since = (cast.now - timedelta(days=3)).timestamp()
    asked = f"key=temperature&kind=limits&upper=11&hold_min=0&from={since:.0f}"
    told = aki.get(f"/d/cold2/trial.json?{asked}&to={cast.now.timestamp() + 60:.0f}").json()
    assert told["series"][0]["limits"] == {"upper": 11.0, "lower": None}
    assert len(told["incidents"]) == 3
    assert told["incidents"][0]["text"].endswith("℃")


@pytest.mark.parametrize(
    ("query", "status"),
    [("key=nothing&upper=1&hold_min=0", 404), ("key=temperature&hold_min=0", 400), ("", 404)],
)
def test_a_chart_of_nonsense_is_refused(query: str, status: int, cast: Cast, aki: Client) -> None:
    assert aki.get(f"/d/cold2/trial.json?{query}").status_code == status


def test_who_may_only_look_tries_nothing_out(cast: Cast, ben: Client) -> None:
    assert ben.get("/d/cold2/trial.json?key=temperature&upper=1&hold_min=0").status_code == 403
