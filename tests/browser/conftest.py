"""A real browser on the real product; skipped by name where there is no chromium."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.eyes import HEIGHT, Eyes
from tests.browser.house import House, open_house

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WAIT_MS_MAX = 10_000
PERIOD_S = 30  # of one code
ARGUMENTS = [
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
    "--no-first-run",
    "--font-render-hinting=none",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The program; without it the tests are skipped, by name."""
    program = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("no chromium on this machine")
    return program


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One chromium for the tests of a file; its event loop must not outlive them."""
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield found
        found.close()


@pytest.fixture(scope="session")
def house(chromium: str) -> Iterator[House]:
    """One product for all tests; it asks for the browser first, to start nothing in vain."""
    with open_house() as found:
        yield found


@pytest.fixture
def eyes() -> Eyes:
    """Watches every page of the test."""
    return Eyes()


Enter = Callable[..., Page]


@pytest.fixture(scope="session")
def sessions() -> dict[str, object]:
    """Who is signed in already: signing in is slow by design."""
    return {}


@pytest.fixture
def enter(
    browser: Browser, house: House, eyes: Eyes, sessions: dict[str, object]
) -> Iterator[Enter]:
    """Open a page as somebody; at the end nothing may have gone wrong on any page."""
    contexts: list[BrowserContext] = []

    def open_page(who: str = "", path: str = "/", *, language: str = "ja") -> Page:
        context = browser.new_context(
            base_url=house.base,
            locale="en-GB" if language == "en" else "ja-JP",
            timezone_id="Asia/Tokyo",
            viewport={"width": 1280, "height": HEIGHT},
            storage_state=sessions.get(who),  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS_MAX)
        eyes.watch(context)
        context.add_cookies([{"name": "django_language", "value": language, "url": house.base}])
        page = context.new_page()
        if who and who not in sessions:
            sign_in(page, house, who)
            sessions[who] = context.storage_state()
        page.goto(path)
        if who and "/sign-in/" in page.url:  # another test ended this session, or it was idle
            sign_in(page, house, who)
            sessions[who] = context.storage_state()
            page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert eyes.problems == []


def sign_in(page: Page, house: House, who: str) -> None:
    """Type login and password."""
    page.goto("/sign-in/")
    page.fill("[name=username]", who)
    page.fill("[name=password]", house.notes.password_of(who))
    page.click("main button, form button.primary")
    page.wait_for_url(lambda url: not url.endswith("/sign-in/"))
    if page.url.endswith("/sign-in/code/"):
        type_code(page)
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def type_code(page: Page) -> None:
    """The demo shows the code of a phone that nobody has: a used one's successor comes in 30 s."""
    for _second in range(2 * PERIOD_S):
        button = page.locator("#demo button")
        if button.count():
            button.click()
            page.wait_for_load_state()
        if "/sign-in/code/" not in page.url:
            return
        page.wait_for_timeout(1000)
        page.goto("/sign-in/code/")
