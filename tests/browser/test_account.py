"""The front hall in a real browser: passkey, code app, spare codes, sessions."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from noroshi.jobs.smoking.codes import code
from tests.browser.conftest import Enter, sign_in
from tests.browser.eyes import PHONE, Eyes, look_at
from tests.browser.house import House

USER, STAFF = "demo", "office"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def fresh(enter: Enter, house: House, who: str = USER, *, language: str = "ja") -> Page:
    """Somebody who has typed the password just now, at a name: an IP address has no passkeys."""
    page = enter("", "/sign-in/", language=language)
    at_name = house.base.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "django_language", "value": language, "url": at_name}])
    page.goto(f"{at_name}/sign-in/")
    page.fill("[name=username]", who)
    page.fill("[name=password]", house.notes.password_of(who))
    page.click("form.fields button.primary")
    page.wait_for_url(lambda url: not url.endswith("/sign-in/"))
    return page


def root_of(page: Page) -> str:
    """The origin of the page."""
    return str(page.evaluate("location.origin"))


def leave(page: Page) -> None:
    page.goto(f"{root_of(page)}/account/")
    page.locator("form[action='/sign-out/'] button").first.evaluate("button => button.click()")
    page.wait_for_url(re.compile("/sign-in/"))


def guess(page: Page, who: str, times: int) -> None:
    """Send wrong passwords from the open sign-in page, without drawing each answer."""
    told = {"username": who, "password": "wrong"}
    told["csrfmiddlewaretoken"] = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    for _ in range(times):
        page.request.post(page.url, form=told, headers={"Referer": page.url})


def test_a_passkey_is_made_and_opens_the_house_even_where_the_password_is_locked(
    enter: Enter, eyes: Eyes, house: House
) -> None:
    eyes.expected_statuses.add(429)
    page = fresh(enter, house)
    phone = page.context.new_cdp_session(page)
    phone.send("WebAuthn.enable")
    phone.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.goto(f"{root_of(page)}/account/")
    page.locator("a[href='/account/passkeys/add/']").click()
    page.fill("[name=name]", "わたしの電話")
    page.get_by_role("button", name="パスキーを作る").click()
    page.wait_for_url(re.compile("/account/codes/"))
    expect(page.locator(".codes li")).to_have_count(10)
    leave(page)
    guess(page, USER, 10)  # T11: somebody at the same address locks the password
    page.get_by_role("button", name="パスキーでログイン").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    page.goto(f"{root_of(page)}/account/")
    expect(page.locator("main")).to_contain_text("わたしの電話")
    page.locator("a[href$='/remove/']").click()
    page.get_by_role("button", name="外す").click()
    page.wait_for_url(re.compile("/account/$"))
    expect(page.locator("main")).not_to_contain_text("わたしの電話")


def test_a_code_app_is_set_up_and_a_spare_code_opens_once(enter: Enter, house: House) -> None:
    page = fresh(enter, house)
    root = root_of(page)
    page.goto(f"{root}/account/app/")
    secret = page.locator("#secret").text_content() or ""
    page.fill("[name=code]", code(secret, time.time()))
    page.get_by_role("button", name="設定する").click()
    page.wait_for_url(re.compile("/account/codes/"))
    spare = page.locator(".codes li").all_text_contents()
    leave(page)
    page.fill("[name=username]", USER)
    page.fill("[name=password]", house.notes.password_of(USER))
    page.click("form.fields button.primary")
    page.wait_for_url(re.compile("/sign-in/code/"))
    page.fill("[name=code]:not([type=hidden])", spare[2])
    page.get_by_role("button", name="確かめる").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    page.goto(f"{root}/account/app/remove/")
    page.get_by_role("button", name="外す").click()
    page.wait_for_url(re.compile("/account/$"))


def test_a_session_is_ended_from_another_browser(enter: Enter, house: House) -> None:
    lost, mine = fresh(enter, house), fresh(enter, house)
    root = root_of(mine)
    mine.goto(f"{root}/account/")
    mine.get_by_role("button", name="ほかの機器をすべて終わらせる").click()
    mine.wait_for_url(re.compile("/account/$"))
    lost.goto(f"{root}/devices/")
    assert "/sign-in/" in lost.url
    mine.goto(f"{root}/devices/")
    assert "/sign-in/" not in mine.url


PAGES = {
    "account": "/account/",
    "factors": "/account/factors/",
    "app-add": "/account/app/",
    "passkey-add": "/account/passkeys/add/",
    "mail-change": "/account/mail/",
    "password-change": "/password/",
    "confirm": "/confirm/",
}
OPEN_PAGES = {"forgotten": "/forgotten/", "reset-dead": "/reset/MQ/none/"}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_pages_of_the_front_hall_are_clean_and_accessible(
    enter: Enter, eyes: Eyes, house: House, language: str
) -> None:
    page = fresh(enter, house, language=language)
    root = root_of(page)
    axe_at = PHONE if language == "ja" else 0
    found = []
    for name, path in PAGES.items():
        page.goto(f"{root}{path}")
        assert page.url == f"{root}{path}"
        found += look_at(page, f"{name}-{language}", axe_at=axe_at)
    page.goto(f"{root}/account/mail/")
    page.fill("[name=email]", "aki@example.jp")
    page.click("form.fields button.primary")
    found += look_at(page, f"mail-sent-{language}", axe_at=axe_at)
    leave(page)
    found += look_at(page, f"sign-in-{language}", axe_at=axe_at)
    for name, path in OPEN_PAGES.items():
        page.goto(f"{root}{path}")
        found += look_at(page, f"{name}-{language}", axe_at=axe_at)
    office = fresh(enter, house, STAFF, language=language)
    assert office.url.endswith("/sign-in/code/")
    found += look_at(office, f"code-{language}", axe_at=axe_at)
    assert found == []


def test_ten_wrong_passwords_show_when_to_come_again(
    enter: Enter, eyes: Eyes, house: House
) -> None:
    eyes.expected_statuses.add(429)
    page = enter("", "/sign-in/")
    guess(page, "nobody-at-all", 9)
    page.fill("[name=username]", "nobody-at-all")
    page.fill("[name=password]", "wrong")
    page.click("form.fields button.primary")
    expect(page.locator("main")).to_contain_text("5分ほどたってから")
    assert look_at(page, "wait-ja") == []
    sign_in(enter("", "/sign-in/"), house, USER)
