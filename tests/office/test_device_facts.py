"""What the office keeps of a thing itself: serial, conformity, PAC and so on."""

from django.test import Client
from django.urls import reverse

from noroshi.devices.models import Device, Thing
from noroshi.tenants.models import AuditEntry
from tests.office.conftest import House

PAC = "0123456789ABCDEF"


def facts(house: House) -> dict[str, object]:
    return {
        "name": "第1冷蔵庫", "type": house.type.pk, "site": "", "interval_min": "",
        "pac": PAC.lower(), "model": "TH-1", "serial": "SN9", "conformity": "001-a12345",
        "battery": "CR123A", "right_until": "2027-03-31", "place_note": "脚立が必要",
    }  # fmt: skip


def test_the_facts_of_a_thing_are_kept_and_its_pac_is_masked_and_never_written_down(
    house: House, office: Client
) -> None:
    for rows in (Thing.objects.filter(pk=house.device.thing_id), Device.objects.all()):
        rows.update(space="sigfox", address="1A")
    url = reverse("office-device-edit", args=[house.device.code])
    page = office.post(url, facts(house), follow=True).content.decode()
    for words in ("TH-1", "SN9", "001-A12345", "CR123A", "2027", "脚立が必要", "••••CDEF"):
        assert words in page
    assert f'value="{PAC}"' in office.get(url).content.decode()
    for shown in (page, office.get(reverse("office-devices")).content.decode()):
        assert PAC not in shown
        assert "••••CDEF" in shown
    written = [*AuditEntry.objects.values_list("action", "details")]
    assert "device.pac_changed" in dict(written)
    assert "CDEF" not in str(written)
    after = AuditEntry.objects.get(action="device.changed").details["after"]
    assert (after["serial"], after["right_until"]) == ("SN9", "2027-03-31")


def test_a_device_of_another_network_has_no_pac_to_type(house: House, office: Client) -> None:
    url = reverse("office-device-edit", args=[house.device.code])
    assert 'name="pac"' not in office.get(url).content.decode()
    assert office.post(url, facts(house)).status_code == 302
    house.device.refresh_from_db()
    assert (house.device.thing.pac, house.device.thing.serial) == ("", "SN9")


def test_bad_facts_are_told_beside_their_fields(house: House, office: Client) -> None:
    wrong = facts(house) | {"space": "lorawan", "address": "AB" * 8, "tenant": house.tenant.pk}
    said = office.post(reverse("office-device-new"), wrong).content.decode()
    assert "PACはSigfoxの端末だけにあります。" in said
    wrong |= {"pac": "", "conformity": "技適"}
    said = office.post(reverse("office-device-new"), wrong).content.decode()
    assert "技適番号は" in said
    assert Device.objects.count() == 1
