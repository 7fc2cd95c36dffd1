"""Who may come into the office: the staff, and nobody else."""

import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox.models import Entry
from noroshi.office.urls import urlpatterns
from noroshi.outbox.models import Message
from noroshi.tenants.models import User
from tests.office.conftest import House, a_mail, run, send, up

NAMES = [str(pattern.name) for pattern in urlpatterns]
POSTED = {
    "office-inbox-run-all",
    "office-entry-again",
    "office-entry-dismiss",
    "office-device-retire",
    "office-member-new",
    "office-member-reset",
    "office-connection-renew",
    "office-connection-open",
    "office-mail-retry",
    "office-mail-give-up",
}


def address(name: str, house: House) -> str:
    """The page's address with an object that exists."""
    pattern: URLPattern = next(one for one in urlpatterns if one.name == name)
    given = set(pattern.pattern.converters)
    noun = name.split("-")[1]
    numbers = {"connection": house.connection.pk, "codec": house.codec.pk, "type": house.type.pk}
    numbers |= {"member": house.member.pk}
    known: dict[str, object] = {
        "code": house.tenant.code if noun in {"tenant", "member"} else house.device.code
    }
    if "number" in given:
        mail = Message.objects.first()
        known["number"] = numbers.get(noun) or (mail.pk if mail else 0)
    if "key" in given:
        entry = Entry.objects.first()
        known["key"] = entry.key if entry else uuid.UUID(int=1)
    return reverse(name, kwargs={key: known[key] for key in given})


@pytest.fixture
def full(house: House, office_sandbox: Sandbox) -> House:
    """A house in which each list has something to show."""
    send(house, up("0101010101010101", b"\x00\x70", house.now))
    run(office_sandbox, house)
    a_mail(house, "given_up")
    return house


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_tenants_user_finds_nothing_here(name: str, method: str, full: House) -> None:
    client = Client()
    client.force_login(full.user)
    answer = getattr(client, method)(address(name, full))
    is_wrong_method = (method == "get") == (name in POSTED)
    assert answer.status_code == 404 or (is_wrong_method and answer.status_code == 405)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in POSTED])
def test_who_is_signed_out_is_asked_to_sign_in(name: str, full: House) -> None:
    answer = Client().get(address(name, full))
    assert answer.status_code == 302
    assert answer["location"].startswith("/sign-in/")


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in POSTED])
def test_every_page_opens_for_the_staff(
    name: str, language: str, full: House, office: Client
) -> None:
    User.objects.filter(pk=full.staff.pk).update(language=language)
    assert office.get(address(name, full)).status_code == 200


@pytest.mark.parametrize(
    "name", ["office-home", "office-inbox", "office-devices", "office-system", "office-history"]
)
def test_an_empty_house_has_pages_too(name: str, db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("kei", "k" * 15, name="けい", kind="staff", staff_roles=["admin"]))
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("rubbish", ["?page=x&tenant=9999999999999999999999", "?q=%7F&state=no"])
def test_nonsense_in_an_address_breaks_nothing(rubbish: str, full: House, office: Client) -> None:
    for name in NAMES:
        if name not in POSTED:
            assert office.get(address(name, full) + rubbish).status_code == 200, name
