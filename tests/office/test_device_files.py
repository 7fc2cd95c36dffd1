"""Terminals by CSV in the office: first seen, then decided."""

import html
import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from noroshi.devices.models import Device, Thing
from noroshi.tenants.models import AuditEntry
from tests.office.conftest import EUI, House

PAC = "0123456789ABCDEF"
GOOD = f"sigfox,1A,<第2>冷蔵庫,冷蔵庫,SN1,{PAC},本社\n"
FAULTY = f"lorawan,{EUI},二つ目,冷蔵庫\n"


def upload(house: House, office: Client, text: str) -> str:
    file = SimpleUploadedFile("devices.csv", text.encode("cp932"))
    form = {"tenant": house.tenant.pk, "file": file}
    return office.post(reverse("office-device-import"), form).content.decode()


def decide(house: House, office: Client, page: str, decision: str) -> str:
    """Press the button: what the page holds comes back."""
    kept = re.search(r'name="text" value="([^"]*)"', page)
    assert kept is not None
    assert f'name="save" value="{decision}"' in page
    sent = {"tenant": house.tenant.pk, "text": html.unescape(kept[1]), "save": decision}
    sent["file_name"] = "devices.csv"
    return office.post(reverse("office-device-import"), sent, follow=True).content.decode()


def test_a_file_is_shown_before_anything_is_saved_and_then_registered(
    house: House, office: Client
) -> None:
    page = upload(house, office, GOOD)
    assert "登録できる行 1、登録できない行 0" in page
    assert "&lt;第2&gt;冷蔵庫" in page
    assert Device.objects.count() == 1
    said = decide(house, office, page, "all")
    assert "1台を登録しました。" in said
    device = Device.objects.get(address="1A")
    assert (device.tenant, device.name, device.thing.pac) == (house.tenant, "<第2>冷蔵庫", PAC)
    entry = AuditEntry.objects.get(action="device.imported")
    assert (entry.user, entry.tenant, entry.subject) == (house.staff, house.tenant, "devices.csv")


def test_faulty_lines_are_told_and_only_the_good_ones_can_be_wanted(
    house: House, office: Client
) -> None:
    page = upload(house, office, GOOD + FAULTY)
    assert "この端末IDはすでに登録されています。" in page
    assert 'value="all"' not in page
    decide(house, office, page, "good")
    assert Device.objects.count() == 2


def test_a_decision_for_all_saves_nothing_once_a_line_has_become_faulty(
    house: House, office: Client
) -> None:
    page = upload(house, office, GOOD + "sigfox,2A,三つ目,冷蔵庫\n")
    for rows in (Thing.objects.filter(pk=house.device.thing_id), Device.objects.all()):
        rows.update(space="sigfox", address="2A")
    said = decide(house, office, page, "all")
    assert "何も登録しませんでした。" in said
    assert "この端末IDはすでに登録されています。" in said
    assert Device.objects.count() == 1


def test_no_file_and_a_file_that_is_none_are_told_beside_the_field(
    house: House, office: Client
) -> None:
    url = reverse("office-device-import")
    said = office.post(url, {"tenant": house.tenant.pk}).content.decode()
    assert "CSVファイルを選んでください。" in said
    file = SimpleUploadedFile("x.csv", b"\xff\xfe\x81")
    said = office.post(url, {"tenant": house.tenant.pk, "file": file}).content.decode()
    assert "文字が読めません。" in said
    assert 'aria-invalid="true"' in said
