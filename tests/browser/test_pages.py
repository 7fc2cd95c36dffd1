"""People's ways through the pages, in a real browser on the real product."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.eyes import DESK, PHONE, Eyes, look_at
from tests.browser.house import STRANGER, WARM_FRIDGE, House

USER, STAFF = "demo", "office"
INK = """
(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let at = 3; at < data.length; at += 4) inked += data[at] > 0;
  return inked;
}
"""
INK_MIN = 500
OF_TENANT = {
    "home": "/",
    "devices": "/devices/",
    "device": "/d/{code}/",
    "device-week": "/d/{code}/?range=7d",
    "table": "/d/{code}/table/",
    "uplinks": "/d/{code}/uplinks/",
    "device-rules": "/d/{code}/rules/",
    "device-settings": "/d/{code}/settings/",
    "downlinks": "/d/{paddy}/downlinks/",
    "incidents": "/incidents/?state=all",
    "rules": "/rules/",
    "rule-new-device": "/rules/new/",
    "rule-new-quantity": "/rules/new/?device={code}",
    "rule-new": "/rules/new/?device={code}&key=temperature",
    "recipients": "/recipients/",
    "recipient-new": "/recipients/new/",
    "mails": "/mails/",
    "acts": "/acts/",
    "privacy-contact": "/privacy-contact/",
    "export": "/export/",
    "history": "/history/",
    "users": "/users/",
    "user-new": "/users/new/",
    "users-review": "/users/review/",
    "users-freeze": "/users/freeze/",
    "sign-ins": "/sign-ins/",
    "audits": "/audits/",
    "audit-new": "/audits/new/",
    "accesses": "/accesses/",
    "password": "/password/",
}
OF_OFFICE = {
    "office-home": "/office/",
    "inbox": "/office/inbox/",
    "inbox-unknown": "/office/inbox/?tab=unknown",
    "inbox-done": "/office/inbox/?tab=done",
    "office-devices": "/office/devices/",
    "office-device-new": "/office/devices/new/",
    "types": "/office/types/",
    "type-new": "/office/types/new/",
    "tenants": "/office/tenants/",
    "tenant-new": "/office/tenants/new/",
    "connections": "/office/connections/",
    "connection-new": "/office/connections/new/",
    "codecs": "/office/codecs/",
    "codec-new": "/office/codecs/new/",
    "office-mails": "/office/mails/",
    "system": "/office/system/",
    "office-history": "/office/history/",
}
# Where axe looks at the desk as well; everywhere else it has seen the same on the phone.
AXED_ON_DESK = frozenset(
    {"home", "device", "table", "rule-new", "users", "audit-new", "office-home", "inbox", "type"}
)
# The first link of a list leads to the page of one.
BEHIND = {
    "uplink": (USER, "/d/{code}/uplinks/", "main td a"),
    "incident": (USER, "/incidents/?state=all", "main td a, main .what a"),
    "mail": (USER, "/mails/", "main td a"),
    "rule": (USER, "/rules/", "main .actions a.small"),
    "recipient": (USER, "/recipients/", "main td a"),
    "user": (USER, "/users/", "main td a"),
    "act-kept": (USER, "/acts/", "main td a"),
    "access": (USER, "/accesses/", "main td a"),
    "entry": (STAFF, "/office/inbox/?tab=refused", "main td a"),
    "office-device": (STAFF, "/office/devices/", "main td a"),
    "type": (STAFF, "/office/types/", "main td a"),
    "tenant": (STAFF, "/office/tenants/", "main td a"),
    "connection": (STAFF, "/office/connections/", "main td a"),
    "codec": (STAFF, "/office/codecs/", "main td a"),
    "office-mail": (STAFF, "/office/mails/", "main td a"),
}


def test_a_wrong_password_is_told_and_the_right_one_opens_home(enter: Enter, house: House) -> None:
    page = enter("", "/devices/")
    assert "/sign-in/" in page.url
    page.fill("[name=username]", USER)
    page.fill("[name=password]", "wrong")
    page.click("form button.primary")
    expect(page.get_by_role("alert")).to_contain_text("利用者IDかパスワードが違います")
    page.fill("[name=username]", USER)
    page.fill("[name=password]", house.notes.user_password)
    page.click("form button.primary")
    expect(page.get_by_role("heading", level=1)).to_have_text("センサー端末")


def test_home_shows_every_device_with_its_value(enter: Enter, house: House) -> None:
    page = enter(USER)
    expect(page.locator("a.card")).to_have_count(len(house.codes))
    card = page.locator("a.card", has_text="第1冷蔵庫")
    expect(card).to_contain_text("℃")
    expect(card.locator("svg").first).to_be_visible()


def test_the_chart_draws_and_follows_the_range(enter: Enter, house: House) -> None:
    page = enter(USER, f"/d/{house.codes['第1冷蔵庫']}/")
    canvas = page.locator("figure.chart canvas").first
    canvas.wait_for()
    page.wait_for_function(f"({INK})(document.querySelector('figure.chart canvas')) > {INK_MIN}")
    with page.expect_response(lambda answer: "range=7d" in answer.url and ".json" in answer.url):
        page.get_by_role("navigation", name="期間").get_by_text("7日").click()
    expect(page.locator(".ranges [aria-current]")).to_have_text("7日")
    canvas.wait_for()
    page.wait_for_function(f"({INK})(document.querySelector('figure.chart canvas')) > {INK_MIN}")


def test_a_limit_set_and_broken_shows_on_the_open_home_page(enter: Enter, house: House) -> None:
    code = house.codes["第2冷蔵庫"]
    setting = enter(USER, f"/rules/new/?device={code}&key=humidity")
    setting.fill("[name=upper]", "60")
    setting.get_by_role("button", name="この条件で知らせる").click()
    expect(setting.locator("main")).to_contain_text("60")
    home = enter(USER)
    now = home.locator("section.now")
    expect(home.locator("main")).to_contain_text("警報はありません")
    home.evaluate("window.sameDocument = true")
    house.fridge(WARM_FRIDGE, 7.0)
    expect(now).to_contain_text("第2冷蔵庫", timeout=5000)
    assert home.evaluate("window.sameDocument") is True, "the page was loaded again"
    now.get_by_role("button", name="対応する").first.click()
    expect(home.locator("section.now")).to_contain_text("が対応中")


def test_the_csv_of_a_device_holds_its_values(enter: Enter, house: House) -> None:
    page = enter(USER, f"/d/{house.codes['第1冷蔵庫']}/")
    page.get_by_role("link", name="CSV").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="CSVを取り出す").click()
    text = Path(coming.value.path()).read_bytes().decode("utf-8-sig")
    head, *rows = csv.reader(text.splitlines())
    assert head[:3] == ["日時", "温度(℃)", "湿度(%)"]
    assert len(rows) >= 40
    assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", rows[0][0])
    assert re.fullmatch(r"[456]\.\d", rows[0][1])


def test_a_recipient_is_added_and_an_impossible_address_is_refused(
    enter: Enter, house: House
) -> None:
    page = enter(USER, "/recipients/new/")
    page.fill("[name=name]", "夜間当番")
    page.fill("[name=address]", "nobody@@example")
    page.get_by_role("button", name="追加の内容を確かめる").click()
    expect(page.locator("[name=address]")).to_have_attribute("aria-invalid", "true")
    page.fill("[name=address]", "night@example.jp")
    page.get_by_role("button", name="追加の内容を確かめる").click()
    expect(page.locator("pre.deed")).to_contain_text("night@example.jp")
    page.fill("[name=password]", "wrong")
    page.get_by_role("button", name="この内容で手続きする").click()
    expect(page.get_by_role("alert")).to_contain_text("パスワードが違います")
    page.fill("[name=password]", house.notes.user_password)
    page.get_by_role("button", name="この内容で手続きする").click()
    expect(page.get_by_role("table")).to_contain_text("night@example.jp")


def test_the_language_can_be_switched(enter: Enter) -> None:
    page = enter(USER)
    assert page.locator("html").get_attribute("lang") == "ja"
    page.get_by_role("button", name="English").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("ホーム")


def test_an_unknown_terminal_is_registered_and_what_waited_runs(enter: Enter, house: House) -> None:
    page = enter(STAFF, "/office/inbox/?tab=unknown")
    page.locator("tr", has_text=STRANGER).get_by_role("link", name="登録する").first.click()
    page.fill("[name=name]", "あたらしい冷蔵庫")
    page.select_option("[name=tenant]", label="みどりの里（デモ）")
    page.select_option("[name=type]", label="冷蔵庫用温度計")
    page.get_by_role("button", name="登録する").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("あたらしい冷蔵庫")
    # Without a reason the office sees no contractor's values.
    expect(page.locator("main")).to_contain_text("契約者のデータのため、表示していません")
    expect(page.locator("main")).not_to_contain_text("temperature")
    page.get_by_role("link", name="理由を書いて閲覧する").click()
    page.fill("[name=reason]", "登録したセンサー端末の値を確かめる")
    page.fill("[name=ticket]", "T-2026")
    page.get_by_role("button", name="閲覧を始める").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("あたらしい冷蔵庫")
    expect(page.locator("main")).to_contain_text("temperature")
    contractor = enter(USER, "/accesses/")
    line = contractor.locator("tr", has_text="T-2026")
    expect(line).to_contain_text("登録したセンサー端末の値を確かめる")
    line.get_by_role("link").click()
    expect(contractor.get_by_role("table")).to_contain_text("/office/devices/")


def test_a_codec_can_be_tried_before_it_is_saved(enter: Enter) -> None:
    page = enter(STAFF, "/office/codecs/")
    page.locator("main td a", has_text="冷蔵庫用温度計").first.click()
    page.fill("[name=payload]", "01C2820DD4")
    page.get_by_role("button", name=re.compile("試")).first.click()
    expect(page.locator("main")).to_contain_text("4.5")


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("who", [USER, STAFF])
def test_every_page_is_clean_and_accessible(
    enter: Enter, house: House, who: str, language: str
) -> None:
    page = enter(who, "/", language=language)
    known = {"code": house.codes["第2冷蔵庫"], "paddy": house.codes["北の田 1号"]}
    found, listed = [], {}
    for name, path in (OF_TENANT if who == USER else OF_OFFICE).items():
        page.goto(path.format(**known))
        listed |= behind(page, path)
        found += seen(page, name, language)
    for name, (whose, path, _first) in BEHIND.items():
        if whose == who and name not in listed:
            page.goto(path.format(**known))
            listed |= behind(page, path)
    for name, link in listed.items():
        page.goto(link)
        found += seen(page, name, language)
    assert len(listed) == sum(whose == who for whose, _path, _first in BEHIND.values())
    assert found == []


def behind(page: Page, path: str) -> dict[str, str]:
    """The pages of one behind this list: name → address."""
    firsts = {name: first for name, (_whose, here, first) in BEHIND.items() if here == path}
    return {
        name: str(page.locator(first).first.get_attribute("href")) for name, first in firsts.items()
    }


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_pages_before_signing_in_are_clean_and_accessible(
    enter: Enter, eyes: Eyes, language: str
) -> None:
    page = enter("", "/sign-in/", language=language)
    found = seen(page, "sign-in", language)
    eyes.expected_statuses.add(404)
    page.goto("/no-such-page/")
    found += seen(page, "not-found", language)
    assert found == []


def seen(page: Page, name: str, language: str) -> list[str]:
    """What is wrong with one page."""
    page.wait_for_load_state("load")
    if page.locator("figure.chart").count():
        page.locator("figure.chart canvas").first.wait_for()
    axe_at = PHONE if language == "ja" else DESK if name in AXED_ON_DESK else 0
    found = look_at(page, f"{language}-{name}", axe_at=axe_at)
    return [f"{name} ({language}): {words}" for words in found]


def test_the_eyes_see_what_is_wrong(enter: Enter, eyes: Eyes) -> None:
    page = enter("", "/sign-in/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=data:,><hr>')")
    page.evaluate("document.querySelector('hr').style.width = '2000px'")
    page.evaluate("document.body.append(document.createElement('script'))")
    page.evaluate("document.querySelector('body > script').append('alert(1)')")
    found = look_at(page, "eyes")
    assert any("image-alt" in words for words in found)
    assert any("too wide" in words for words in found)
    assert any("policy" in words for words in eyes.problems)
    eyes.problems.clear()
