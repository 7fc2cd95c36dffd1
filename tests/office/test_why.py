"""The office answers why a mail came or not, by the ledger alone; and lists outages."""

from datetime import datetime

from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from noroshi.alarms import outage_mails
from noroshi.alarms.models import (
    Incident,
    Outage,
    OutageNotice,
    OutageTenant,
    Recipient,
    Rule,
)
from noroshi.alarms.watch import watch
from noroshi.readings.store import Kept, Point
from tests.office.conftest import House


def an_alarm(house: House) -> datetime:
    now = timezone.now().replace(microsecond=0)
    rule = Rule.objects.create(
        tenant=house.tenant, device=house.device, key="temperature", upper=10.0, created_at=now
    )
    rule.recipients.add(
        Recipient.objects.create(
            tenant=house.tenant, name="見張り", address="mihari@example.jp", created_at=now
        )
    )
    point = Point(house.tenant.pk, house.device.pk, "temperature", "number", now, 12.0)
    assert watch([Kept(point, 1, is_late=False)], now=now).opened == 1
    assert Incident.objects.count() == 1
    return now


def ask(office: Client, device: str, address: str, at: datetime) -> str:
    told = {"device": device, "address": address, "at": f"{timezone.localtime(at):%Y-%m-%dT%H:%M}"}
    return office.get("/office/why/", told).content.decode()


def test_who_names_device_and_address_reads_every_step(house: House, office: Client) -> None:
    at = an_alarm(house)
    page = ask(office, house.device.name, "Mihari@example.jp", at)
    assert "送信を待っています" in page
    assert "すぐに送る" in page
    assert "12.0" not in page  # what was measured stays the contractor's


def test_another_address_learns_nothing(house: House, office: Client) -> None:
    at = an_alarm(house)
    page = ask(office, house.device.name, "somebody@example.jp", at)
    assert "記録はありません" in page
    assert "見張り" not in page


def an_outage(house: House, at: datetime) -> Outage:
    outage = Outage.objects.create(
        space=house.device.space, began_at=at, noticed_at=at, known=40, silent=30
    )
    OutageTenant.objects.create(
        outage=outage, tenant=house.tenant, space=outage.space, began_at=at, silent=30
    )
    return outage


def test_who_was_told_of_an_outage_reads_that_it_was_told_for_all(
    house: House, office: Client
) -> None:
    at = timezone.now()
    OutageNotice.objects.create(
        outage=an_outage(house, at), tenant=house.tenant, name="見張り",
        address="mihari@example.jp", event="begun", decided_at=at, state="dropped",
        reason="stopped",
    )  # fmt: skip
    page = ask(office, house.device.name, "mihari@example.jp", at)
    assert "回線の障害：送っていません：この通知先への通知が止めてある。" in page
    assert "記録はありません" in ask(office, house.device.name, "other@example.jp", at)


def test_an_outage_is_one_line_with_its_contractors(house: House, office: Client) -> None:
    assert "回線の障害はありません" in office.get("/office/outages/").content.decode()
    outage = an_outage(house, timezone.now())
    page = office.get("/office/outages/").content.decode()
    assert outage_mails.network_words(outage.space) in page
    assert "障害中" in page
    assert house.tenant.name in page


def test_ten_outages_cost_no_more_queries_than_one(
    house: House, office: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (1, 9):
        for _ in range(count):
            at = timezone.now()
            an_outage(house, at)
            Outage.objects.update(ended_at=at)
        with django_assert_max_num_queries(18):
            assert office.get("/office/outages/").status_code == 200
