"""A gate for tests: the real one, on a free port, over the tests' own database."""

import asyncio
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import uvloop

from noroshi.base.roles import PIPELINE
from noroshi.gate import main
from noroshi.gate.main import Settings
from noroshi.inbox.models import Connection
from tests.committed import transactional_db
from tests.database import url_of

__all__ = ["transactional_db"]

PAYLOADS = "tests/payloads/networks"
WAIT_S_MAX = 15.0
SPOOL_BYTES_MAX = 64 << 20


def database_url() -> str:
    """The address of the database this test writes to, as the gate gets it."""
    return url_of(PIPELINE)


def connect_to(port: int) -> socket.socket:
    """A connection to a gate."""
    return socket.create_connection(("127.0.0.1", port), timeout=WAIT_S_MAX)


@dataclass
class Response:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def read_response(client: socket.socket, rest: bytes = b"") -> tuple[Response, bytes]:
    """The next response and what was read beyond it."""
    while b"\r\n\r\n" not in rest:
        rest += _more(client)
    head, _, rest = rest.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        rest += _more(client)
    return Response(int(first.split()[1]), headers, rest[:length]), rest[length:]


def _more(client: socket.socket) -> bytes:
    data = client.recv(65536)
    if not data:
        raise ConnectionError("the gate closed the connection")
    return data


def request_bytes(
    method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> bytes:
    """One request as a network's HTTP client writes it."""
    lines = [f"{method} {target} HTTP/1.1", "Host: gate"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@dataclass
class Sender:
    """A network that posts to one connection of the gate."""

    port: int
    token: str
    connection: Connection
    headers: dict[str, str] = field(default_factory=dict)

    def send(
        self,
        body: bytes = b"",
        *,
        method: str = "POST",
        tail: str = "",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Post to /in/<token><tail>."""
        data = request_bytes(
            method, f"/in/{self.token}{tail}", body, self.headers | (headers or {})
        )
        return ask(self.port, data)


def ask(port: int, data: bytes) -> Response:
    """Send bytes, read one response."""
    with closing(connect_to(port)) as client:
        client.sendall(data)
        return read_response(client)[0]


def make_connection(kind: str, **fields: object) -> tuple[Connection, str]:
    """An open connection of a kind, and its token."""
    token = secrets.token_urlsafe(24)
    row = Connection.objects.create(
        name=kind,
        kind=kind,
        token_hash=sha256(token.encode()).digest(),
        token_hint=token[:8],
        created_at=datetime.now(UTC),
        **fields,
    )
    return row, token


class RunningGate:
    """A gate in a thread with a loop of its own."""

    def __init__(self, settings: main.Settings) -> None:
        self.port = 0
        self.is_stopped = False
        self.gate: main.Gate | None = None
        self._settings = settings
        self._ready = threading.Event()
        self._loop = uvloop.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(WAIT_S_MAX)
        assert self.port

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WAIT_S_MAX)
        assert not self._thread.is_alive()
        self.is_stopped = True

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        async with main.opened(self._settings) as gate:
            self.gate, self.port = gate, gate.port
            self._ready.set()
            await self._stop.wait()


def settings_of(spool: Path, **changes: object) -> Settings:
    """What a gate of the tests works with: straight to the database, unless changed."""
    settings = Settings(database_url(), "127.0.0.1", 0, spool, SPOOL_BYTES_MAX)
    return replace(settings, **changes)  # type: ignore[arg-type]


@pytest.fixture
def start_gate(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., RunningGate]]:
    """Starts gates that share a place for spools; all are stopped at the end."""
    started: list[RunningGate] = []

    def start(**changes: object) -> RunningGate:
        started.append(RunningGate(settings_of(tmp_path / "spool", **changes)))
        return started[-1]

    yield start
    for gate in started:
        if not gate.is_stopped:
            gate.stop()


@pytest.fixture
def sender(start_gate: Callable[[], RunningGate]) -> Callable[..., Sender]:
    """Makes a connection of a kind, starts a gate for it, and speaks as the network."""

    def make(kind: str, **fields: object) -> Sender:
        row, token = make_connection(kind, **fields)
        return Sender(start_gate().port, token, row)

    return make
