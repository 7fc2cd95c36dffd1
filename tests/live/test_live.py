"""A page hears at once of its own tenant's devices, and of nobody else's."""

import asyncio
import json
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection as pg

from noroshi.base.roles import APP
from noroshi.live import app as live_app
from noroshi.live.app import Live
from tests.database import url_of
from tests.factors import give_app
from tests.gate.conftest import database_url
from tests.live.conftest import WEB_PORT, Page, cookie_of, page, person, tenant


async def notify(tenant_id: int, *codes: str) -> None:
    """Say what the spine says after a batch."""
    told = {"tenant": tenant_id, "devices": codes, "kinds": ["reading"]}
    async with await psycopg.AsyncConnection.connect(database_url(), autocommit=True) as other:
        await other.execute("SELECT pg_notify('noroshi_live', %s)", [json.dumps(told)])


async def listening(app: Live) -> None:
    """Wait until the hub hears."""
    # Only the same role may see what another connection asked.
    async with await psycopg.AsyncConnection.connect(url_of(APP), autocommit=True) as other:
        for _ in range(500):
            found = await other.execute(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'noroshi live' "
                "AND datname = current_database() AND query = 'LISTEN noroshi_live' "
                "AND state = 'idle'"
            )
            if await found.fetchone():
                return
            await asyncio.sleep(0.02)
    raise AssertionError("the hub does not listen")


async def opened(app: Live, browser: Page) -> "asyncio.Task[None]":
    """Start a request and wait until it is a stream."""
    task = asyncio.create_task(app(browser.scope, browser.receive, browser.send))
    await browser.until("retry: 2000\n\n")
    return task


def test_a_page_hears_of_its_tenants_devices_and_of_no_others(live: Callable[..., None]) -> None:
    ours, others = tenant("Aki"), tenant("Chie")
    aki, chie = cookie_of(person("aki", ours)), cookie_of(person("chie", others))
    on_duty = person("on duty", kind="staff", staff_roles=["on_duty"])
    give_app(on_duty)
    staff = cookie_of(on_duty)

    async def story(app: Live) -> None:
        await listening(app)
        mine, theirs = page(f"tenant={ours.code}", aki), page(f"tenant={others.code}", chie)
        office = page("office=1", staff)
        tasks = [await opened(app, browser) for browser in (mine, theirs, office)]
        await notify(ours.pk, "tank", "door")
        await mine.until("event: change")
        await office.until("event: change")
        assert mine.told() == [["tank", "door"]]
        assert office.told() == [["tank", "door"]]
        assert theirs.told() == []
        assert mine.headers[b"content-type"].startswith(b"text/event-stream")
        for browser in (mine, theirs, office):
            browser.gone.set()
        await asyncio.gather(*tasks)
        assert app.hub.followers == 0

    live(story)


def test_a_page_that_opens_is_told_what_changed_while_it_was_on_its_way(
    live: Callable[..., None],
) -> None:
    ours, others = tenant("Aki"), tenant("Chie")
    aki = cookie_of(person("aki", ours))

    async def story(app: Live) -> None:
        await listening(app)
        early = page(f"tenant={ours.code}", aki)
        tasks = [await opened(app, early)]
        await notify(others.pk, "foreign")
        await notify(ours.pk, "tank")
        await early.until("event: change")
        late = page(f"tenant={ours.code}", aki)
        tasks.append(await opened(app, late))
        await late.until("event: change")
        assert late.told() == [["tank"]]
        for browser in (early, late):
            browser.gone.set()
        await asyncio.gather(*tasks)

    live(story)


def test_changes_within_a_second_come_together_each_device_once(live: Callable[..., None]) -> None:
    ours = tenant("Aki")
    aki = cookie_of(person("aki", ours))

    async def story(app: Live) -> None:
        await listening(app)
        mine = page(f"tenant={ours.code}", aki)
        task = await opened(app, mine)
        for code in ("first", "tank", "door", "tank"):
            await notify(ours.pk, code)
            await asyncio.sleep(0.02)
        await mine.until('"door"')
        assert [code for told in mine.told() for code in told] == ["first", "tank", "door"]
        assert len(mine.told()) <= 2
        mine.gone.set()
        await task

    live(story)


def test_a_stranger_gets_no_stream(live: Callable[..., None]) -> None:
    ours, others = tenant("Aki"), tenant("Chie")
    chie = cookie_of(person("chie", others))
    gone = cookie_of(person("gone", ours, is_active=False, state="stopped"))
    cases = [
        (page(f"tenant={ours.code}"), 204),
        (page(f"tenant={ours.code}", "noroshi_session=nonsense"), 204),
        (page(f"tenant={ours.code}", gone), 204),
        (page(f"tenant={ours.code}", chie), 403),
        (page("office=1", chie), 403),
        (page("", chie), 403),
        (page(f"tenant={others.code}", chie, method="POST"), 405),
        (page(f"tenant={others.code}", chie, path="/other"), 404),
        (page(f"tenant={others.code}", chie, origin="http://evil.example"), 403),
        (page(f"tenant={others.code}", chie, origin=f"http://evil.example:{WEB_PORT}"), 403),
        (page("", path="/healthz"), 200),
    ]

    async def story(app: Live) -> None:
        for browser, status in cases:
            await app(browser.scope, browser.receive, browser.send)
            assert browser.status == status, browser.scope
            assert browser.text == ""

    live(story)


@pytest.mark.parametrize("origin", [f"http://127.0.0.1:{WEB_PORT}", "http://pages.example:8000"])
def test_our_own_pages_on_another_port_may_read_the_stream(
    live: Callable[..., None], origin: str
) -> None:
    ours = tenant("Aki")
    aki = cookie_of(person("aki", ours))

    async def story(app: Live) -> None:
        mine = page(f"tenant={ours.code}", aki, origin=origin)
        task = await opened(app, mine)
        assert mine.headers[b"access-control-allow-origin"] == origin.encode()
        assert mine.headers[b"access-control-allow-credentials"] == b"true"
        mine.gone.set()
        await task

    live(story)


def test_after_a_gap_every_page_is_told_to_look_again(live: Callable[..., None]) -> None:
    ours = tenant("Aki")
    aki = cookie_of(person("aki", ours))

    async def story(app: Live) -> None:
        await listening(app)
        mine = page(f"tenant={ours.code}", aki)
        task = await opened(app, mine)
        async with await psycopg.AsyncConnection.connect(url_of(APP), autocommit=True) as other:
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'noroshi live' AND datname = current_database()"
            )
        await mine.until("event: resync")
        await notify(ours.pk, "tank")
        await mine.until('"tank"')
        mine.gone.set()
        await task

    live(story)


def test_a_stream_ends_when_its_person_may_no_longer_follow(
    live: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_app, "CHECK_S", 0.0)
    monkeypatch.setattr(live_app, "BEAT_S", 0.05)
    ours = tenant("Aki")
    aki = cookie_of(person("aki", ours))

    async def story(app: Live) -> None:
        mine = page(f"tenant={ours.code}", aki)
        task = await opened(app, mine)
        await mine.until(": beat\n\n")
        assert not task.done()
        await asyncio.to_thread(sign_out_everybody)
        await asyncio.wait_for(task, 5)

    live(story)


def test_a_browser_that_takes_nothing_is_dropped(
    live: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_app, "SEND_S_MAX", 0.1)
    ours = tenant("Aki")
    aki = cookie_of(person("aki", ours))

    async def story(app: Live) -> None:
        await listening(app)
        slow = page(f"tenant={ours.code}", aki)
        task = await opened(app, slow)
        slow.takes_data.clear()
        await notify(ours.pk, "tank")
        await asyncio.wait_for(task, 5)
        assert app.hub.followers == 0

    live(story)


def test_more_devices_than_a_page_can_use_become_one_request_to_look_again(
    live: Callable[..., None],
) -> None:
    ours = tenant("Aki")
    aki = cookie_of(person("aki", ours))

    async def story(app: Live) -> None:
        mine = page(f"tenant={ours.code}", aki)
        task = await opened(app, mine)
        app.hub.publish(json.dumps({"tenant": ours.pk, "devices": [str(n) for n in range(500)]}))
        app.hub.publish("not JSON")
        app.hub.publish('{"tenant": null, "devices": 5}')
        await mine.until("event: resync")
        assert mine.told() == []
        mine.gone.set()
        await task

    live(story)


def sign_out_everybody() -> None:
    """What the sessions table looks like after signing out."""
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute("DELETE FROM django_session")
    pg.close()
