"""The networks' own HTTP: a kept-open connection a lane, sent again until it is acknowledged."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from noroshi.jobs.demo.radio import Callback

ANSWER_S_MAX = 10.0
PAUSE_S_MIN, PAUSE_S_MAX = 0.25, 3.0
TOLD_EVERY_S = 30.0
HEAD_BYTES_MAX = 16 << 10
AGENTS = {"sigfox": "SIGFOX", "chirpstack": "chirpstack", "tts": "ttn-lw-application-server/3.34"}

log = logging.getLogger("noroshi.simulate")


class NoAnswer(ConnectionError):
    """The gate closed the connection, or said something that is no HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate said, and after how many seconds."""

    status: int
    body: bytes
    took_s: float


class Target:
    """Where the gate is and the tokens to use; counts the requests and notes when it is away."""

    def __init__(self, url: str, tokens: Callable[[], dict[str, str]]) -> None:
        """`tokens` is asked again when the gate does not know one."""
        parts = urlsplit(url)
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or 80
        self.base = parts.path.rstrip("/")
        self._read_tokens = tokens
        self._tokens = tokens()
        self._told_at = -TOLD_EVERY_S
        self.sent = 0
        self.is_away = False

    def path(self, callback: Callback) -> str:
        """The request's target; KeyError for a network without a token."""
        return f"{self.base}/in/{self._tokens[callback.network]}{callback.path}"

    def failed(self, why: str, *, status: int = 0) -> None:
        """Note a failure; say so now and then."""
        self.is_away = True
        if status == 404:
            self._tokens = self._read_tokens() or self._tokens
        if time.monotonic() - self._told_at > TOLD_EVERY_S:
            self._told_at = time.monotonic()
            log.warning("the gate at %s:%s: %s; trying again", self.host, self.port, why)


class Lane:
    """One connection: one request at a time, so that what it carries stays in order."""

    def __init__(self, target: Target) -> None:
        """Connects when first used."""
        self._target = target
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def deliver(self, callback: Callback) -> Answer:
        """Send until a 2xx comes back, however long the gate is away."""
        pause_s = PAUSE_S_MIN
        while True:
            status, why = 0, ""
            try:
                async with asyncio.timeout(ANSWER_S_MAX):
                    answer = await self._post(callback)
                if 200 <= answer.status < 300:
                    self._target.is_away = False
                    return answer
                status, why = answer.status, f"it answered {answer.status}"
            except (OSError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
                await self.close()
                why = str(error) or type(error).__name__
            self._target.failed(why, status=status)
            await asyncio.sleep(pause_s)
            pause_s = min(PAUSE_S_MAX, 2 * pause_s)

    async def close(self) -> None:
        """End the connection; the next request makes a new one."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _post(self, callback: Callback) -> Answer:
        target, began = self._target, time.monotonic()
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                target.host, target.port, limit=HEAD_BYTES_MAX
            )
        head = (
            f"POST {target.path(callback)} HTTP/1.1\r\n"
            f"Host: {target.host}:{target.port}\r\n"
            f"User-Agent: {AGENTS[callback.network]}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(callback.body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + callback.body)
        target.sent += 1
        await self._writer.drain()
        status, body, stays = await _answer(self._reader)
        if not stays:
            await self.close()
        return Answer(status, body, time.monotonic() - began)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection stays open."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {
            name.strip().lower(): value.strip().lower()
            for name, _, value in (line.partition(":") for line in lines)
        }
        status = int(first.split(" ", 2)[1])
        length = 0 if status == 204 else int(headers.get("content-length", "0"))
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, IndexError) as error:
        raise NoAnswer("it closed the connection") from error
    return status, body, headers.get("connection") != "close"
