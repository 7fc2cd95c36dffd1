"""The browsers' ear: GET /live as server-sent events, straight on ASGI."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.http.request import split_domain_port, validate_host

from noroshi.live.hub import Follower, Hub
from noroshi.live.viewers import NotSignedIn, NotYours, Stream, stream_of

GATHER_S = 1.0
BEAT_S = 15.0
CHECK_S = 45.0  # and what the answer takes: who was stopped hears nothing after a minute
CHANCE = secrets.SystemRandom()  # so that pages do not all ask at once
SEND_S_MAX = 10.0
FOLLOWERS_MAX = 5000
RETRY_MS = 2000

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger(__name__)


class Live:
    """The ASGI application."""

    def __init__(self, database_url: str, *, web_port: int, base_url: str) -> None:
        """Listen on this database; let pages of base_url, or of web_port on our host, ask."""
        self.hub = Hub(database_url)
        self._asker = Asker()
        self._web_port = web_port
        base = urlsplit(base_url)
        self._base_origin = f"{base.scheme}://{base.netloc}"

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection, or the life of the program."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        listening = asyncio.create_task(self.hub.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.hub.end()
        listening.cancel()
        await asyncio.wait({listening})
        await asyncio.to_thread(self._asker.end)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        origin = headers.get("origin", "")
        if scope["path"] == "/healthz":
            await refuse(send, 200)
        elif scope["path"] != "/live":
            await refuse(send, 404)
        elif scope["method"] != "GET":
            await refuse(send, 405)
        elif origin and not self._is_ours(origin, headers.get("host", "")):
            await refuse(send, 403)
        elif self.hub.followers >= FOLLOWERS_MAX:
            await refuse(send, 503, origin)
        else:
            query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
            visit = Visit(self._asker, headers.get("cookie", ""), query)
            stream, status = await visit.check()
            if stream is None:
                await refuse(send, status, origin)
            else:
                await self._follow(visit, stream, Line(receive, send, origin))

    async def _follow(self, visit: "Visit", stream: Stream, line: "Line") -> None:
        follower = Follower(stream.tenant_id)
        self.hub.join(follower)
        checks = Checks(visit, stream, follower)
        try:
            await line.open()
            while await line.wait_for(follower.news) and not follower.is_over:
                if stream.is_visit and not await visit.may_still_follow(stream):
                    return
                if not await line.say(follower.take() or b": beat\n\n"):
                    return
        finally:
            self.hub.leave(follower)
            checks.end()
            await line.close()

    def _is_ours(self, origin: str, host: str) -> bool:
        if origin == self._base_origin:
            return True
        name, _port = split_domain_port(host)
        of_pages = {f"{scheme}://{name}:{self._web_port}" for scheme in ("http", "https")}
        return origin in of_pages and validate_host(name, settings.ALLOWED_HOSTS)


class Asker:
    """Asks the database, one question after the other, on a thread with a connection of its own.

    A new connection for each costs ten times the question, and two thousand open pages ask seventy
    a second.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ask")

    async def ask(self, question: Callable[[], Stream]) -> Stream:
        """Answer with what the question answers, or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, question)

    @staticmethod
    def _ask(question: Callable[[], Stream]) -> Stream:
        close_old_connections()  # those of before a restart
        return question()

    def end(self) -> None:
        """Let thread and connection go; blocks until what was asked is answered."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown()


class Visit:
    """Who asks for what."""

    def __init__(self, asker: Asker, cookies: str, query: dict[str, list[str]]) -> None:
        """Keep the Cookie header and `?tenant=` or `?office=1`."""
        self._asker = asker
        self._cookies = cookies
        self._tenant_code = query.get("tenant", [""])[0]
        self._is_office = query.get("office", [""])[0] == "1"

    async def check(self) -> tuple[Stream | None, int]:
        """Return the stream, or None and the status to refuse with.

        204 tells a browser to stop asking: the page of a signed-out person is left in peace.
        """
        try:
            return await self._asker.ask(self._stream), 200
        except NotSignedIn:
            return None, 204
        except NotYours:
            return None, 403
        except (OperationalError, InterfaceError) as error:
            log.warning("database is away: %s", str(error).strip().split("\n")[0])
            return None, 503

    async def may_still_follow(self, stream: Stream) -> bool:
        """Ask again; while the database is away the answer stays as it was."""
        found, status = await self.check()
        return found == stream or status == 503

    def _stream(self) -> Stream:
        return stream_of(self._cookies, tenant_code=self._tenant_code, is_office=self._is_office)


class Checks:
    """Whether the person may still follow, asked while the news go on; the answer no ends it."""

    def __init__(self, visit: Visit, stream: Stream, follower: Follower) -> None:
        """Ask every CHECK_S; pages that opened together ask at different times."""
        self._visit, self._stream, self._follower = visit, stream, follower
        self._asking: asyncio.Task[bool] | None = None
        self._timer = self._later(CHECK_S * CHANCE.uniform(0.5, 1))

    def end(self) -> None:
        """Ask no more."""
        self._timer.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def _later(self, after_s: float) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(after_s, self._begin)

    def _begin(self) -> None:
        self._asking = asyncio.create_task(self._visit.may_still_follow(self._stream))
        self._asking.add_done_callback(self._judge)

    def _judge(self, asked: "asyncio.Task[bool]") -> None:
        if asked.cancelled():
            return
        if asked.result():
            self._timer = self._later(CHECK_S)
        else:
            self._follower.end()


class Line:
    """The open response to one browser."""

    def __init__(self, receive: Receive, send: Send, origin: str) -> None:
        """Nothing is sent before `open`."""
        self._send = send
        self._origin = origin
        self._gone = asyncio.ensure_future(disconnect(receive))
        self._told_at = 0.0
        self._is_open = False

    async def open(self) -> None:
        """Begin the response."""
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"x-accel-buffering", b"no"),
            *common(self._origin),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        self._is_open = await self.say(f"retry: {RETRY_MS}\n\n".encode())

    async def wait_for(self, news: asyncio.Event) -> bool:
        """Return after news, gathered for GATHER_S, or BEAT_S; False when the browser is gone."""
        loop = asyncio.get_running_loop()
        coming = asyncio.ensure_future(news.wait())
        await asyncio.wait({coming, self._gone}, timeout=BEAT_S, return_when="FIRST_COMPLETED")
        coming.cancel()
        pause_s = self._told_at + GATHER_S - loop.time()
        if news.is_set() and pause_s > 0:
            await asyncio.wait({self._gone}, timeout=pause_s)
        self._told_at = loop.time()
        return not self._gone.done()

    async def say(self, data: bytes) -> bool:
        """Send; False when the browser is gone or takes nothing for SEND_S_MAX."""
        try:
            async with asyncio.timeout(SEND_S_MAX):
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        except (TimeoutError, OSError, RuntimeError):
            self._is_open = False
        else:
            return not self._gone.done()
        return False

    async def close(self) -> None:
        """End the response."""
        is_gone = self._gone.done()
        self._gone.cancel()
        if self._is_open and not is_gone:
            with contextlib.suppress(OSError, RuntimeError):
                await self._send({"type": "http.response.body", "body": b""})


async def disconnect(receive: Receive) -> None:
    """Return when the browser is gone; its request body, which is empty, comes first."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def refuse(send: Send, status: int, origin: str = "") -> None:
    """Answer without a body."""
    headers = common(origin)
    if status == 405:
        headers.append((b"allow", b"GET"))
    elif status == 503:
        headers.append((b"retry-after", b"2"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def common(origin: str) -> list[tuple[bytes, bytes]]:
    """The headers of every response; `origin` is a page that may read it."""
    headers = [
        (b"cache-control", b"no-store"),
        (b"vary", b"Origin"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if origin:
        headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        headers.append((b"access-control-allow-credentials", b"true"))
    return headers
