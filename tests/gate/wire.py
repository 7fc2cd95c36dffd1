"""The wire between a gate and PostgreSQL, which a test can cut, hold and mend."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from tests.gate.conftest import database_url

CHUNK = 65536


class Wire:
    """Passes bytes on in both directions while it is whole."""

    def __init__(self) -> None:
        parts = urlsplit(database_url())
        self._server = _address_of(parts.hostname, parts.port, parts.query)
        self._door = socket.create_server(("127.0.0.1", 0))
        port = self._door.getsockname()[1]
        account = parts.netloc.rpartition("@")[0]
        self.url = parts._replace(netloc=f"{account}@127.0.0.1:{port}", query="").geturl()
        self._ends: list[socket.socket] = []
        self._is_cut = False
        self._flows = threading.Event()
        self._flows.set()
        self._threads: list[threading.Thread] = []
        self._start(self._welcome)

    def cut(self) -> None:
        """PostgreSQL is away: connections break, new ones are turned away."""
        self._is_cut = True
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        """PostgreSQL is slow beyond measure: nothing passes, nothing breaks."""
        self._flows.clear()

    def mend(self) -> None:
        """All is well again."""
        self._is_cut = False
        self._flows.set()

    def close(self) -> None:
        """Nothing of it is left."""
        self._flows.set()
        self._door.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()
        for end in (self._door, *self._ends):
            end.close()

    def _start(self, work: Callable[..., None], *given: socket.socket) -> None:
        self._threads.append(threading.Thread(target=work, args=given, daemon=True))
        self._threads[-1].start()

    def _welcome(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            if self._is_cut:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX if isinstance(self._server, str) else socket.AF_INET)
            far.connect(self._server)
            self._ends += [near, far]
            for source, target in ((near, far), (far, near)):
                self._start(self._pump, source, target)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self._flows.wait()
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _address_of(host: str | None, port: int | None, query: str) -> str | tuple[str, int]:
    folder = parse_qs(query).get("host", [unquote(host or "")])[0]
    number = port or int(parse_qs(query).get("port", ["5432"])[0])
    return f"{folder}/.s.PGSQL.{number}" if folder.startswith("/") else (folder, number)


@contextlib.contextmanager
def a_wire() -> Iterator[Wire]:
    """A whole wire, closed at the end."""
    wire = Wire()
    try:
        yield wire
    finally:
        wire.close()
