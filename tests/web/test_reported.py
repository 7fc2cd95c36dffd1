"""What networks report beside the payload speaks in words: pages, CSV, forms, mails."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import translation

from noroshi.alarms.mails import News, Telling, write
from noroshi.alarms.models import Event, Incident
from noroshi.devices.models import Heartbeat, Quantity
from noroshi.devices.quantities import is_aside, is_reported, quantities_of
from noroshi.readings import store
from noroshi.readings.store import Point
from noroshi.web.linkwords import link_lines
from noroshi.web.sentences import delay
from tests.web.conftest import Cast, place
from tests.web.test_home import text_of


@pytest.fixture
def told(cast: Cast) -> Cast:
    """The cold store, after its network told of battery, link and place."""
    device = cast.device
    reported = [
        ("battery_percent", "number", 12.4),
        ("link_margin_db", "number", 7.0),
        ("external_power", "boolean", 1.0),
        ("temperature_x", "number", 1.0),
    ]
    points = [
        Point(device.tenant_id, device.pk, key, kind, cast.now, value)
        for key, kind, value in reported
    ]
    where = {"lat": 35.15085, "lng": 137.0538, "alt": None}
    points.append(Point(device.tenant_id, device.pk, "location", "position", cast.now, where))
    store.keep_points(points)
    return cast


def test_reported_facts_stand_behind_the_fold_in_words(told: Cast, aki: Client) -> None:
    page = text_of(aki, "/d/cold2/")
    head, fold = page.split("電波と電池", 1)
    for words in ("電池残量", "電波の余裕", "外部電源", "あり", "35.15085, 137.05380"):
        assert words in fold
    for raw in ("battery_percent", "link_margin_db", "external_power"):
        assert f">{raw}<" not in page
    assert "電波の余裕" not in head
    assert "電池残量" in head  # 12 % is low, and that is told at once


def test_a_full_battery_is_no_news_on_a_card(told: Cast, aki: Client) -> None:
    assert "電池残量" in text_of(aki)
    store.keep_points([Point(told.device.tenant_id, told.device.pk, "battery_percent", "number",
                       told.now + timedelta(seconds=1), 80.0)])  # fmt: skip
    assert "電池残量" not in text_of(aki)


def test_a_chart_of_a_daily_fact_has_no_gaps(told: Cast, aki: Client) -> None:
    data = aki.get("/d/cold2/chart.json?key=battery_percent").json()
    assert data["gaps_over_s"] == 0
    line = data["series"][0]
    assert (line["name"], line["unit"], line["decimals"]) == ("電池残量", "%", 0)


def test_reported_facts_can_be_watched_once_they_came(told: Cast, cast: Cast, aki: Client) -> None:
    assert "電池残量" in text_of(aki, "/rules/new/?device=cold2")
    place(cast.tenant, cast.type, "新品", code="fresh")
    assert "電池残量" not in text_of(aki, "/rules/new/?device=fresh")


def test_a_csv_names_reported_facts_with_their_unit(told: Cast, aki: Client) -> None:
    day = f"{told.now:%Y-%m-%d}"
    query = f"since={day}&until={day}&encoding=utf-8&shape=wide&device=cold2&accepted=1"
    answer = aki.get(f"/export/file.csv?{query}")
    first = b"".join(answer.streaming_content).decode().splitlines()[0]
    assert "電池残量" in first
    assert "battery_percent" not in first


def test_a_mail_about_a_battery_speaks_of_the_battery(told: Cast) -> None:
    incident = Incident.objects.get()
    incident.key, incident.side, incident.limit = "battery_percent", "lower", 20.0
    news = News("opened", incident, 12.4, told.now)
    mail = write([Telling(news, Event.OPENED, 0, told.recipient, 1)], now=told.now)[0]
    assert "電池残量 12%（下限20%）" in mail.subject


def test_a_types_own_word_wins(cast: Cast) -> None:
    Quantity.objects.create(type=cast.type, key="battery_percent", name_ja="バッテリー", unit="％")
    found = quantities_of({cast.type.pk})[cast.type.pk, "battery_percent"]
    assert (found.name_ja, found.unit) == ("バッテリー", "％")
    assert is_aside(found)
    assert not is_reported(found)


def test_the_temperature_of_a_terminal_is_not_that_of_what_it_measures(cast: Cast) -> None:
    own = quantities_of({cast.type.pk})[cast.type.pk, "temperature"]
    assert own.name_ja == "温度"
    Quantity.objects.filter(type=cast.type, key="temperature").delete()
    assert quantities_of({cast.type.pk})[cast.type.pk, "temperature"].name_ja == "端末の温度"
    Quantity.objects.filter(type=cast.type).delete()
    silent_type = quantities_of({cast.type.pk})[cast.type.pk, "temperature"]
    assert silent_type.name_ja == "温度"
    assert not is_aside(silent_type)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0.1秒未満"),
        (0.24, "0.2秒"),
        (9.96, "10.0秒"),
        (45, "45秒"),
        (1560.9, "26分"),
        (12_353.4, "3時間25分"),
        (200_000, "2日7時間"),
        (172_800, "2日"),
    ],
)
def test_a_delay_is_told_as_people_say_it(seconds: float, words: str) -> None:
    with translation.override("ja"):
        assert delay(seconds) == words


def test_facts_of_the_radio_path_have_names_and_an_order() -> None:
    with translation.override("ja"):
        lines = link_lines({"zz": "1", "data_rate": "SF8 BW125", "lqi": "GOOD",
                            "frequency_mhz": "923.2"})  # fmt: skip
    assert lines == [
        ("電波の品質", "良い"),
        ("データレート", "SF8 BW125"),
        ("周波数", "923.2 MHz"),
        ("zz", "1"),
    ]


def test_silent_devices_are_named_and_the_rest_is_counted(cast: Cast, aki: Client) -> None:
    Incident.objects.update(closed_at=cast.now)
    for number in range(4):
        device = place(cast.tenant, cast.type, f"沈黙{number}", code=f"s{number}")
        at = cast.now - timedelta(hours=5 + number)
        Heartbeat.objects.create(device=device, tenant=cast.tenant, sent_at=at, received_at=at)
    page = text_of(aki)
    now = page[: page.index('class="sheet card')]
    assert "いま対応が必要なもの 4件" in now
    assert "沈黙0" in now
    assert "沈黙3" not in now
    assert "ほか 1台から応答がありません" in now
    assert "（5時間前）" in now
    assert "ふだんは10分ごと" in now
