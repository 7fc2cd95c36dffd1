"""Write down every try to sign in: who, when, with what, from where; and forget it in time."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from axes.models import AccessAttempt, AccessFailureLog
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from noroshi.tenants import access
from noroshi.tenants.agents import label_of
from noroshi.tenants.models import AddressRange, KnownDevice, SignIn, User

LABEL_CHARS_MAX = 100
KEEP_SIGN_INS = timedelta(days=3 * 366)
KEEP_UNUSED_DEVICES = timedelta(days=366)
KEEP_ATTEMPTS = timedelta(days=1)
KEEP_FAILURES = timedelta(days=90)
ON_SITE = gettext_noop("構内のアドレス")
NETWORK_BITS = {4: 24, 6: 48}
INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10", "::1/128"),
    )
)


@dataclass(frozen=True, slots=True)
class Where:
    """From where a request came.

    Attributes:
        address: the internet address as text; None when no program told it.
        device: "iPhone / Safari", or empty.
    """

    address: str | None
    device: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One try: what came of it and how it was made (`password`, `password+app`, `passkey` …)."""

    outcome: str
    method: str = ""
    is_new_device: bool = False


def where_of(request: HttpRequest) -> Where:
    """From where this request came."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    return Where(address_of(request), label_of(agent)[:LABEL_CHARS_MAX])


def address_of(request: HttpRequest) -> str | None:
    """The internet address of whoever asks.

    Behind `settings.PROXIES` proxies it is the one that the outermost of them saw; whatever a
    stranger writes into the header himself stands further left and is not looked at.
    """
    told = [request.META.get("REMOTE_ADDR", "")]
    if settings.PROXIES:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        told = [*forwarded[-settings.PROXIES :], *told][:1]
    address = _readable(told[0])
    return str(address) if address else None


def place_of(address: str | None) -> str:
    """Where that address is said to be: by the operator's table, else its network; "" for None."""
    found = _readable(address or "")
    if found is None:
        return ""
    known = AddressRange.objects.filter(first__lte=str(found), last__gte=str(found))
    row = known.order_by("-first").first()
    if row is not None:
        return row.place
    if any(found in network for network in INSIDE):
        return ON_SITE
    bits = NETWORK_BITS[found.version]
    return str(ipaddress.ip_network((found, bits), strict=False))


def note(user: User | None, arrival: Arrival, where: Where, *, now: datetime) -> SignIn:
    """Write one line of the log; `user` is None for a name that nobody has."""
    line = SignIn(
        user=user,
        at=now,
        outcome=arrival.outcome,
        method=arrival.method,
        address=where.address,
        place=place_of(where.address)[:LABEL_CHARS_MAX],
        device=where.device,
        is_new_device=arrival.is_new_device,
    )
    with access.acting_as(user.pk if user else 0):
        line.save(force_insert=True)
    return line


def prune(now: datetime) -> int:
    """Forget old lines, browsers nobody uses any more, and spent counters of wrong passwords."""
    old = (
        SignIn.objects.filter(at__lt=now - KEEP_SIGN_INS),
        KnownDevice.objects.filter(last_at__lt=now - KEEP_UNUSED_DEVICES),
        AccessAttempt.objects.filter(attempt_time__lt=now - KEEP_ATTEMPTS),
        AccessFailureLog.objects.filter(attempt_time__lt=now - KEEP_FAILURES),
    )
    return sum(rows.delete()[0] for rows in old)


def _readable(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found
