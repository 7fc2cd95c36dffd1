"""Whoever loses access loses the open pages too, within a minute."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection

from noroshi.live import app as live_app
from noroshi.live.app import Live
from noroshi.tenants import register
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Membership, Tenant, User
from tests.live.conftest import Page, cookie_of, page, person, tenant

HOUSE = Actor(None, None)


def stop(user: User, of: Tenant) -> None:
    """Stop this person for the tenant."""
    member = Membership.objects.get(user=user, tenant=of)
    register.stop_at_once(member, by=HOUSE, now=datetime.now(UTC))


def freeze(user: User, of: Tenant) -> None:
    """Stop everybody of the tenant."""
    register.freeze_all(of, by=HOUSE, now=datetime.now(UTC))


def close(user: User, of: Tenant) -> None:
    """The provider ends the account itself."""
    User.objects.filter(pk=user.pk).update(state=User.State.CLOSED, is_active=False)


@pytest.mark.parametrize("deed", [stop, freeze, close])
def test_an_open_page_ends_when_its_person_loses_access(
    live: Callable[..., None], monkeypatch: pytest.MonkeyPatch, deed: Callable[..., None]
) -> None:
    monkeypatch.setattr(live_app, "CHECK_S", 0.0)
    monkeypatch.setattr(live_app, "BEAT_S", 0.05)
    ours, others = tenant("Aki"), tenant("Chie")
    aki, chie = person("aki", ours), person("chie", others)
    browsers = {"mine": page(f"tenant={ours.code}", cookie_of(aki)),
                "theirs": page(f"tenant={others.code}", cookie_of(chie))}  # fmt: skip

    def act() -> None:
        deed(aki, ours)
        connection.close()

    async def story(app: Live) -> None:
        tasks = {name: await opened(app, browser) for name, browser in browsers.items()}
        assert not tasks["mine"].done()
        await asyncio.to_thread(act)
        await asyncio.wait_for(tasks["mine"], 5)
        assert not tasks["theirs"].done()
        again = page(f"tenant={ours.code}", cookie_in(browsers["mine"]))
        await app(again.scope, again.receive, again.send)
        assert again.status in {204, 403}
        browsers["theirs"].gone.set()
        await tasks["theirs"]

    live(story)


async def opened(app: Live, browser: Page) -> "asyncio.Task[None]":
    """Start a request and wait until it is a stream."""
    task = asyncio.create_task(app(browser.scope, browser.receive, browser.send))
    await browser.until(": beat\n\n")
    return task


def cookie_in(browser: Page) -> str:
    """The Cookie header that this browser sent."""
    return str(dict(browser.scope["headers"])[b"cookie"].decode())


def test_the_longest_wait_for_the_check_is_under_a_minute() -> None:
    asking_s = 10  # when thousands of pages ask at once
    assert live_app.CHECK_S + asking_s < 60
