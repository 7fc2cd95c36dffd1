"""Whether what the programs speak to over a network is spoken to under TLS."""

import ipaddress
import urllib.parse
from collections.abc import Collection

UNDER_TLS = frozenset({"require", "verify-ca", "verify-full"})
HERE = frozenset({"", "localhost", "ip6-localhost"})


def database_fault(url: str, trusted: Collection[str]) -> str:
    """What is wrong with a PostgreSQL address, in words; empty = nothing.

    Loopback, a socket's folder and the hosts in `trusted` may be spoken to in the clear.
    """
    if not url:
        return ""
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    place = parts.netloc.rpartition("@")[2]
    named = [query.get("host", ""), query.get("hostaddr", ""), *place.split(",")]
    far = sorted({host for host in map(_host, named) if is_remote(host, trusted)})
    if not far or query.get("sslmode") in UNDER_TLS:
        return ""
    return (
        f"the database at {', '.join(far)} is spoken to without TLS; add ?sslmode=require (better "
        "verify-full), or name the host in NOROSHI_TRUSTED_HOSTS when its network is private"
    )


def mail_fault(url: str, trusted: Collection[str]) -> str:
    """The same for the mail server."""
    parts = urllib.parse.urlsplit(url)
    starttls = urllib.parse.parse_qs(parts.query).get("starttls", ["0"])[-1] == "1"
    host = parts.hostname or ""
    if parts.scheme == "smtps" or starttls or not is_remote(host, trusted):
        return ""
    return (
        f"the mail server {host} is spoken to without TLS; use smtps:// or ?starttls=1, or name "
        "the host in NOROSHI_TRUSTED_HOSTS when its network is private"
    )


def syslog_fault(url: str, trusted: Collection[str]) -> str:
    """The same for the collector of logs; and whether the address is one at all."""
    if not url:
        return ""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"tcp", "tls"} or not parts.hostname or not _has_port(parts):
        return "NOROSHI_SYSLOG must be tls://host:port or tcp://host:port"
    if parts.scheme == "tls" or not is_remote(parts.hostname or "", trusted):
        return ""
    return (
        f"logs go to {parts.hostname} without TLS; use tls://, or name the host in "
        "NOROSHI_TRUSTED_HOSTS when its network is private"
    )


def is_remote(host: str, trusted: Collection[str]) -> bool:
    """Whether this is another machine, over a network that nobody vouched for."""
    if host in HERE or host.startswith(("/", "@")) or host in trusted:
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def _has_port(parts: urllib.parse.SplitResult) -> bool:
    try:
        return bool(parts.port)
    except ValueError:
        return False


def _host(place: str) -> str:
    """The host of `host:port`, `[v6]:port` or a socket's folder, plain."""
    text = urllib.parse.unquote(place).strip()
    if text.startswith("/"):
        return text
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text if text.count(":") > 1 else text.partition(":")[0].lower()
