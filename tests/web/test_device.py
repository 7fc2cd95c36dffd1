"""The pages of one device: head, chart, table, uplinks, downlinks, settings."""

from datetime import timedelta

import pytest
from django.test import Client

from noroshi.base.wire import micros
from noroshi.devices.models import Device, Downlink, Site, Thing
from noroshi.readings.models import StoredUplink
from noroshi.tenants.models import AuditEntry, Tenant
from tests.web.conftest import Cast
from tests.web.test_home import text_of


def test_the_head_tells_value_limit_age_radio_and_rhythm(cast: Cast, aki: Client) -> None:
    page = text_of(aki, "/d/cold2/")
    for words in ("警報", "11.0<span", "上限 10.0℃", "−97<span", "基地局3", "10分", "開"):
        assert words in page


def test_a_chart_stands_for_each_drawable_series_with_a_table_beside(
    cast: Cast, aki: Client
) -> None:
    page = text_of(aki, "/d/cold2/?range=7d")
    assert page.count('data-mount="chart"') == 2  # the text has none
    assert "/d/cold2/chart.json?key=temperature&amp;range=7d" in page
    assert "/d/cold2/table/?range=7d" in page


def test_chart_data_holds_points_limits_and_alarms(cast: Cast, aki: Client) -> None:
    data = aki.get("/d/cold2/chart.json?key=temperature").json()
    line = data["series"][0]
    assert (line["name"], line["unit"], line["decimals"]) == ("温度", "℃", 1)
    assert len(line["points"]) == 19
    assert line["points"][-1][0] == pytest.approx(cast.now.timestamp())
    assert line["points"][-1][1:] == pytest.approx([11.0, 11.0, 11.0])
    assert line["limits"] == {"lower": None, "upper": 10.0}
    assert data["to"] - data["from"] == pytest.approx(86400)
    assert data["incidents"][0]["to"] is None
    assert data["gaps_over_s"] == 1800


def test_a_truth_value_is_charted_in_words_without_limits(cast: Cast, aki: Client) -> None:
    line = aki.get("/d/cold2/chart.json?key=door").json()["series"][0]
    assert line["words"] == {"0": "閉", "1": "開"}
    assert line["limits"] == {"lower": None, "upper": None}


def test_chart_data_follows_from_and_to(cast: Cast, aki: Client) -> None:
    end = cast.now.timestamp()
    data = aki.get(f"/d/cold2/chart.json?key=temperature&from={end - 3600}&to={end}").json()
    assert (data["from"], data["to"]) == (end - 3600, end)
    assert len(data["series"][0]["points"]) == 6


@pytest.mark.parametrize("key", ["", "nothing", "note"])
def test_no_chart_for_what_cannot_be_drawn(key: str, cast: Cast, aki: Client) -> None:
    assert aki.get(f"/d/cold2/chart.json?key={key}").status_code == 404


@pytest.mark.parametrize("query", ["from=1&to=0", "from=nan&to=inf", "from=x", "range=9y"])
def test_a_strange_range_is_the_last_day(query: str, cast: Cast, aki: Client) -> None:
    data = aki.get(f"/d/cold2/chart.json?key=temperature&{query}").json()
    assert data["to"] - data["from"] == pytest.approx(86400)
    assert aki.get(f"/d/cold2/?{query}").status_code == 200


def test_chosen_days_become_a_link_in_the_readers_time_zone(cast: Cast, aki: Client) -> None:
    answer = aki.get("/d/cold2/?since=2026-11-01&until=2026-11-02")
    begin = 1793458800  # 2026-11-01 00:00 in Japan
    assert answer["Location"] == f"/d/cold2/?from={begin}&to={begin + 2 * 86400}"
    assert "終了日は" in text_of(aki, "/d/cold2/?since=2026-11-02&until=2026-11-01")


def test_the_table_shows_decimals_words_and_what_is_beyond(cast: Cast, aki: Client) -> None:
    page = text_of(aki, "/d/cold2/table/")
    newest = page[page.index("<tbody>") :]
    newest = newest[: newest.index("</tr>")]
    for words in ("11.0", "開", "=1+1 ①𠮷", "上限・下限の外"):
        assert words in newest
    older = text_of(aki, f"/d/cold2/table/?before={micros(cast.now)}")
    assert "開" not in older[older.index("<tbody>") :]


def test_an_uplink_tells_everything_that_is_known_of_it(cast: Cast, aki: Client) -> None:
    assert "01 0A FF" in text_of(aki, "/d/cold2/uplinks/")
    page = text_of(aki, f"/d/cold2/uplinks/{micros(cast.uplink.sent_at)}/{cast.uplink.message}/")
    for words in (
        "01 0A FF",
        "3バイト",
        "11.0℃",
        "開",
        "冷蔵庫",
        "v3",
        "事業者",
        "KCCS",
        "＋1.0秒",
        "41",
    ):
        assert words in page


def test_uplinks_go_back_in_time_page_by_page(cast: Cast, aki: Client) -> None:
    for step in range(1, 51):
        row = StoredUplink.objects.get(pk=cast.uplink.pk)
        row.sent_at -= timedelta(minutes=step)
        row.save(force_insert=True)
    first = text_of(aki, "/d/cold2/uplinks/")
    assert first.count("01 0A FF") == 50
    oldest = micros(cast.now - timedelta(minutes=49))
    assert f"before={oldest}" in first
    assert text_of(aki, f"/d/cold2/uplinks/?before={oldest}").count("01 0A FF") == 1


def test_settings_save_name_place_and_rhythm_and_write_it_down(cast: Cast, aki: Client) -> None:
    sent = {"name": "第3冷蔵庫", "site": "", "new_site": "支店", "interval_min": "30"}
    assert aki.post("/d/cold2/settings/", sent).status_code == 302
    device = Device.objects.get(code="cold2")
    assert (device.name, device.interval_s) == ("第3冷蔵庫", 1800)
    assert device.site == Site.objects.get(name="支店", tenant=cast.tenant)
    entry = AuditEntry.objects.get(action="device.changed")
    assert entry.details["name"] == ["第2冷蔵庫", "第3冷蔵庫"]
    assert "第2冷蔵庫 → 第3冷蔵庫" in text_of(aki, "/history/")


def test_settings_that_cannot_be_keep_what_was_typed(cast: Cast, aki: Client) -> None:
    answer = aki.post("/d/cold2/settings/", {"name": "", "new_site": "支店", "interval_min": "0"})
    page = answer.content.decode()
    assert 'value="支店"' in page
    assert page.count('class="error"') == 2
    assert Device.objects.get(code="cold2").name == "第2冷蔵庫"


def test_a_foreign_place_cannot_be_chosen(cast: Cast, aki: Client, chie: Client) -> None:
    theirs = Site.objects.create(
        tenant=Tenant.objects.get(code="chie-tenant"),
        name="よその場所",
    )
    answer = aki.post("/d/cold2/settings/", {"name": "x", "site": str(theirs.pk)})
    assert answer.status_code == 200
    assert Device.objects.get(code="cold2").site == cast.site


@pytest.mark.parametrize("typed", ["", "0102", "zz" * 8, "01" * 9, "０１" * 8])
def test_a_downlink_that_cannot_be_sent_is_refused_beside_the_field(
    typed: str, cast: Cast, aki: Client
) -> None:
    page = aki.post("/d/cold2/downlinks/", {"payload": typed}).content.decode()
    assert 'class="error"' in page
    assert Downlink.objects.count() == 1


def test_a_downlink_is_queued_and_taken_back(cast: Cast, aki: Client) -> None:
    aki.post("/d/cold2/downlinks/", {"payload": "01 02 03 04 05 06 07 08"})
    made = Downlink.objects.latest("pk")
    assert bytes(made.payload) == bytes(range(1, 9))
    page = aki.post(f"/d/cold2/downlinks/{made.pk}/cancel/", follow=True).content.decode()
    assert "取り消しました" in page
    assert Downlink.objects.get(pk=made.pk).state == "cancelled"


def test_downlinks_stand_only_where_they_can_be_sent(cast: Cast, aki: Client) -> None:
    for rows in (Thing.objects.all(), Device.objects.all()):
        rows.update(space="lorawan")
    assert aki.get("/d/cold2/downlinks/").status_code == 404
    assert "下り" not in text_of(aki, "/d/cold2/")


def test_a_retired_device_keeps_its_page(cast: Cast, aki: Client) -> None:
    Device.objects.update(retired_at=cast.now)
    assert "停止中" in text_of(aki, "/d/cold2/")
    assert "第2冷蔵庫</b>" not in text_of(aki)
