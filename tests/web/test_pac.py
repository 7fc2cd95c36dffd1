"""The PAC, by which a Sigfox device could be taken over, is on no page of the contractor's."""

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from noroshi.devices.actions import DeviceChange, change
from noroshi.devices.facts import Facts
from noroshi.devices.models import Device
from noroshi.tenants.audit import Actor
from noroshi.web.urls import urlpatterns
from tests.web.addresses import EVERYBODYS
from tests.web.conftest import Cast

PAC = "0123456789ABCDEF"


def test_no_page_of_the_contractor_shows_the_pac_or_a_part_of_it(cast: Cast, aki: Client) -> None:
    new = DeviceChange(cast.device.name, "", None, Facts(pac=PAC, serial="SN-77"))
    change(cast.device, new, by=Actor(None, cast.tenant), now=timezone.now())
    assert Device.objects.get(pk=cast.device.pk).thing.pac == PAC
    ones = [p.name for p in urlpatterns if p.name and str(p.pattern).count("<") == 1]
    pages = [reverse(name, args=[cast.device.code]) for name in ones if name.startswith("device")]
    pages += [reverse(name) for name in ("home", "devices", "history") if name in EVERYBODYS]
    assert len(pages) > 8
    for page in pages:
        said = aki.get(page).content.decode(errors="replace")
        assert PAC not in said, page
        assert "••••" not in said, page
    assert "SN-77" in aki.get(reverse("history")).content.decode()
