"""The shipped proxy: modern TLS only, the gate's limits, nothing believed that a client claims."""

import contextlib
import http.client
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from noroshi.gate.protocol import BODY_BYTES_MAX, IDLE_S_MAX, RECEIVE_S_MAX
from noroshi.tenants.models import Paper
from tests.deploy.proxy import (
    INGEST,
    PAGES,
    SHIPPED,
    Ports,
    ToHost,
    ask_once,
    free_ports,
    program,
    render,
    running,
    shake_hands,
    trusting,
)

V1_1, V1_2, V1_3 = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Echo(BaseHTTPRequestHandler):
    """A program behind the proxy: it says what it was told; /live goes on in pieces."""

    protocol_version = "HTTP/1.1"
    more = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/live":
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"data: first\n\n")
            self.more.wait(10)
            self.wfile.write(b"data: second\n\n")
            self.close_connection = True
            return
        body = "".join(f"{name}: {value}\n" for name, value in self.headers.items()).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@contextlib.contextmanager
def an_echo(port: int) -> Iterator[None]:
    """A program that listens."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ports, Path]]:
    """nginx before programs that echo; the second gate is away."""
    program()
    ports, folder = free_ports(), tmp_path_factory.mktemp("nginx")
    main = render(folder, ports)
    with contextlib.ExitStack() as stack:
        for port in (ports.gates[0], ports.web, ports.live):
            stack.enter_context(an_echo(port))
        stack.enter_context(running(main, ports))
        yield ports, folder


def test_nginx_finds_no_fault_with_the_shipped_files(tmp_path: Path) -> None:
    main = render(tmp_path, free_ports())
    told = subprocess.run(
        [program(), "-t", "-p", str(tmp_path), "-c", str(main)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "[warn]" not in told.stderr


def test_tls_1_2_and_1_3_are_spoken_and_nothing_older(
    proxy: tuple[Ports, Path], tmp_path: Path
) -> None:
    port = proxy[0].https
    assert shake_hands(port, trusting(V1_2, V1_2))[0] == "TLSv1.2"
    assert shake_hands(port, trusting(V1_3, V1_3))[0] == "TLSv1.3"
    with pytest.raises(OSError, match=r"(?i)protocol|alert|version"):
        shake_hands(port, trusting(V1_1, V1_1))
    # The client could: a proxy that still spoke it would have been found out.
    ports = free_ports()
    lax = ("ssl_protocols TLSv1.2 TLSv1.3", "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3")
    any_suite = ("ssl_ciphers ", "ssl_ciphers ALL:@SECLEVEL=0:")
    with running(render(tmp_path, ports, lax, any_suite), ports):
        assert shake_hands(ports.https, trusting(V1_1, V1_1))[0] == "TLSv1.1"


@pytest.mark.parametrize(
    ("suite", "wanted"),
    [
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "spoken"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "spoken"),
        ("ECDHE-ECDSA-AES128-GCM-SHA256", "spoken"),
        ("ECDHE-ECDSA-AES256-CCM", "refused"),
        ("ECDHE-ECDSA-AES128-SHA256", "refused"),
        ("ECDHE-ECDSA-AES256-SHA", "refused"),
    ],
)
def test_only_the_suites_listed_are_spoken(
    proxy: tuple[Ports, Path], suite: str, wanted: str
) -> None:
    context = trusting(V1_2, V1_2)
    context.set_ciphers(f"{suite}:@SECLEVEL=0")
    if wanted == "spoken":
        assert shake_hands(proxy[0].https, context)[1] == suite
    else:
        with pytest.raises(ssl.SSLError):
            shake_hands(proxy[0].https, context)


def test_the_strongest_suite_is_taken_whatever_the_client_likes_best(
    proxy: tuple[Ports, Path],
) -> None:
    context = trusting(V1_2, V1_2)
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    assert shake_hands(proxy[0].https, context)[1] == "ECDHE-ECDSA-AES256-GCM-SHA384"


def test_a_name_that_is_not_ours_gets_no_handshake(proxy: tuple[Ports, Path]) -> None:
    with pytest.raises(ssl.SSLError):
        shake_hands(proxy[0].https, trusting(), "evil.example.com")


def test_the_limits_are_those_of_the_programs() -> None:
    text = (SHIPPED / "noroshi.conf").read_text()
    assert f"client_max_body_size {BODY_BYTES_MAX >> 10}k;" in text
    assert text.count(f"client_header_timeout {RECEIVE_S_MAX:g}s;") == 2
    assert f"client_body_timeout {RECEIVE_S_MAX:g}s;" in text
    assert Paper.SIZE_MAX < 6 << 20
    assert "client_max_body_size 6m;" in text
    assert IDLE_S_MAX > 60
    assert "keepalive_timeout 60s;" in text
    assert text.count("non_idempotent") == 1, "only callbacks may be sent twice"


def test_a_body_as_large_as_the_gate_takes_passes_and_no_larger_one(
    proxy: tuple[Ports, Path],
) -> None:
    for size, status in ((BODY_BYTES_MAX, 200), (BODY_BYTES_MAX + 1, 413)):
        line = ToHost(proxy[0].https, INGEST)
        assert ask_once(line, "POST", "/in/token", b"x" * size).status == status


def test_a_client_that_is_slow_with_its_head_or_body_is_cut(proxy: tuple[Ports, Path]) -> None:
    beginnings = [
        b"POST /in/token HTTP/1.1\r\nHost: in.example.jp\r\n",
        b"POST /in/token HTTP/1.1\r\nHost: in.example.jp\r\nContent-Length: 9\r\n\r\nabc",
    ]
    lines = []
    for sent in beginnings:
        wire = socket.create_connection(("127.0.0.1", proxy[0].https), timeout=10)
        line = trusting().wrap_socket(wire, server_hostname=INGEST)
        line.sendall(sent)
        lines.append(line)
    begun = time.monotonic()
    for line in lines:
        with contextlib.suppress(ConnectionError), line:
            while line.recv(4096):
                pass
    assert RECEIVE_S_MAX - 1 < time.monotonic() - begun < RECEIVE_S_MAX + 2


def test_what_a_client_claims_of_itself_is_overwritten(proxy: tuple[Ports, Path]) -> None:
    claimed = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example.com",
        "X-Real-IP": "203.0.113.7",
        "Forwarded": "for=203.0.113.7",
    }
    told = ask_once(ToHost(proxy[0].https, PAGES), "GET", "/", headers=claimed).body.decode()
    assert "X-Forwarded-For: 127.0.0.1\n" in told
    assert "X-Forwarded-Proto: https\n" in told
    assert f"Host: {PAGES}\n" in told
    assert "203.0.113.7" not in told
    assert "evil" not in told


def test_networks_are_told_to_come_by_https_and_never_led_there(proxy: tuple[Ports, Path]) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", proxy[0].http, timeout=10)
    told = ask_once(plain, "POST", "/in/token", b"{}", {"Host": INGEST})
    assert (told.status, told.headers.get("location")) == (403, None)
    plain = http.client.HTTPConnection("127.0.0.1", proxy[0].http, timeout=10)
    told = ask_once(plain, "GET", "/a?b=c", headers={"Host": PAGES})
    assert (told.status, told.headers["location"]) == (301, f"https://{PAGES}/a?b=c")
    secure = ask_once(ToHost(proxy[0].https, INGEST), "POST", "/in/token", b"{}")
    assert "max-age=63072000" in secure.headers["strict-transport-security"]
    assert "nginx/" not in secure.headers["server"]


@pytest.mark.parametrize(
    ("name", "path"),
    [(INGEST, "/metrics"), (INGEST, "/readyz"), (PAGES, "/metrics"), (PAGES, "/healthz")],
)
def test_what_watchers_ask_is_not_for_the_world(
    proxy: tuple[Ports, Path], name: str, path: str
) -> None:
    assert ask_once(ToHost(proxy[0].https, name), "GET", path).status == 404


def test_live_news_pass_at_once(proxy: tuple[Ports, Path]) -> None:
    Echo.more.clear()
    line = ToHost(proxy[0].https, PAGES)
    line.request("GET", "/live")
    answer = line.getresponse()
    try:
        assert answer.readline() == b"data: first\n"
    finally:
        Echo.more.set()
    assert b"data: second" in answer.read()
    line.close()


def test_pages_that_say_nothing_are_excused_in_both_languages(tmp_path: Path) -> None:
    ports = free_ports()
    program()
    with running(render(tmp_path, ports), ports):
        told = ask_once(ToHost(ports.https, PAGES), "GET", "/")
    assert (told.status, told.headers["retry-after"]) == (503, "10")
    assert told.headers["cache-control"] == "no-store"
    assert told.headers["content-type"] == "text/html; charset=utf-8"
    assert "データは失われません" in told.body.decode()
    assert "nothing is lost" in told.body.decode()


def test_no_log_holds_an_address_that_is_a_secret(proxy: tuple[Ports, Path]) -> None:
    ports, folder = proxy
    for name in (INGEST, PAGES):
        ask_once(ToHost(ports.https, name), "POST", "/in/very-secret-token?k=v", b"x" * 70_000)
    for number in range(3):
        ask_once(ToHost(ports.https, INGEST), "POST", f"/in/very-secret-token{number}", b"{}")
    logged = "".join(file.read_text() for file in (folder / "log").iterdir())
    assert "in.example.jp POST 413" in logged
    assert "very-secret" not in logged
