"""HTTP/1.1 on one TCP connection: strict, in order, bounded in size and time."""

import asyncio
import logging
from collections import deque
from typing import cast

import httptools

from noroshi.gate import answer
from noroshi.gate.answer import Answer
from noroshi.gate.head import Head, Heads
from noroshi.gate.intake import Intake

BODY_BYTES_MAX = 64 << 10
TARGET_BYTES_MAX = 8 << 10
HEAD_BYTES_MAX = 16 << 10
RECEIVE_S_MAX = 5.0
IDLE_S_MAX = 75.0
LINGER_S_MAX = 2.0
PIPELINE_MAX = 64
CONNECTIONS_MAX = 4096
SWEEP_S = 0.5

log = logging.getLogger(__name__)


class House:
    """What all conversations of one gate share: the intake, who is there, and closing time."""

    def __init__(self, intake: Intake, *, connections_max: int = CONNECTIONS_MAX) -> None:
        """Begin open and empty."""
        self.intake = intake
        self.heads = Heads()
        self.connections_max = connections_max
        self.present: set[Conversation] = set()
        self.is_closing = False

    async def sweep(self) -> None:
        """Cut who is too slow or idle for too long, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            for conversation in list(self.present):
                conversation.cut_if_late(now)

    async def close(self) -> None:
        """Let every conversation end after its last answer; return when all are gone."""
        self.is_closing = True
        for conversation in list(self.present):
            conversation.end_when_answered()
        while self.present:
            await asyncio.sleep(0.01)


class _Place:
    """A place in the line of answers, which leave in the order the requests came."""

    __slots__ = ("answer", "is_last", "line")

    def __init__(self, line: "Conversation", *, is_last: bool) -> None:
        self.line = line
        self.is_last = is_last
        self.answer: bytes | None = None

    def fill(self, given: Answer) -> None:
        self.answer = given.closing if self.is_last else given.going
        self.line.send_ready()


class Conversation(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, house: House) -> None:
        """Made by the loop for each connection."""
        self._house = house
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._line: deque[_Place] = deque()
        self._since = self._loop.time()  # when the wait of now began
        self._is_receiving = True  # the first request is waited for as if it had begun
        self._is_deaf = False  # nothing more is read: the last answer is decided
        self._is_reading = True
        self._is_clogged = False  # the client does not read its answers
        self._has_eof = False  # the client will send no more
        self._is_between = True  # two requests: the parser has nothing begun
        self._chunk = b""  # what it is fed, when that begins between two requests
        self._is_in_head = True
        self._target: list[bytes] = []
        self._headers: dict[bytes, bytes] = {}
        self._head_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0

    # What the loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Welcome the client, or turn it away when the house is full."""
        self._transport = cast(asyncio.Transport, transport)
        self._house.present.add(self)
        if len(self._house.present) > self._house.connections_max or self._house.is_closing:
            self._is_deaf = True
            self._transport.write(answer.AWAY.closing)
            self._transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the client; what it sent whole is stored all the same."""
        self._house.present.discard(self)
        self._transport = None
        self._line.clear()

    def data_received(self, data: bytes) -> None:
        """Read on; whatever is no HTTP ends the conversation."""
        if self._is_deaf:
            return
        known = self._house.heads.find(data) if self._is_between else None
        if known is None:
            self._parse(data)
        else:
            self._hand_in(*known, is_last=self._house.is_closing)

    def _parse(self, data: bytes) -> None:
        had_head_bytes = self._head_bytes
        self._chunk = data if self._is_between else b""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # An offer to speak HTTP/2 or the like is declined by answering as usual.
            self._end_after_last()
        except httptools.HttpParserCallbackError as error:
            log.error("a request could not be handled", exc_info=error.__context__ or error)
            self._refuse(answer.BROKEN)
        except httptools.HttpParserError:
            self._refuse(answer.BAD_REQUEST)
        else:
            if self._is_in_head and self._is_receiving and self._head_bytes == had_head_bytes:
                # One endless line: the parser has not told of it yet.
                self._head_bytes += len(data)
                self._mind_head()

    def eof_received(self) -> bool:
        """The client said all: stay only while an answer is on its way."""
        self._has_eof = self._is_deaf = True
        if not self._line:
            return False
        self._end_after_last()
        return True

    def pause_writing(self) -> None:
        """The client does not read its answers: take no more requests."""
        self._is_clogged = True
        self._pause()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._is_clogged = False
        self._resume()

    # What the parser tells.

    def on_message_begin(self) -> None:
        """A request begins: its time runs."""
        self._since = self._loop.time()
        self._is_receiving = self._is_in_head = True
        self._is_between = False
        self._target, self._headers, self._head_bytes = [], {}, 0
        self._body, self._body_bytes = [], 0

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._target.append(url)
        self._head_bytes += len(url)
        if self._head_bytes > TARGET_BYTES_MAX:
            self._refuse(answer.URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; those after the body are counted and not believed."""
        self._head_bytes += len(name) + len(value)
        self._mind_head()
        if self._is_in_head:
            self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Refuse what is announced as too large; say "go on" to who asks."""
        self._is_in_head = False
        length = self._headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 9 or int(length) > BODY_BYTES_MAX:
            self._refuse(answer.TOO_LARGE)
        elif not self._is_deaf and b"expect" in self._headers:
            place = _Place(self, is_last=False)
            self._line.append(place)
            place.answer = answer.CONTINUE
            self.send_ready()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body_bytes += len(body)
        if self._body_bytes > BODY_BYTES_MAX:
            self._refuse(answer.TOO_LARGE)
        elif not self._is_deaf:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Hand the request in and keep its place in the line."""
        if self._is_deaf:
            return
        self._is_between = True
        head = Head(self._parser.get_method(), b"".join(self._target), self._headers)
        body = b"".join(self._body)
        is_kept = self._parser.should_keep_alive()
        if self._chunk and is_kept:
            self._house.heads.learn(self._chunk, head, body)
        self._hand_in(head, body, is_last=self._house.is_closing or not is_kept)

    def _hand_in(self, head: Head, body: bytes, *, is_last: bool) -> None:
        self._is_receiving, self._is_in_head = False, True
        self._since = self._loop.time()
        place = _Place(self, is_last=is_last)
        self._line.append(place)
        self._is_deaf = is_last
        if len(self._line) >= PIPELINE_MAX:
            self._pause()
        try:
            self._house.intake.take(head, body, place.fill)
        except Exception:
            log.exception("a request could not be handled")
            self._own_up(place)

    # Answers.

    def send_ready(self) -> None:
        """Write the answers that stand first in the line."""
        transport, line = self._transport, self._line
        ready = []
        is_last = False
        while line and (told := line[0].answer) is not None:
            ready.append(told)
            is_last = line.popleft().is_last
        # uvloop raises when a closed transport is written to.
        if not ready or transport is None or transport.is_closing():
            return
        transport.write(ready[0] if len(ready) == 1 else b"".join(ready))
        if is_last:
            self._part(transport)
        elif len(line) < PIPELINE_MAX:
            self._resume()

    def cut_if_late(self, now: float) -> None:
        """End a conversation whose client is too slow; never while an answer is on its way."""
        transport = self._transport
        if transport is None or self._line:
            return
        waited_s = now - self._since
        if self._is_deaf:
            if waited_s > LINGER_S_MAX:
                transport.abort()
        elif self._is_receiving:
            if waited_s > RECEIVE_S_MAX:
                self._refuse(answer.TOO_SLOW)
        elif waited_s > IDLE_S_MAX:
            transport.abort()

    def end_when_answered(self) -> None:
        """Close now when nothing is on its way, else after the last answer."""
        if self._line:
            self._end_after_last()
        elif self._transport is not None and not (self._is_receiving and self._target):
            self._transport.close()

    def _end_after_last(self) -> None:
        self._is_deaf = True
        if self._line:
            self._line[-1].is_last = True
        elif self._transport is not None:
            self._part(self._transport)

    def _refuse(self, given: Answer) -> None:
        if self._is_deaf:
            return
        self._is_deaf, self._is_receiving = True, False
        place = _Place(self, is_last=True)
        self._line.append(place)
        place.fill(given)

    def _own_up(self, place: _Place) -> None:
        """Whatever of the request is done, its sender hears that the fault is ours."""
        if place.answer is None:
            self._is_deaf = place.is_last = True
            place.fill(answer.BROKEN)

    def _mind_head(self) -> None:
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(answer.HEAD_TOO_LARGE)

    def _part(self, transport: asyncio.Transport) -> None:
        """End our half first: a reset while the client still writes would eat the answer."""
        self._is_deaf = True
        self._since = self._loop.time()
        self._resume()
        if self._has_eof:
            transport.close()
        else:
            transport.write_eof()

    def _pause(self) -> None:
        if self._is_reading and self._transport is not None and not self._transport.is_closing():
            self._is_reading = False
            self._transport.pause_reading()

    def _resume(self) -> None:
        if not self._is_reading and not self._is_clogged and self._transport is not None:
            self._is_reading = True
            self._transport.resume_reading()
