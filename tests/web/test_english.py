"""Every page of the tenants' door in English: no Japanese but the customers' own words."""

import pytest
from django.test import Client

from noroshi.tenants.models import User
from tests.house.english import english_browser, japanese_left
from tests.web.addresses import HOLDERS, NAMES, address_of
from tests.web.conftest import Cast

QUIET = {
    "export-file",
    "act-copy",
    "contract-pdf",
    "contract-json",
    "deletion-certificate",
    "device-label",
}  # files: columns of the customer's, a copy in PDF


@pytest.mark.parametrize("name", [one for one in NAMES if one not in QUIET | HOLDERS])
def test_a_page_in_english_has_only_the_customers_own_japanese(name: str, cast: Cast) -> None:
    browser = english_browser(User.objects.get(login="aki"))
    answer = browser.get(address_of(name, cast), follow=True)
    assert answer.status_code in {200, 405}
    assert japanese_left(answer.content.decode()) == []


def test_a_browser_that_speaks_english_signs_in_in_english(db: None) -> None:
    browser = Client(headers={"accept-language": "en-GB,en;q=0.8"})
    page = browser.get("/sign-in/").content.decode()
    assert '<html lang="en">' in page
    assert "Sign in" in page
    assert japanese_left(page) == []
    answer = browser.post("/sign-in/", {"username": "nobody", "password": "wrong"})
    assert "The user ID or the password is wrong." in answer.content.decode()


def test_a_browser_that_speaks_another_language_signs_in_in_japanese(db: None) -> None:
    page = Client(headers={"accept-language": "fr"}).get("/sign-in/").content.decode()
    assert '<html lang="ja">' in page
    assert "ログイン" in page


def test_a_page_that_is_not_there_says_so_in_english(cast: Cast) -> None:
    answer = english_browser(User.objects.get(login="aki")).get("/d/nowhere/")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()
    assert japanese_left(answer.content.decode()) == []


def test_an_empty_tenant_reads_english_on_every_list(cast: Cast) -> None:
    browser = english_browser(User.objects.get(login="chie"))
    for path in ("/", "/devices/", "/incidents/", "/rules/", "/recipients/", "/mails/"):
        page = browser.get(path).content.decode()
        assert "No " in page or "There has never been an alarm" in page
        assert japanese_left(page) == [], path


def test_a_rule_that_cannot_be_kept_is_explained_in_english(cast: Cast) -> None:
    browser = english_browser(User.objects.get(login="aki"))
    answer = browser.post(f"/rules/{cast.rule.code}/", {"hold_min": "15", "is_active": "on"})
    assert "Please enter at least one limit, upper or lower." in answer.content.decode()
    assert japanese_left(answer.content.decode()) == []
