"""A web server on this machine that takes webhooks and answers as each test wants."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from noroshi.base.places import Place, place_of


class Receiver:
    """An HTTP server on this machine; `answers` are given in turn, each as its raw bytes."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.drip_s = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.seen.append((self.path, dict(self.headers), body))
                answer = receiver.answers.pop(0) if receiver.answers else b"HTTP/1.1 204 x\r\n\r\n"
                pieces = [answer[n : n + 1] for n in range(len(answer))] if receiver.drip_s else []
                for piece in pieces or [answer]:
                    try:
                        self.wfile.write(piece)
                    except OSError:
                        return
                    time.sleep(receiver.drip_s)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/in"

    @property
    def place(self) -> Place:
        trusted = [f"localhost:{self.port}"]
        return place_of(f"http://localhost:{self.port}/in?a=1", trusted=trusted)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.server.shutdown()
    running.server.server_close()
