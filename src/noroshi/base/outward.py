"""Post to an address that a customer typed in: to the public Internet only, and not for ever."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from noroshi.base.places import Place, is_public

CONNECT_S_MAX = 5.0
WHOLE_S_MAX = 15.0
ANSWER_BYTES_MAX = 64_000
ADDRESSES_MAX = 3  # of one name that are tried

Resolve = Callable[[str, int], Sequence[str]]


class Forbidden(Exception):
    """The name leads to a machine that no customer may have spoken to; the text says which."""


class NotReached(Exception):
    """There was no answer; `is_sent`: the whole request had been handed over."""

    def __init__(self, text: str, *, is_sent: bool = False) -> None:
        super().__init__(text)
        self.is_sent = is_sent


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: `text` is the beginning of the body; `retry_after` a header, or empty."""

    status: int
    text: str
    retry_after: str


def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def post(
    place: Place, body: bytes, headers: Mapping[str, str], *, names: Resolve | None = None
) -> Reply:
    """Post once and read the answer; nothing is followed. Raises Forbidden or NotReached.

    The name is resolved once, every address it has must be public, and the line goes to one of
    the addresses that were looked at: a name that changes its mind gains nothing.
    """
    end = time.monotonic() + WHOLE_S_MAX
    addresses = _checked(place, names or resolve)
    is_sent = False
    try:
        with _connected(place, addresses, end) as line:
            line.settimeout(_left(end))
            line.sendall(_head(place, body, headers) + body)
            is_sent = True
            return _read(line, end)
    except (OSError, ssl.SSLError, http.client.HTTPException, ValueError) as error:
        raise NotReached(str(error) or type(error).__name__, is_sent=is_sent) from None


def _checked(place: Place, names: Resolve) -> Sequence[str]:
    try:
        addresses = names(place.host, place.port)
    except (OSError, UnicodeError) as error:
        raise NotReached(f"{place.host}: {error}") from None
    if not addresses:
        raise NotReached(f"{place.host} has no address")
    for address in addresses:
        if not place.is_trusted and not is_public(address):
            raise Forbidden(f"{place.host} is {address}, which is not a public address")
    return addresses[:ADDRESSES_MAX]


def _connected(place: Place, addresses: Sequence[str], end: float) -> socket.socket:
    """A line to the first of the addresses that takes one, under TLS with the name's certificate.

    Raises OSError.
    """
    trouble: OSError = OSError("no address")
    for address in addresses:
        try:
            plain = socket.create_connection(
                (address, place.port), timeout=min(CONNECT_S_MAX, _left(end))
            )
        except OSError as error:
            trouble = error
            continue
        if not place.is_tls:
            return plain
        try:
            plain.settimeout(min(CONNECT_S_MAX, _left(end)))
            return ssl.create_default_context().wrap_socket(plain, server_hostname=place.host)
        except BaseException:
            plain.close()
            raise
    raise trouble


def _head(place: Place, body: bytes, headers: Mapping[str, str]) -> bytes:
    host = f"[{place.host}]" if ":" in place.host else place.host
    is_usual = place.port == (443 if place.is_tls else 80)
    lines = [
        f"POST {place.target} HTTP/1.1",
        f"Host: {host}" if is_usual else f"Host: {host}:{place.port}",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _read(line: socket.socket, end: float) -> Reply:
    answer = http.client.HTTPResponse(_Timed(line, end), method="POST")  # type: ignore[arg-type]
    try:
        answer.begin()
        body = b""
        # The status says all: a body without its end changes nothing.
        with suppress(OSError, http.client.HTTPException, ValueError):
            body = answer.read(ANSWER_BYTES_MAX)
        text = body.decode("utf-8", "replace").replace("\0", "")
        return Reply(answer.status, text, answer.getheader("Retry-After", "") or "")
    finally:
        answer.close()


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"no end within {WHOLE_S_MAX:.0f} s")
    return left


class _Timed(io.RawIOBase):
    """A socket's reading side whose pieces, however slowly they drip, share one time limit."""

    def __init__(self, line: socket.socket, end: float) -> None:
        self._line, self._end = line, end
        self._room = 2 * ANSWER_BYTES_MAX  # of head and body and what frames them

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What http.client asks a socket for."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some bytes, or 0 at the end."""
        if self._room <= 0:
            raise OSError("the answer is too long")
        self._line.settimeout(_left(self._end))
        count = self._line.recv_into(buffer)
        self._room -= count
        return count
