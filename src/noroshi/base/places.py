"""Which machines may be spoken to on a customer's word: only those of the public Internet."""

import ipaddress
import re
import urllib.parse
from collections.abc import Collection
from dataclasses import dataclass

URL_CHARS_MAX = 254
PORTS = (443, 8443)

# Written out: what the library calls global has changed between releases of Python.
_SHUT_4 = [
    ipaddress.IPv4Network(one)
    for one in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's own services, seen from inside
    )
]
_OPEN_6 = ipaddress.IPv6Network("2000::/3")  # all that is given out
_SHUT_6 = [
    ipaddress.IPv6Network(one)
    for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")  # tunnels, documentation
]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAME = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?"
)
_PATH = re.compile(r"[!-~]*")  # no space, no control character, nothing beyond ASCII


class BadPlace(ValueError):
    """The address of the web cannot be used; the text is one of the words below."""


NOT_A_URL, NOT_HTTPS, HAS_SECRET, BAD_PORT = "not a URL", "not https", "has a password", "bad port"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes: `target` is path and query; `is_trusted`: the operator vouches."""

    host: str
    port: int
    target: str
    is_tls: bool
    is_trusted: bool


def place_of(url: str, *, ports: Collection[int] = PORTS, trusted: Collection[str] = ()) -> Place:
    """Take an address apart. Raises BadPlace.

    https and one of `ports` only, but for the `host:port` in `trusted`, which the operator named.
    """
    if len(url) > URL_CHARS_MAX or not _PATH.fullmatch(url) or "\\" in url or "#" in url:
        raise BadPlace(NOT_A_URL)
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadPlace(NOT_A_URL) from None
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in {"https", "http"} or not (_NAME.fullmatch(host) or ":" in host):
        raise BadPlace(NOT_A_URL)
    if "@" in parts.netloc:
        raise BadPlace(HAS_SECRET)
    is_tls = parts.scheme == "https"
    port = port if port is not None else 443 if is_tls else 80
    is_trusted = f"{host}:{port}" in trusted
    if not is_tls and not is_trusted:
        raise BadPlace(NOT_HTTPS)
    if port not in ports and not is_trusted:
        raise BadPlace(BAD_PORT)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(host, port, target, is_tls, is_trusted)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public Internet, and to nothing special in it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False  # also one with a scope (fe80::1%eth0)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped
        if found in _NAT64:
            inner = ipaddress.IPv4Address(found.packed[-4:])
        if inner is None:
            return found in _OPEN_6 and not any(found in net for net in _SHUT_6)
        found = inner
    return not any(found in net for net in _SHUT_4)
