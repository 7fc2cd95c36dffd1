"""A device's label for its tenant, and what its code opens for whom."""

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from noroshi.alarms import handing
from noroshi.devices.holdings import NewHolding
from noroshi.devices.models import Device
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant
from tests.web.conftest import Cast

NOBODY = Actor(None, None)


def moved_to_chie(cast: Cast) -> Device:
    chies = Tenant.objects.get(code="chie-tenant")
    new = NewHolding(chies, "中古", cast.device.type)
    return handing.move(cast.device, new, by=NOBODY, now=timezone.now())


def test_the_code_on_a_label_opens_the_device_for_its_tenant_only(
    cast: Cast, aki: Client, ben: Client, chie: Client
) -> None:
    url = reverse("label", args=[cast.device.thing.code])
    for client in (aki, ben):
        answer = client.get(url)
        assert (answer.status_code, answer["Location"]) == (302, f"/d/{cast.device.code}/")
    assert chie.get(url).status_code == 404
    assert aki.get(reverse("label", args=["nothing"])).status_code == 404
    answer = Client().get(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_after_a_move_the_same_label_opens_the_new_holders_device(
    cast: Cast, aki: Client, chie: Client
) -> None:
    url = reverse("label", args=[cast.device.thing.code])
    moved = moved_to_chie(cast)
    assert chie.get(url)["Location"] == f"/d/{moved.code}/"
    assert aki.get(url).status_code == 404


def test_an_editor_gets_the_label_and_a_viewer_does_not(
    cast: Cast, aki: Client, ben: Client, chie: Client
) -> None:
    url = reverse("device-label", args=[cast.device.code])
    answer = aki.get(url)
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert ben.get(url).status_code == 403
    assert chie.get(url).status_code == 404
    assert url in aki.get(reverse("device-settings", args=[cast.device.code])).content.decode()


def test_who_held_a_device_reads_on_what_it_sent_and_gets_no_label_any_more(
    cast: Cast, aki: Client, chie: Client
) -> None:
    moved = moved_to_chie(cast)
    page = aki.get(reverse("device", args=[cast.device.code]))
    assert page.status_code == 200
    assert "この契約での使用を終えました" in page.content.decode()
    assert aki.get(reverse("device-table", args=[cast.device.code])).status_code == 200
    assert aki.get(reverse("device-label", args=[cast.device.code])).status_code == 404
    assert aki.get(reverse("device", args=[moved.code])).status_code == 404
    assert chie.get(reverse("device", args=[cast.device.code])).status_code == 404
    listed = aki.get(reverse("devices")).content.decode()
    assert cast.device.code not in listed
    assert "?state=former" in listed
    former = aki.get(reverse("devices") + "?state=former").content.decode()
    assert cast.device.code in former
    assert "使用終了" in former
    theirs = chie.get(reverse("devices") + "?state=former").content.decode()
    assert "あてはまる端末はありません" in theirs
