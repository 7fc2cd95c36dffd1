"""Registering terminals, and what waited for them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import Device, DeviceType
from noroshi.inbox.models import ExceptionalEntry
from noroshi.readings.models import Reading
from noroshi.tenants.models import AuditEntry
from tests.office.conftest import EUI, NOBODY, House, run, send, up, visiting

STRANGER = "00000000000000AB"


def typed(house: House, **changes: object) -> dict[str, object]:
    return {
        "space": "lorawan",
        "address": "00:00:00:00:00:00:00:ab",
        "tenant": house.tenant.pk,
        "type": house.type.pk,
        "name": "新しい端末",
        "site": "本社",
        "interval_min": "15",
    } | changes


def test_a_stranger_is_registered_and_what_it_sent_becomes_readings(
    house: House, office: Client, office_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        posted = up(STRANGER, b"\x00\x70", house.now - timedelta(minutes=n), counter=n)
        send(house, posted, minutes_ago=n)
    run(office_sandbox, house)
    board = office.get(reverse("office-home")).content.decode()
    assert STRANGER in board
    assert "受信3件が待っています" in board
    asked = office.get(f"{reverse('office-device-new')}?space=lorawan&address={STRANGER}")
    assert f'value="{STRANGER}"' in asked.content.decode()
    assert "受信3件が待っています" in asked.content.decode()
    said = office.post(reverse("office-device-new"), typed(house), follow=True).content.decode()
    assert "待っていた受信3件を処理します。" in said
    run(office_sandbox, house)
    assert not ExceptionalEntry.objects.exclude(state="done").exists()
    assert Reading.objects.filter(series__device__address=STRANGER).count() == 3
    device = Device.objects.get(address=STRANGER)
    assert (device.site.name if device.site else "", device.interval_s) == ("本社", 900)
    assert AuditEntry.objects.filter(
        action="device.registered", user=house.staff, tenant=house.tenant
    ).exists()
    page = reverse("office-device", args=[device.code])
    assert "00 70" not in office.get(page).content.decode()
    visiting(house)
    assert "00 70" in office.get(page).content.decode()


def test_a_bad_address_is_told_beside_its_field_and_nothing_typed_is_lost(
    house: House, office: Client
) -> None:
    wrong = typed(house, address="12 34", name="", interval_min="0")
    said = office.post(reverse("office-device-new"), wrong).content.decode()
    assert "DevEUIは16桁です。いまは4桁あります。" in said
    assert 'value="12 34"' in said
    assert said.count('aria-invalid="true"') == 3
    assert Device.objects.count() == 1


def test_an_address_in_use_is_refused(house: House, office: Client) -> None:
    said = office.post(reverse("office-device-new"), typed(house, address=EUI)).content.decode()
    assert "この端末IDはすでに登録されています。" in said


def test_a_change_writes_what_was_before_and_after(house: House, office: Client) -> None:
    other = DeviceType.objects.create(name_ja="温室", codec=house.codec)
    url = reverse("office-device-edit", args=[house.device.code])
    office.post(url, {"name": "改名", "type": other.pk, "site": "", "interval_min": ""})
    house.device.refresh_from_db()
    assert (house.device.name, house.device.type) == ("改名", other)
    types = AuditEntry.objects.get(action="device.type_changed").details
    assert types == {"before": {"type": "冷蔵庫"}, "after": {"type": "温室"}}
    page = office.get(reverse("office-history")).content.decode()
    assert "冷蔵庫 → 温室" in page


def test_a_change_without_a_name_is_refused(house: House, office: Client) -> None:
    url = reverse("office-device-edit", args=[house.device.code])
    said = office.post(url, {"name": " ", "type": house.type.pk, "site": "北"}).content.decode()
    assert 'aria-invalid="true"' in said
    assert 'value="北"' in said
    house.device.refresh_from_db()
    assert house.device.name == "第1冷蔵庫"


def test_a_retired_device_frees_its_address_once(house: House, office: Client) -> None:
    url = reverse("office-device-retire", args=[house.device.code])
    assert office.post(url).status_code == 302
    assert office.post(url).status_code == 404
    assert office.post(reverse("office-device-new"), typed(house, address=EUI)).status_code == 302


def test_the_list_finds_by_words_tenant_type_and_state(
    house: House, office: Client, office_sandbox: Sandbox
) -> None:
    send(house, up(EUI, b"\x00\x70", house.now))
    run(office_sandbox, house)
    url = reverse("office-devices")
    for query in (f"q={EUI.lower()}", "state=ok", f"type={house.type.pk}", "q=みどり 冷蔵庫"):
        assert "第1冷蔵庫" in office.get(f"{url}?{query}").content.decode(), query
    for query in ("q=ない", "state=silent", "state=unknown", "state=retired", "tenant=0"):
        said = office.get(f"{url}?{query}").content.decode()
        assert "あてはまる端末はありません" in said, query


def test_the_list_asks_no_more_for_thirty_than_for_one(
    house: House, office: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    url = reverse("office-devices")
    office.get(url)  # the first page of a session looks for the second factor
    with django_assert_max_num_queries(14):  # of which the doors' are eight
        office.get(url)
    for n in range(30):
        new = NewDevice(house.tenant, f"端末{n}", house.type, "lorawan", f"{n:016X}")
        register(new, by=NOBODY, now=house.now)
    with django_assert_max_num_queries(14):
        office.get(url)
