"""Signs that one user id is shared by several people (terms, article 6(2)). Pure thought."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import NamedTuple

OK, SIGNED_OUT = "ok", "signed_out"  # outcomes of a sign-in
WITHIN = timedelta(minutes=10)
# A household or an office is one network of this many bits, a phone's mast too.
NETWORK_BITS = {4: 24, 6: 48}


class Try(NamedTuple):
    """What matters of one row of the log of sign-ins."""

    pk: int
    user_id: int | None
    at: datetime
    outcome: str
    address: str | None


def sharing_hints(tries: Iterable[Try]) -> list[tuple[Try, Try]]:
    """Pairs of one person's sign-ins within minutes from two networks, without signing out.

    The newest pair first.
    """
    hints = []
    last: dict[int, Try] = {}
    for one in sorted(tries, key=lambda row: (row.at, row.pk)):
        if one.user_id is None:
            continue
        before = last.get(one.user_id)
        if one.outcome == SIGNED_OUT:
            if before and _network(before.address) == _network(one.address):
                del last[one.user_id]
        elif one.outcome == OK:
            if before and one.at - before.at <= WITHIN and _are_apart(before, one):
                hints.append((before, one))
            last[one.user_id] = one
    return hints[::-1]


def _are_apart(one: Try, other: Try) -> bool:
    here, there = _network(one.address), _network(other.address)
    return bool(here and there and here != there)


def _network(address: str | None) -> str:
    if not address:
        return ""
    bits = NETWORK_BITS[ip_address(address).version]
    return str(ip_network(f"{address}/{bits}", strict=False))
