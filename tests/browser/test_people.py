"""Who may see what, in a real browser: first sign-in, freeze, audit access, the office's visit."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Enter
from tests.browser.eyes import Eyes, look_at
from tests.browser.house import House

USER, STAFF = "demo", "office"
PASSWORD = "おだやかな朝にパンを三枚ゆっくり焼く"
WEAK = "sakura2026"
OTHER_PAGES = ("/", "/devices/", "/account/", "/live/home/", "/sign-ins/file.csv")
CHANGE = """
async () => (await fetch("/recipients/new/", {
  method: "POST",
  headers: { "X-CSRFToken": JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"] },
  body: new URLSearchParams({ name: "x", address: "x@example.jp", language: "ja" }),
})).status
"""
NewTenant = Callable[[str], str]


@pytest.fixture
def new_tenant(enter: Enter) -> NewTenant:
    """Let the office make a contractor; the answer is the path of its page in the office."""

    def make(name: str) -> str:
        page = enter(STAFF, "/office/tenants/new/")
        page.fill("[name=name]", name)
        page.get_by_role("button", name="追加する").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        return urlsplit(page.url).path

    return make


def issue(page: Page, tenant: str, login: str, *, role: str = "viewer") -> str:
    """The office gives somebody a user id; returns the link that opens once."""
    page.goto(f"{tenant}members/new/")
    page.fill("[name=name]", f"{login} の方")
    page.fill("[name=login]", login)
    page.select_option("[name=role]", role)
    page.select_option("[name=way]", "link")
    page.get_by_role("button", name="発行する").click()
    return page.locator("code", has_text="/begin/").inner_text()


def begin(page: Page, link: str) -> None:
    """Open the link and press its button."""
    page.goto(link)
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile("/first/$"))


def choose(page: Page, password: str) -> None:
    """Type the new password twice."""
    page.fill("[name=new1]", password)
    page.fill("[name=new2]", password)
    page.get_by_role("button", name="このパスワードに決める").click()


def sign_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Type user id and password."""
    page.fill("[name=username]", login)
    page.fill("[name=password]", password)
    page.click("form.fields button.primary")


def prove(page: Page, password: str) -> None:
    """Say once more who one is, where the last time is five minutes ago."""
    ask = page.get_by_role("link", name="本人の確認をしてから進む")
    if ask.count():
        ask.click()
        page.fill("[name=password]", password)
        page.get_by_role("button", name="パスワードで確かめる").click()
        page.wait_for_url(lambda url: "/confirm/" not in url)


def arrive(page: Page, link: str, login: str) -> None:
    """From the link to the first page of the house."""
    begin(page, link)
    choose(page, PASSWORD)
    page.wait_for_url(re.compile("/sign-in/$"))
    sign_in(page, login)
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def test_a_link_opens_once_and_leads_over_the_first_password_to_the_home_page(
    enter: Enter, eyes: Eyes, new_tenant: NewTenant
) -> None:
    eyes.expected_statuses |= {410}
    tenant = new_tenant("はじめ農園")
    link = issue(enter(STAFF, tenant), tenant, "hajime-mail")
    page = enter("", link)
    found = look_at(page, "ja-link")
    begin(page, link)
    page.goto("/devices/")
    assert "/sign-in/" in page.url, "the link alone shows nobody's data"
    page.goto("/first/")
    choose(page, WEAK)
    refusal = page.locator(".field .error").first
    expect(refusal).to_contain_text("15文字以上にしてください。いまは10文字です。")
    found += look_at(page, "ja-first-refused")
    choose(page, PASSWORD)
    expect(page.locator("main")).to_contain_text("パスワードを決めました")
    sign_in(page, "hajime-mail")
    page.wait_for_url(lambda url: urlsplit(url).path == "/")
    expect(page.locator("main")).to_contain_text("まだ端末がありません")
    assert page.request.get(link).status == 410
    late = enter("", link)
    found += look_at(late, "ja-link-dead")
    assert found == []


def test_the_password_of_a_letter_opens_nothing_but_the_change(
    enter: Enter, eyes: Eyes, house: House, new_tenant: NewTenant
) -> None:
    eyes.expected_statuses |= {403}
    tenant = new_tenant("てがみ農園")
    issue(enter(STAFF, tenant), tenant, "letter-reader")
    page = enter("", "/sign-in/")
    sign_in(page, "letter-reader", house.letter_to("letter-reader"))
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    statuses = {path: page.request.get(path).status for path in OTHER_PAGES}
    assert set(statuses.values()) == {403}, statuses
    page.goto("/devices/")
    expect(page.get_by_role("heading", level=1)).to_have_text("先にパスワードを変更してください")
    found = look_at(page, "ja-first-held")
    page.get_by_role("link", name="パスワードの変更へ").click()
    choose(page, PASSWORD)
    page.wait_for_url(lambda url: urlsplit(url).path == "/")
    assert page.request.get("/devices/").status == 200
    assert found == []


def test_all_user_ids_are_frozen_at_once_and_two_of_the_office_open_them(
    enter: Enter, eyes: Eyes, house: House, new_tenant: NewTenant
) -> None:
    name = "ひやり食品"
    tenant = new_tenant(name)
    office = enter(STAFF, tenant)
    admin, member = enter("", "/sign-in/"), enter("", "/sign-in/")
    arrive(admin, issue(office, tenant, "hiyari-admin", role="admin"), "hiyari-admin")
    arrive(member, issue(office, tenant, "hiyari-member"), "hiyari-member")
    member.goto("/devices/")
    admin.goto("/users/freeze/")
    admin.fill("[name=name]", "ちがう名前")
    admin.get_by_role("button", name="全員を緊急停止する").click()
    expect(admin.locator(".field .error")).to_contain_text("一致しません")
    admin.fill("[name=name]", name)
    admin.get_by_role("button", name="全員を緊急停止する").click()
    expect(admin.get_by_role("heading", level=1)).to_have_text("緊急停止しました")
    found = look_at(admin, "ja-frozen")
    member.locator("nav a[href='/incidents/']").click()
    member.wait_for_url(re.compile("/sign-in/"))
    sign_in(member, "hiyari-member")
    expect(member.locator("main")).to_contain_text("全アカウントを緊急停止しています")
    member.goto("/devices/")
    expect(member.locator("main")).to_contain_text("全アカウントを緊急停止しています")
    office.goto(tenant)
    expect(office.locator("main")).to_contain_text("全アカウント緊急停止中")
    found += look_at(office, "ja-office-frozen")
    prove(office, house.notes.password_of(STAFF))
    office.fill("[name=reason]", "電話で管理者ご本人と確認")
    office.get_by_role("button", name="解除の承認を申請する").click()
    expect(office.locator("main")).to_contain_text("承認者に申請しました")
    office.goto(tenant)
    expect(office.locator("main")).to_contain_text("全アカウント緊急停止中")
    second = enter(house.notes.approver, "/office/approvals/")
    second.get_by_role("row", name=name).get_by_role("link").first.click()
    prove(second, house.notes.password_of(house.notes.approver))
    found += look_at(second, "ja-office-approval")
    second.get_by_role("button", name="承認する").click()
    office.goto(tenant)
    expect(office.locator("main")).not_to_contain_text("全アカウント緊急停止中")
    member.goto("/devices/")
    expect(member.get_by_role("heading", level=1)).to_contain_text("センサー端末")
    assert found == []


def test_an_auditor_sees_in_a_red_frame_changes_nothing_and_is_seen(
    enter: Enter, eyes: Eyes, house: House
) -> None:
    eyes.expected_statuses |= {403}
    admin = enter(USER, "/audits/new/")
    found = file_notice(admin)
    login, link = admin.locator(".copyable code").all_inner_texts()
    auditor = enter("", "/sign-in/")
    arrive(auditor, link, login)
    auditor.goto("/devices/")
    auditor.goto(f"/d/{house.codes['第1冷蔵庫']}/table/")
    for width in (390, 1280):
        auditor.set_viewport_size({"width": width, "height": 900})
        expect(auditor.locator(".visit-bar")).to_be_in_viewport()
        expect(auditor.locator(".visit-bar")).to_contain_text("監査閲覧中・変更不可")
        assert frame_colour(auditor) == "rgb(185, 58, 10)", "the red frame"
    found += look_at(auditor, "ja-audited")
    assert auditor.evaluate(CHANGE) == 403
    auditor.goto("/recipients/new/")
    expect(auditor.get_by_role("heading", level=1)).to_have_text("契約権限が必要です")
    admin.get_by_role("link", name="閲覧の記録を見る").click()
    log = admin.get_by_role("table")
    for path in ("/devices/", f"/d/{house.codes['第1冷蔵庫']}/table/", "/recipients/new/"):
        expect(log).to_contain_text(path)
    found += look_at(admin, "ja-audit")
    admin.on("dialog", Dialog.accept)
    admin.get_by_role("button", name="いま終了する").click()
    expect(admin.locator(".messages")).to_contain_text("監査アクセスを終了しました")
    auditor.goto("/devices/")
    assert "/sign-in/" in auditor.url
    sign_in(auditor, login)
    expect(auditor.get_by_role("alert")).to_be_visible()
    assert found == []


def file_notice(admin: Page) -> list[str]:
    """Fill in the notice and send it; what is wrong with the receipt's page."""
    admin.fill("[name=name]", "監査 みる")
    admin.locator("[name=department]").first.check()
    admin.fill("[name=reason]", "年に一度の内部監査")
    until = datetime.now(ZoneInfo("Asia/Tokyo")) + timedelta(days=3)
    admin.fill("[name=until]", f"{until:%Y-%m-%dT%H:%M}")
    admin.get_by_role("button", name="事前通知をする").click()
    expect(admin.locator("main")).to_contain_text("受付番号")
    return look_at(admin, "ja-receipt")


def frame_colour(page: Page) -> str:
    """The colour of the frame around the page."""
    return str(page.evaluate("getComputedStyle(document.body, '::after').borderTopColor"))
