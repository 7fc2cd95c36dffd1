"""The measured side of bench.live: the real program, its open pages, and who tells the news."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

import psycopg  # noqa: E402
import uvloop  # noqa: E402
from bench.gate import cpu_us, family, is_open  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from noroshi.base.environment import ROLE_URLS  # noqa: E402
from noroshi.base.news import CHANNEL  # noqa: E402
from noroshi.base.roles import APP  # noqa: E402
from noroshi.tenants.models import Membership, Tenant, User  # noqa: E402

PAGES = 2000
TENANTS = 200
PER_S = 80  # each tenant is told every 2.5 s: a page gathers the news of a second
SECONDS = 15.0
OPENING = 50  # pages on their way at a time
START_S_MAX = 20.0
OPEN_S_MAX = 60.0


def main() -> None:
    """Print one line of JSON."""
    cookie, tenants = prepare(datetime.now(UTC))
    with a_live() as (pid, port):
        empty_kib = resident_kib(pid)
        told = uvloop.run(measure(pid, port, cookie, tenants))
        told["kib_a_page"] = (told.pop("full_kib") - empty_kib) / PAGES
    sys.stdout.write(json.dumps(told) + "\n")


def prepare(now: datetime) -> tuple[str, list[tuple[int, str]]]:
    """One person who acts for every tenant; her cookie, and id and code of each."""
    user = User.objects.create_user("bench", "beacon fire on the hill", name="bench")
    made = Tenant.objects.bulk_create(
        Tenant(name=f"bench {n}", code=f"bench{n}", created_at=now) for n in range(TENANTS)
    )
    Membership.objects.bulk_create(
        Membership(tenant=one, user=user, role=Membership.Role.VIEWER) for one in made
    )
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    return cookie, [(one.pk, one.code) for one in made]


@contextlib.contextmanager
def a_live() -> Iterator[tuple[int, int]]:
    """`noroshi live` on a free port; its process id (the one that serves) and the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.environ["DATABASE_URL"].rsplit("/", 1)[1]
    url = os.environ[ROLE_URLS[APP]].rsplit("/", 1)[0] + f"/{path}"
    told = {"DATABASE_URL": url, ROLE_URLS[APP]: url, "NOROSHI_LIVE_PORT": str(port)}
    program = [sys.executable, "-m", "noroshi", "live"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(program, env=os.environ | told, **quiet)
    try:
        until = time.monotonic() + START_S_MAX
        while not is_open(port):
            assert process.poll() is None, "noroshi live ended"
            assert time.monotonic() < until, "noroshi live does not listen"
            time.sleep(0.05)
        time.sleep(1)  # the hub begins to listen
        # The parent only holds what its worker shares with it.
        workers = [one for one in family(process.pid) if one != process.pid]
        yield max(workers, key=resident_kib), port
    finally:
        process.terminate()
        process.wait(START_S_MAX)


async def measure(
    pid: int, port: int, cookie: str, tenants: list[tuple[int, str]]
) -> dict[str, float]:
    """Open the pages, tell the news, and gather how late each page heard."""
    heard = Heard()
    gate = asyncio.Semaphore(OPENING)
    pages = [Page(heard, tenants[n % TENANTS][1], cookie) for n in range(PAGES)]
    async with asyncio.timeout(OPEN_S_MAX):
        await asyncio.gather(*(page.open(port, gate) for page in pages))
    full_kib = resident_kib(pid)
    floor: list[float] = []
    listener = asyncio.create_task(listen(floor))
    await asyncio.sleep(2)
    before_us = cpu_us([pid])
    sent = await tell_news([pk for pk, _code in tenants])
    await asyncio.sleep(2)
    spent_us = cpu_us([pid]) - before_us
    listener.cancel()
    late, due = sorted(heard.late_s), sent * (PAGES // TENANTS)
    for page in pages:
        page.close()
    return {
        "pages": PAGES,
        "p50_ms": 1000 * late[len(late) // 2],
        "p99_ms": 1000 * late[len(late) * 99 // 100],
        "floor_p50_ms": 1000 * sorted(floor)[len(floor) // 2],
        "floor_p99_ms": 1000 * sorted(floor)[len(floor) * 99 // 100],
        "lost": due - len(late),
        "cpu_us": spent_us / max(len(late), 1),
        "full_kib": full_kib,
    }


async def tell_news(tenant_ids: list[int]) -> int:
    """NOTIFY one tenant after the other at an even pace; returns how often."""
    loop = asyncio.get_running_loop()
    async with await psycopg.AsyncConnection.connect(
        os.environ["DATABASE_URL"], autocommit=True
    ) as pg:
        begun, sent = loop.time(), 0
        while (next_s := begun + sent / PER_S) < begun + SECONDS:
            await asyncio.sleep(next_s - loop.time())
            notice = {"tenant": tenant_ids[sent % TENANTS], "devices": [], "kinds": ["reading"]}
            notice["devices"] = [f"t{time.monotonic_ns()}"]
            await pg.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(notice)])
            sent += 1
    return sent


async def listen(floor: list[float]) -> None:
    """What PostgreSQL itself takes to pass the news on."""
    async with await psycopg.AsyncConnection.connect(
        os.environ["DATABASE_URL"], autocommit=True
    ) as pg:
        await pg.execute(f"LISTEN {CHANNEL}")
        async for told in pg.notifies():
            sent_ns = int(json.loads(told.payload)["devices"][0][1:])
            floor.append((time.monotonic_ns() - sent_ns) / 1e9)


class Heard:
    """What all pages heard: how late, in seconds."""

    def __init__(self) -> None:
        self.late_s: list[float] = []


class Page(asyncio.Protocol):
    """One browser's stream."""

    def __init__(self, heard: Heard, tenant: str, cookie: str) -> None:
        self._heard = heard
        self._request = (
            f"GET /live?tenant={tenant} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n"
        ).encode()
        self._is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    async def open(self, port: int, gate: asyncio.Semaphore) -> None:
        """Ask, and wait until the stream has begun."""
        async with gate:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: self, "127.0.0.1", port)
            await self._is_open

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Ask."""
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        """A page that never opened must not be waited for."""
        if not self._is_open.done():
            self._is_open.set_exception(error or OSError("closed before the stream began"))

    def data_received(self, data: bytes) -> None:
        """The head once, then news."""
        if not self._is_open.done():
            if b"retry:" in data:
                self._is_open.set_result(None)
            elif not data.startswith(b"HTTP/1.1 200"):
                self._is_open.set_exception(OSError(data[:200].decode(errors="replace")))
        if b"event: change" in data:
            now_ns = time.monotonic_ns()
            for line in data.split(b"\n"):
                if line.startswith(b"data: "):
                    told = json.loads(line[6:])["devices"]
                    self._heard.late_s += [(now_ns - int(code[1:])) / 1e9 for code in told]

    def close(self) -> None:
        """Leave."""
        if self._transport is not None:
            self._transport.close()


def resident_kib(pid: int) -> float:
    """What a process holds in memory."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return float(line.split()[1])
    return 0.0


if __name__ == "__main__":
    main()
