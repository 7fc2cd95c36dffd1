"""The page and the file of summaries: days as Japan counts them, figures that add up."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from noroshi.base.wire import micros
from noroshi.devices.models import Device
from noroshi.readings.store import Point, keep_points
from tests.web.conftest import Cast, place
from tests.web.test_home import text_of

JAPAN = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def rain(cast: Cast) -> Device:
    """A device with readings around the midnight that began yesterday, and the month."""
    device = place(cast.tenant, cast.type, "雨量計", code="rain")
    midnight = yesterday()
    told = [(-1, 5.0), (0, 1.0), (3600, 2.5), (86_399, 4.0), (-40 * 86_400, 7.0)]
    keep_points(
        [
            Point(cast.tenant.pk, device.pk, "temperature", "number", at, value)
            for at, value in ((midnight + timedelta(seconds=s), value) for s, value in told)
        ]
    )
    return device


def yesterday() -> datetime:
    """Its midnight in Japan."""
    today = timezone.localtime(timezone.now(), JAPAN)
    return today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)


def rows_of(client: Client, **asked: str) -> list[list[str]]:
    """The table of the page as texts."""
    query = "&".join(f"{key}={value}" for key, value in asked.items())
    page = client.get(f"/d/rain/summary/?{query}").content.decode()
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [row.split("<td")[1:] for row in body.split("<tr>")[1:]]
    return [[plain(cell) for cell in row] for row in cells]


def plain(cell: str) -> str:
    text = cell.partition(">")[2].partition("</td>")[0]
    while "<" in text:
        before, _, rest = text.partition("<")
        text = before + rest.partition(">")[2]
    return text


def test_a_day_begins_at_midnight_in_japan(rain: Device, aki: Client) -> None:
    rows = rows_of(aki)
    assert rows[0][1:] == ["1.0", "2.50", "4.0", "7.5", "1.0", "4.0", "3"]
    assert rows[1][1:] == ["5.0", "5.00", "5.0", "5.0", "5.0", "5.0", "1"]
    assert rows[0][0].startswith(f"{yesterday():%Y/%m/%d}")


def test_hours_and_months_are_other_views_of_the_same(rain: Device, aki: Client) -> None:
    months = rows_of(aki, by="month")
    assert sum(int(row[-1]) for row in months) == 5
    assert {row[0] for row in months} >= {f"{yesterday():%Y/%m}"}
    before = str(micros(yesterday() + timedelta(hours=2)))
    assert [row[-1] for row in rows_of(aki, by="hour", before=before)] == ["1", "1", "1"]


def test_one_may_go_back_and_no_further_than_there_is_something(rain: Device, aki: Client) -> None:
    page = text_of(aki, "/d/rain/summary/")
    assert "もっと前" in page
    older = str(micros(yesterday() - timedelta(days=31)))
    assert [row[1] for row in rows_of(aki, before=older)] == ["7.0"]
    assert "もっと前" not in text_of(aki, f"/d/rain/summary/?before={older}")


def test_a_device_without_numbers_says_so(cast: Cast, aki: Client) -> None:
    place(cast.tenant, cast.type, "新品", code="fresh")
    assert "集計できる計測値がまだありません" in text_of(aki, "/d/fresh/summary/")


def test_the_file_holds_what_the_page_shows_and_when_it_was_first_and_last(
    rain: Device, aki: Client
) -> None:
    day = f"{yesterday():%Y-%m-%d}"
    query = f"?since={day}&until={day}&device=rain&encoding=utf-8&shape=day"
    answer = aki.get("/export/file.csv" + query)
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith('"期間の始まり","センサー端末","項目","単位","最小"')
    first, last = yesterday(), yesterday() + timedelta(seconds=86_399)
    assert lines[1:] == [
        (
            f'{first:%Y/%m/%d %H:%M:%S},"雨量計","温度","℃",1.0,4.0,2.5,7.5,3,'
            f"1.0,{first:%Y/%m/%d %H:%M:%S},4.0,{last:%Y/%m/%d %H:%M:%S}"
        )
    ]


def test_a_month_that_is_cut_counts_only_the_days_asked_for(rain: Device, aki: Client) -> None:
    day = f"{yesterday():%Y-%m-%d}"
    query = f"?since={day}&until={day}&device=rain&encoding=utf-8&shape=month"
    answer = aki.get("/export/file.csv" + query)
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert ",3,1.0," in lines[1]
