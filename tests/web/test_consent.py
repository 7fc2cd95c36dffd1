"""The page behind the link of the question, and what the contractor sees of the answer."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from noroshi.alarms.actions import BadRecipient, Person, add_recipient, change_recipient
from noroshi.alarms.models import Recipient
from noroshi.outbox import consent
from noroshi.outbox.models import Message, Standing
from noroshi.tenants.audit import Actor
from tests.contracted import set_condition
from tests.house.english import japanese_left
from tests.web.conftest import Cast

TARO = Person("太郎", "taro@example.com")


@pytest.fixture
def taro(cast: Cast) -> Recipient:
    """Somebody who was added just now."""
    return add_recipient(TARO, by=Actor(None, cast.tenant), now=cast.now)


def path(cast: Cast) -> str:
    return consent.link_of(cast.tenant.pk, Standing.objects.get().pk)


def state(cast: Cast) -> str:
    return consent.wanted_of(cast.tenant.pk, [TARO.address])[TARO.address].state


def test_the_link_leads_to_the_page() -> None:
    assert reverse("consent", args=["x"]) == consent.PATH.format("x")


def test_who_is_added_is_asked_and_shown_as_not_confirmed(
    cast: Cast, aki: Client, taro: Recipient
) -> None:
    assert Message.objects.get(kind=consent.KIND).address == TARO.address
    listed = aki.get(reverse("recipients")).content.decode()
    assert listed.count("未確認") == 1  # those who were there before are not asked


def test_looking_changes_nothing_and_the_button_says_yes(cast: Cast, taro: Recipient) -> None:
    somebody = Client()
    page = somebody.get(path(cast))
    assert page.status_code == 200
    assert cast.tenant.name in page.content.decode()
    assert page["Cache-Control"].startswith("max-age=0")
    assert state(cast) == "unconfirmed"
    assert "確認しました" in somebody.post(path(cast), {"answer": "yes"}).content.decode()
    assert state(cast) == "confirmed"


def test_a_browser_that_speaks_english_is_asked_in_english(cast: Cast, taro: Recipient) -> None:
    somebody = Client(headers={"accept-language": "en"})
    for page in (somebody.get(path(cast)), somebody.post(path(cast), {"answer": "yes"})):
        assert '<html lang="en">' in page.content.decode()
        assert japanese_left(page.content.decode()) == []


def test_a_no_is_seen_by_the_contractor_and_can_be_taken_back(
    cast: Cast, aki: Client, taro: Recipient
) -> None:
    somebody = Client()
    somebody.post(path(cast), {"answer": "no"})
    assert "受け取り辞退" in aki.get(reverse("recipients")).content.decode()
    somebody.post(path(cast), {"answer": "yes"})
    assert state(cast) == "confirmed"


@pytest.mark.parametrize("token", ["x", "WzEsMV0:1v:aaaa", "%E3%81%82"])
def test_a_link_that_is_none_finds_nothing(cast: Cast, token: str) -> None:
    assert Client().get(f"/wanted/{token}/").status_code == 404
    assert Client().post(f"/wanted/{token}/", {"answer": "yes"}).status_code == 404


def test_a_form_of_another_site_says_nothing(cast: Cast, taro: Recipient) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path(cast), {"answer": "yes"}).status_code == 403
    assert state(cast) == "unconfirmed"


def test_asking_again_waits_for_a_day(cast: Cast, aki: Client, ben: Client) -> None:
    taro = add_recipient(
        TARO, by=Actor(None, cast.tenant), now=timezone.now() - timedelta(hours=25)
    )
    url = reverse("recipient-ask", args=[taro.code])
    assert ben.post(url).status_code == 403
    aki.post(url)
    aki.post(url)
    assert Message.objects.filter(kind=consent.KIND).count() == 2


def test_another_address_is_asked_anew(cast: Cast, taro: Recipient) -> None:
    Client().post(path(cast), {"answer": "yes"})
    by = Actor(None, cast.tenant)
    change_recipient(taro, Person("太郎", "hana@example.com"), by=by, now=cast.now)
    assert consent.wanted_of(cast.tenant.pk, ["hana@example.com"])["hana@example.com"].state == (
        "unconfirmed"
    )
    assert state(cast) == "unconfirmed"


def test_another_name_asks_nobody(cast: Cast, taro: Recipient) -> None:
    Client().post(path(cast), {"answer": "yes"})
    by = Actor(None, cast.tenant)
    change_recipient(taro, Person("次郎", TARO.address), by=by, now=cast.now)
    assert state(cast) == "confirmed"
    assert Message.objects.filter(kind=consent.KIND).count() == 1


def test_who_said_no_cannot_be_added_again(cast: Cast, taro: Recipient) -> None:
    Client().post(path(cast), {"answer": "no"})
    taro.delete()
    with pytest.raises(BadRecipient, match="断っています"):
        add_recipient(TARO, by=Actor(None, cast.tenant), now=cast.now)
    assert not Recipient.objects.filter(address=TARO.address).exists()


def test_where_the_contract_wants_no_question_nobody_is_asked(cast: Cast) -> None:
    set_condition(cast.tenant, recipients_confirm="no")
    add_recipient(TARO, by=Actor(None, cast.tenant), now=cast.now)
    assert not Message.objects.filter(kind=consent.KIND).exists()
    assert consent.wanted_of(cast.tenant.pk, [TARO.address]) == {}
