"""The account of the way on the system page, for Prometheus, and over every page when it lags."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from noroshi.base.models import Pulse
from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox import flow
from noroshi.inbox.models import ExceptionalEntry
from noroshi.office import flows
from noroshi.office.notices import MAIL_LATE, notices
from noroshi.outbox.models import Message
from tests.office.conftest import EUI, House, a_mail, run, send, up
from tests.spine.journal import Posted

TOKEN = "a-token-of-24-characters-and-more"
WELL = {
    "received": 10,
    "stored": 5,
    "duplicate": 2,
    "refused": 0,
    "spooled": 2,
    "waiting": 1,
    "is_spooling": 0,
    "spool_bytes": 0,
    "strange_bytes": 0,
}


def a_gate(instance: str = "here:1", seconds_ago: int = 0, **figures: int) -> None:
    """A gate that told of itself."""
    Pulse.objects.create(
        program="gate",
        instance=instance,
        started_at=timezone.now(),
        seen_at=timezone.now() - timedelta(seconds=seconds_ago),
        figures=WELL | figures,
    )


def test_every_entry_is_decoded_failed_or_waits_and_moves_when_it_is_mended(
    house: House, office_sandbox: Sandbox
) -> None:
    begun = flow.account()
    assert begun.unaccounted == 0
    send(house, up(EUI, b"\x00\x70", house.now), minutes_ago=3)
    send(house, up(EUI, b"\x00\x70", house.now), minutes_ago=3)  # the same again
    send(house, up("00000000000000AB", b"\x00\x70", house.now), minutes_ago=2)
    send(house, Posted(b"garbage", event="up"), minutes_ago=1)
    told = flow.account()
    assert (told.stored - begun.stored, told.waiting, told.unaccounted) == (3, 3, 0)
    run(office_sandbox, house)
    told = flow.account()
    assert (told.decoded - begun.decoded, told.failed - begun.failed) == (1, 2)
    assert (told.waiting, told.unaccounted) == (0, 0)
    house.device.address = house.device.thing.address = "00000000000000AB"
    house.device.thing.save()
    house.device.save()
    ExceptionalEntry.objects.filter(kind="unknown").update(state="again")
    run(office_sandbox, house)
    told = flow.account()
    assert (told.decoded - begun.decoded, told.failed - begun.failed) == (2, 1)
    assert told.unaccounted == 0


def test_an_entry_that_vanished_is_missed(house: House, office_sandbox: Sandbox) -> None:
    send(house, up(EUI, b"\x00\x70", house.now), minutes_ago=3)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inbox_entry")
    assert flow.account().unaccounted == 1


def test_the_gates_that_live_are_added_up(db: None) -> None:
    a_gate("here:1", received=11, waiting=2)
    a_gate("here:2", is_spooling=1, spool_bytes=500, strange_bytes=7)
    a_gate("dead:1", seconds_ago=90, received=999)
    told = flows.gates(timezone.now())
    assert (told.count, told.received, told.waiting, told.unaccounted) == (2, 21, 3, 0)
    assert (told.is_spooling, told.spool_bytes, told.strange_bytes) == (True, 500, 7)


def test_the_system_page_shows_each_stage_and_whether_it_adds_up(
    house: House, office: Client
) -> None:
    a_gate()
    page = office.get(reverse("office-system")).content.decode()
    assert page.count("合っています") == 2
    assert "受信の勘定" in page
    a_gate("here:2", received=13)
    page = office.get(reverse("office-system")).content.decode()
    assert "3件合いません" in page
    assert page.count("合っています") == 1


def test_while_a_gate_spools_every_page_of_the_office_says_so(house: House, office: Client) -> None:
    a_gate()
    names = ("office-home", "office-inbox", "office-system", "office-tenants")
    for name in names:
        assert "一時保管しています" not in office.get(reverse(name)).content.decode()
    a_gate("here:2", is_spooling=1, spool_bytes=1_234_000)
    for name in names:
        assert "受信を一時保管しています（1.2 MB）" in office.get(reverse(name)).content.decode()


def test_late_mails_and_a_strange_spool_are_told_too(house: House, office: Client) -> None:
    now = timezone.now()
    mail = a_mail(house, "waiting")
    assert list(notices(now)) == []
    Message.objects.filter(pk=mail.pk).update(due_at=now - MAIL_LATE - timedelta(minutes=7))
    a_gate(strange_bytes=90)
    said = office.get(reverse("office-home")).content.decode()
    assert "メールの送信が12分遅れています" in said
    assert "別のデータベースあての受信が保管されたままです（90 B）" in said
    Message.objects.filter(pk=mail.pk).update(state="given_up")
    assert "遅れています" not in office.get(reverse("office-home")).content.decode()


def test_prometheus_reads_every_stage_and_nobody_s_data(house: House, client: Client) -> None:
    a_gate()
    a_mail(house, "waiting")
    copied = {"is_streaming": 1, "is_sync": 1, "behind": 512, "behind_s": 0.5}
    Pulse.objects.create(
        program="wal",
        instance="here:3",
        started_at=timezone.now(),
        seen_at=timezone.now(),
        figures=copied,
    )
    send(house, up(EUI, b"\x00\x70", house.now), minutes_ago=3)
    with override_settings(METRICS_TOKEN=TOKEN):
        told = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert told.status_code == 200
    assert told["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = told.content.decode().splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert found["noroshi_gates_unaccounted"] == found["noroshi_entries_unaccounted"] == "0"
    assert found['noroshi_entries{state="waiting"}'] == "1"
    assert found["noroshi_mails_waiting"] == "1"
    assert (found["noroshi_wal_synchronous"], found["noroshi_wal_behind_bytes"]) == ("1", "512")
    assert found['noroshi_program_processes{program="gate"}'] == "1"
    assert float(found["noroshi_entry_oldest_seconds"]) > 170
    assert len(found) < 40
    for secret in (house.tenant.name, house.tenant.code, EUI, "quality@example.jp"):
        assert secret not in told.content.decode()


@pytest.mark.parametrize("set_token", ["", TOKEN])
def test_without_the_token_there_is_nothing_to_see(
    db: None, client: Client, set_token: str
) -> None:
    with override_settings(METRICS_TOKEN=set_token):
        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404
        assert client.get("/metrics", headers={"authorization": "Bearer x"}).status_code == 404
