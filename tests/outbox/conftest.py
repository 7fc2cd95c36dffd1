"""A mail server that answers as each test wants, and messages to send to it."""

import asyncio
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from noroshi.outbox.actions import NewMessage
from tests.committed import transactional_db

__all__ = ["transactional_db"]

NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)


def new(number: int = 1, **fields: Any) -> NewMessage:
    """A message to send."""
    plain = {
        "tenant_id": None,
        "kind": "test",
        "about": "x",
        "address": f"r{number}@example.jp",
        "subject": f"【上限警報】冷蔵庫A {number}",
        "body": "温度が上限を超えました。\n",
        "message_id": f"x.opened.r{number}@example.jp",
        "thread_id": "",
        "language": "ja",
    }
    return NewMessage(**(plain | fields))


class MailServer:
    """Takes mail on a free port; `answers` says what to reply, by phase and address or in turn."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []
        self.tries: list[str] = []
        self.senders: list[str] = []  # of the envelopes
        self.at_rcpt: dict[str, str] = {}
        self.at_data: list[str] = []  # one for each mail; `drop` closes the line unanswered
        self.hang: set[str] = set()
        self.at_mail = ""
        self.user = ""  # when set, only this user with the password "p@ss word" may send
        self.lines = 0
        self._loop = asyncio.new_event_loop()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Open the port."""

        async def open_it() -> asyncio.Server:
            return await self._loop.create_server(self._protocol, "127.0.0.1", self.port)

        self._server = asyncio.run_coroutine_threadsafe(open_it(), self._loop).result(5)

    def stop(self) -> None:
        """Close the port; lines that are open stay."""
        if self._server is not None:
            self._loop.call_soon_threadsafe(self._server.close)
        self._server = None

    def end(self) -> None:
        """Let everything go."""
        self.stop()

        async def cancel_all() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(cancel_all(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _protocol(self) -> SMTP:
        self.lines += 1
        if not self.user:
            return SMTP(self, loop=self._loop)
        with warnings.catch_warnings(action="ignore"):  # this line is not for real passwords
            return SMTP(
                self,
                loop=self._loop,
                authenticator=self._know,
                auth_required=True,
                auth_require_tls=False,
            )

    def _know(self, *asked: Any) -> AuthResult:
        who = asked[-1]
        is_known = (who.login, who.password) == (self.user.encode(), b"p@ss word")
        return AuthResult(success=is_known, handled=False)

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _more: list[str]
    ) -> str:
        if self.at_mail:
            return self.at_mail
        self.senders.append(address)
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        self.tries.append(address)
        if address in self.hang:
            await asyncio.sleep(3600)
        if address in self.at_rcpt:
            return self.at_rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.at_data.pop(0) if self.at_data else "250 2.0.0 queued as 7"
        if answer.startswith("250") or answer == "drop":
            assert isinstance(envelope.original_content, bytes)
            self.mails.append((envelope.rcpt_tos[0], envelope.original_content))
        if answer == "drop":
            server.transport.abort()
        return answer


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    server = MailServer()
    settings.SMTP_URL = server.url
    settings.MAIL_FROM = "のろし <noroshi@example.jp>"
    server.start()
    yield server
    server.end()


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """A server that is one function with a socket; gives its address."""
    threads: list[threading.Thread] = []
    ports: list[socket.socket] = []

    def serve(talk: Callable[[socket.socket], None]) -> str:
        port = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            line, _ = port.accept()
            with line:
                talk(line)

        ports.append(port)
        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return f"smtp://127.0.0.1:{port.getsockname()[1]}"

    yield serve
    for thread in threads:
        thread.join(5)
    for port in ports:
        port.close()
