"""The mail log, the incidents' pages, the history, and the ledger behind them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from noroshi.alarms.models import Incident
from noroshi.outbox import ledger
from noroshi.outbox.models import Message
from tests.web.conftest import Cast
from tests.web.test_home import text_of

CAUGHT = b"""From: Noroshi <noroshi@example.jp>
To: chief@example.jp
Subject: =?utf-8?b?6K2m5aCx?=
Message-ID: <m1@example.jp>
Content-Type: text/plain; charset=utf-8

10.0\xe2\x84\x83 <b>
"""


def another(cast: Cast, number: int, state: str = "waiting") -> Message:
    """One more mail of the tenant, a minute older each."""
    at = cast.now - timedelta(minutes=number)
    return Message.objects.create(
        tenant=cast.tenant, kind="incident.recovered", about=cast.incident.code,
        address="x@example.jp", subject=f"件名{number}", body="", message_id=f"{number}@x",
        state=state, created_at=at, due_at=at,
    )  # fmt: skip


def test_the_log_tells_when_why_to_whom_and_the_answer(cast: Cast, aki: Client) -> None:
    page = text_of(aki, "/mails/")
    for words in ("第2冷蔵庫：警報の発生", "chief@example.jp", "送信済", "250 2.0.0 Ok"):
        assert words in page


def test_a_mails_page_shows_its_text_and_every_try(cast: Cast, aki: Client) -> None:
    page = text_of(aki, f"/mails/{cast.message.pk}/")
    assert "本文です。" in page
    assert page.index("あとでもう一度送ります") < page.index("メールサーバーが受け取りました")
    assert "/incidents/incident1/" in page


def test_the_log_pages_and_filters(cast: Cast, aki: Client) -> None:
    for number in range(1, 61):
        another(cast, number)
    first, second = text_of(aki, "/mails/"), text_of(aki, "/mails/?page=2")
    assert first.count("x@example.jp") == 49  # and the one that was sent, which is newer
    assert second.count("x@example.jp") == 11
    assert "x@example.jp" not in text_of(aki, "/mails/?state=sent")


@pytest.mark.parametrize("kind", ["visit.filed", "account.handed", "intent.copy"])
def test_mails_about_people_are_for_who_looks_after_them(
    cast: Cast, aki: Client, ben: Client, kind: str
) -> None:
    about_ben = another(cast, 1)
    Message.objects.filter(pk=about_ben.pk).update(kind=kind)
    assert "件名1" in text_of(aki, f"/mails/{about_ben.pk}/")
    assert "件名1" not in text_of(ben, "/mails/")
    assert ben.get(f"/mails/{about_ben.pk}/").status_code == 404


def test_the_ledger_answers_only_about_the_tenant(cast: Cast) -> None:
    another(cast, 1)
    found = ledger.messages_about(cast.tenant.pk, cast.incident.code)
    assert [one.kind for one in found] == ["incident.recovered", "incident.opened"]
    assert ledger.messages_about(cast.tenant.pk + 999, cast.incident.code) == []
    assert ledger.message_of_tenant(cast.tenant.pk + 999, cast.message.pk) is None
    assert ledger.count_of_tenant(cast.tenant.pk, ledger.Wanted(ledger.WAITING)) == 1
    assert [one.outcome for one in ledger.deliveries(cast.message.pk)] == ["deferred", "sent"]


def test_an_incident_tells_its_way_and_its_mails(cast: Cast, aki: Client) -> None:
    page = text_of(aki, "/incidents/incident1/")
    for words in ("発生中", "11.4℃", "警報になった（11.0℃）", "20分", "【警報】第2冷蔵庫"):
        assert words in page
    Incident.objects.update(closed_at=cast.now, closed_value=8.9)
    assert "復帰した（8.9℃）" in text_of(aki, "/incidents/incident1/")
    Incident.objects.update(closed_value=None)
    assert "通知条件が変わったので終わりにした" in text_of(aki, "/incidents/incident1/")


def test_incidents_are_filtered_by_state_and_device(cast: Cast, aki: Client) -> None:
    assert "対応する" in text_of(aki, "/incidents/")
    assert "第2冷蔵庫" not in text_of(aki, "/incidents/?state=closed")
    assert "第2冷蔵庫" in text_of(aki, "/incidents/?state=all&device=cold2")
    Incident.objects.update(closed_at=cast.now)
    page = text_of(aki, "/incidents/")
    assert "発生中の警報はありません" in page
    assert "第2冷蔵庫" in page  # all are shown when none is open


def test_the_menu_counts_what_is_open(cast: Cast, aki: Client) -> None:
    assert re.search(r'<span class="badge" [^>]*id="open-badge">1<', text_of(aki, "/rules/"))
    Incident.objects.update(closed_at=cast.now)
    assert re.search(r'<span class="badge" [^>]*hidden>0<', text_of(aki, "/rules/"))
    assert "hidden>0<" in text_of(aki, "/live/open/")


@pytest.mark.parametrize("page", ["/mails/", "/rules/", "/recipients/", "/incidents/"])
def test_empty_lists_say_what_will_stand_there(page: str, cast: Cast, chie: Client) -> None:
    assert 'class="empty"' in text_of(chie, page)


def test_the_demos_mails_exist_only_in_the_demo(
    db: None, client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.VAR, settings.DEMO = tmp_path, False
    assert client.get("/demo/mails/").status_code == 404
    settings.DEMO = True
    assert "まだ届いていません" in text_of(client, "/demo/mails/")
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "20261122011400000000-000001.eml").write_bytes(CAUGHT)
    for address in ("/demo/mails/", "/demo/mails/20261122011400000000-000001/"):
        page = text_of(client, address)
        assert "警報" in page
        assert "10.0℃ &lt;b&gt;" in page
    assert client.get("/demo/mails/20261122011400000000-000009/").status_code == 404
    assert client.get("/demo/mails/..%2f..%2fetc/").status_code == 404
