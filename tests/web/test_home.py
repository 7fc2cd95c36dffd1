"""Home: the answer first, then the devices; and no more questions with more devices."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from noroshi.alarms.models import Incident
from noroshi.devices.models import Device, Heartbeat
from tests.web.conftest import Cast, measure, place

QUERIES_MAX = 23  # of which twelve are the doors: in a test they are savepoints


def text_of(client: Client, address: str = "/") -> str:
    """A page as text."""
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_home_opens_with_the_open_incident_and_its_button(cast: Cast, aki: Client) -> None:
    page = text_of(aki)
    assert page.index("11.4℃") < page.index('class="sheet card')
    assert "上限 10.0℃" in page
    assert "対応する" in page


def test_one_tap_acknowledges_and_names_who(cast: Cast, aki: Client) -> None:
    answer = aki.post("/incidents/incident1/acknowledge/", {"next": "/"}, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    page = answer.content.decode()
    assert "Akiが対応中" in page
    assert Incident.objects.get().acknowledged_by is not None


def test_the_way_back_after_a_tap_stays_in_the_house(cast: Cast, aki: Client) -> None:
    answer = aki.post("/incidents/incident1/acknowledge/", {"next": "https://evil.example/"})
    assert answer["Location"] == "/incidents/incident1/"


def test_everything_normal_is_said_only_when_nothing_is_unknown(cast: Cast, aki: Client) -> None:
    Incident.objects.update(closed_at=cast.now)
    assert "すべて正常" in text_of(aki)
    place(cast.tenant, cast.type, "新品", code="fresh")
    page = text_of(aki)
    assert "すべて正常" not in page
    assert "まだ一度も受信していない端末が1台" in page


@pytest.mark.parametrize(
    ("age_min", "state"),
    [(0, "ok"), (39, "ok"), (41, "silent")],  # 3 × 10 minutes and 10 more
)
def test_a_device_is_silent_after_three_intervals_and_ten_minutes(
    age_min: int, state: str, cast: Cast, aki: Client
) -> None:
    Incident.objects.update(closed_at=cast.now)
    Heartbeat.objects.update(sent_at=timezone.now() - timedelta(minutes=age_min))
    page = text_of(aki)
    assert f'class="sheet card {state}"' in page
    assert ("応答がありません" in page) == (state == "silent")


def test_cards_show_values_words_and_the_line(cast: Cast, aki: Client) -> None:
    page = text_of(aki)
    card = page[page.index('class="sheet card') :]
    assert "11.0<span" in card
    assert "開" in card
    assert '<svg class="spark"' in card


def test_search_and_filters_leave_what_was_asked_for(cast: Cast, aki: Client) -> None:
    place(cast.tenant, cast.type, "米蔵", code="rice")
    assert "第2冷蔵庫</b>" not in text_of(aki, "/?q=米蔵")
    assert "米蔵</b>" in text_of(aki, "/?q=RICE")  # its address
    assert "米蔵</b>" not in text_of(aki, "/?state=alarm")
    assert "第2冷蔵庫</b>" in text_of(aki, f"/?site={cast.site.pk}")
    assert "米蔵</b>" in text_of(aki, "/?site=none")
    assert "あてはまる端末はありません" in text_of(aki, "/?q=nothing+like+it")


@pytest.mark.parametrize(
    "query", ["?page=x", "?page=99", "?site=9x", "?state=odd", "?site=" + "9" * 15]
)
def test_a_strange_address_is_answered_calmly(query: str, cast: Cast, aki: Client) -> None:
    assert aki.get(f"/{query}").status_code == 200


def test_an_empty_home_says_what_will_stand_here(cast: Cast, chie: Client) -> None:
    assert "まだ端末がありません" in text_of(chie)


def test_sixty_cards_stand_on_a_page(cast: Cast, aki: Client) -> None:
    for number in range(61):
        place(cast.tenant, cast.type, f"端末{number:02}", code=f"n{number}")
    assert text_of(aki).count('class="sheet card') == 60
    assert text_of(aki, "/?page=2").count('class="sheet card') == 2


@pytest.mark.parametrize("address", ["/", "/live/home/", "/devices/"])
def test_thirty_devices_cost_no_more_questions_than_three(
    address: str,
    cast: Cast,
    aki: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    aki.get(address)  # a session begins once
    counts = []
    for upto in (3, 30):
        while Device.objects.count() < upto:
            number = Device.objects.count()
            device = place(cast.tenant, cast.type, f"端末{number}", code=f"n{number}")
            measure(device, cast.now)
        with django_assert_max_num_queries(QUERIES_MAX) as seen:
            aki.get(address)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_live_part_names_its_address_and_brings_the_answer(cast: Cast, aki: Client) -> None:
    part = text_of(aki, "/live/home/?state=alarm").strip()
    assert part.startswith('<div id="board" data-live-src="/live/home/?state=alarm"')
    assert part.endswith('<h1 id="answer">いま対応が必要なもの 1件</h1>')
    assert "<html" not in part
    assert 'name="next" value="/?state=alarm"' in part


def test_a_viewer_sees_no_button_that_would_refuse(cast: Cast, ben: Client) -> None:
    assert "対応する" not in text_of(ben)
