"""The shipped nginx, on ports of the test's own and with a certificate nobody trusts."""

import contextlib
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.gate.test_program import free_port

SHIPPED = Path(__file__).resolve().parent.parent.parent / "deploy" / "nginx"
NAMES = ("in.example.jp", "www.example.jp")
INGEST, PAGES = NAMES
START_S_MAX = 10.0
MAIN = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/log/error.log warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    include {folder}/noroshi.conf;
}}
"""


@dataclass(frozen=True)
class Ports:
    """Where nginx listens, and where it thinks the programs do."""

    https: int
    http: int
    gates: tuple[int, int]
    web: int
    live: int


def free_ports() -> Ports:
    """Ports nobody listens on."""
    return Ports(free_port(), free_port(), (free_port(), free_port()), free_port(), free_port())


def program() -> str:
    """nginx; without it the test is skipped, by name."""
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        pytest.skip("no nginx on this machine (on Debian: apt-get install nginx-light)")
    return found


def render(folder: Path, ports: Ports, *changes: tuple[str, str]) -> Path:
    """The shipped files with the test's ports and places; returns the main file.

    `changes` are replaced besides, each of which must be there.
    """
    (folder / "log").mkdir()
    for file in SHIPPED.iterdir():
        text = file.read_text()
        text = text.replace("/etc/nginx/noroshi", str(folder)).replace(
            "/var/log/nginx", f"{folder}/log"
        )
        text = re.sub(r" *listen \[::\].*\n", "", text)
        text = text.replace("listen 443", f"listen 127.0.0.1:{ports.https}")
        text = text.replace("listen 80", f"listen 127.0.0.1:{ports.http}")
        for shipped, port in zip((8011, 8012), ports.gates, strict=True):
            text = text.replace(f"127.0.0.1:{shipped} ", f"127.0.0.1:{port} ")
        text = text.replace("127.0.0.1:8000;", f"127.0.0.1:{ports.web};")
        text = text.replace("127.0.0.1:8002;", f"127.0.0.1:{ports.live};")
        for old, new in changes:
            text = text.replace(old, new)
        (folder / file.name).write_text(text)
    whole = "".join((folder / file.name).read_text() for file in SHIPPED.iterdir())
    assert all(new in whole for _old, new in changes)
    certify(folder)
    main = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    main.write_text(MAIN.format(folder=folder, user=user))
    return main


def certify(folder: Path) -> None:
    """A key and a certificate of our own for both names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "noroshi test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(n) for n in NAMES]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@contextlib.contextmanager
def running(main: Path, ports: Ports) -> Iterator[None]:
    """nginx at work on a rendered configuration."""
    argv = [program(), "-p", str(main.parent), "-c", str(main)]
    process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_S_MAX
        while True:
            with (
                contextlib.suppress(ConnectionError),
                socket.create_connection(("127.0.0.1", ports.https), timeout=1),
            ):
                break
            assert process.poll() is None, (main.parent / "log" / "error.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(START_S_MAX)


def trusting(
    low: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2, high: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> ssl.SSLContext:
    """A client that believes any certificate and speaks these versions, with any suite."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of the old version, which is the point
        context.minimum_version, context.maximum_version = low, high
    return context


def shake_hands(port: int, context: ssl.SSLContext, name: str = PAGES) -> tuple[str, str]:
    """(version, suite) agreed upon. Raises OSError (ssl.SSLError among them) when refused."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=START_S_MAX) as wire,
        context.wrap_socket(wire, server_hostname=name) as line,
    ):
        suite = line.cipher()
        assert suite is not None
        return str(line.version()), suite[0]


class ToHost(http.client.HTTPSConnection):
    """A client of one host behind the proxy, whatever the name server says."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(name, port, timeout=START_S_MAX, context=trusting())

    def connect(self) -> None:
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout)
        self.sock = trusting().wrap_socket(wire, server_hostname=self.host)


@dataclass(frozen=True)
class Told:
    """What the proxy answered."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    line: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Told:
    """One request on a connection, which stays open."""
    line.request(method, path, body, headers or {})
    answer = line.getresponse()
    told = {name.lower(): value for name, value in answer.getheaders()}
    return Told(answer.status, told, answer.read())


def ask_once(
    line: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Told:
    """One request, and the connection ends."""
    with contextlib.closing(line):
        return ask(line, method, path, body, headers)
