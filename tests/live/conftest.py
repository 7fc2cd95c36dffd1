"""The live program for tests: its ASGI application in a loop of the test's own."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from noroshi.base.roles import APP
from noroshi.live.app import Live
from noroshi.tenants.models import Membership, Tenant, User
from tests.committed import transactional_db
from tests.contracted import make_tenant
from tests.database import url_of

__all__ = ["transactional_db"]

WAIT_S_MAX = 10.0
WEB_PORT = 8123


@dataclass
class Page:
    """One request of a browser and what it was sent."""

    scope: dict[str, Any]
    started: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    is_read: bool = False
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    text: str = ""
    takes_data: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> dict[str, Any]:
        if not self.is_read:
            self.is_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = dict(message["headers"])
            return
        await self.takes_data.wait()
        self.text += message.get("body", b"").decode()
        self.started.set()

    async def until(self, wanted: str) -> None:
        """Wait until the stream has this text."""
        async with asyncio.timeout(WAIT_S_MAX):
            while wanted not in self.text:
                await asyncio.sleep(0.01)

    def told(self) -> list[list[str]]:
        """The devices of each change so far."""
        lines = self.text.split("\n")
        return [
            json.loads(data.removeprefix("data: "))["devices"]
            for name, data in pairwise(lines)
            if name == "event: change"
        ]


def page(query: str, cookie: str = "", **more: object) -> Page:
    """A browser that asks for /live."""
    headers = [(b"host", b"127.0.0.1:8002"), (b"cookie", cookie.encode())]
    origin = more.pop("origin", "")
    if origin:
        headers.append((b"origin", str(origin).encode()))
    scope = {"type": "http", "method": "GET", "path": "/live", "headers": headers}
    made = Page(scope | {"query_string": query.encode()} | more)
    made.takes_data.set()
    return made


@pytest.fixture
def live(transactional_db: None) -> Callable[[Callable[[Live], Coroutine[Any, Any, None]]], None]:
    """Runs a story against the application, with its life begun and ended."""

    def run(story: Callable[[Live], Coroutine[Any, Any, None]]) -> None:
        asyncio.run(tell(story))

    async def tell(story: Callable[[Live], Coroutine[Any, Any, None]]) -> None:
        app = Live(url_of(APP), web_port=WEB_PORT, base_url="http://pages.example:8000")
        stop, up, down = asyncio.Event(), asyncio.Event(), asyncio.Event()
        begun = False

        async def receive() -> dict[str, Any]:
            nonlocal begun
            if begun:
                await stop.wait()
                return {"type": "lifespan.shutdown"}
            begun = True
            return {"type": "lifespan.startup"}

        async def send(message: dict[str, Any]) -> None:
            (up if message["type"] == "lifespan.startup.complete" else down).set()

        life = asyncio.create_task(app({"type": "lifespan"}, receive, send))
        async with asyncio.timeout(3 * WAIT_S_MAX):
            await up.wait()
            await story(app)
            stop.set()
            await down.wait()
            await life

    return run


def person(login: str, *tenants: Tenant, **fields: object) -> User:
    """A person who acts for these tenants."""
    user = User.objects.create_user(login, "a long password of no meaning", name=login, **fields)
    for tenant in tenants:
        Membership.objects.create(tenant=tenant, user=user, role=Membership.Role.VIEWER)
    return user


def tenant(name: str) -> Tenant:
    """A tenant."""
    return make_tenant(name=name, created_at=datetime.now(UTC))


def cookie_of(user: User) -> str:
    """The Cookie header of a browser in which this person signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"theme=dark; noroshi_session={session.session_key}"
