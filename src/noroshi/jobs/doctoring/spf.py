"""Does a domain's SPF record name an address as a sender (RFC 7208)? The part of it in real use."""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from noroshi.jobs.doctoring.dns import Names

LOOKUPS_MAX = 10
PASS, FAIL, SOFT, NEUTRAL, NONE = "pass", "fail", "softfail", "neutral", "none"
ERROR = "permerror"
_RESULTS = {"+": PASS, "-": FAIL, "~": SOFT, "?": NEUTRAL}


class TooMany(Exception):
    """More lookups than the standard allows: receivers then take the record for broken."""


@dataclass(slots=True)
class _Asking:
    names: Names
    ip: str
    lookups: int = field(default=0)

    def count(self) -> None:
        self.lookups += 1
        if self.lookups > LOOKUPS_MAX:
            raise TooMany


def records(names: Names, domain: str) -> list[str]:
    """The domain's SPF records; there should be one. Raises NotAnswered."""
    return [text for text in names.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]


def result(names: Names, domain: str, ip: str) -> str:
    """What the domain says of the address: one of the words above. Raises NotAnswered, TooMany."""
    return _of_domain(_Asking(names, ip), domain)


def _of_domain(asking: _Asking, domain: str) -> str:
    found = records(asking.names, domain)
    if len(found) != 1:
        return ERROR if found else NONE
    redirect = ""
    for term in found[0].split()[1:]:
        if term.lower().startswith("redirect="):
            redirect = term.partition("=")[2]
            continue
        sign, mechanism = (term[0], term[1:]) if term[0] in _RESULTS else ("+", term)
        if "=" not in mechanism and _matches(asking, mechanism, domain):
            return _RESULTS[sign]
    if redirect:
        asking.count()
        return _of_domain(asking, redirect)
    return NEUTRAL


def _matches(asking: _Asking, mechanism: str, domain: str) -> bool:
    head, _, bits = mechanism.partition("/")
    name, _, value = head.partition(":")
    name = name.lower()
    if name == "all":
        return True
    if name in {"ip4", "ip6"}:
        return _is_in(asking.ip, mechanism.partition(":")[2])
    if name not in {"a", "mx", "include", "exists", "ptr"}:
        return False
    asking.count()
    place = value or domain
    if name == "include":
        return _of_domain(asking, place) == PASS
    if name == "a":
        return _is_any(asking, [place], bits)
    return name == "mx" and _is_any(asking, asking.names.hosts(place), bits)


def _is_any(asking: _Asking, hosts: list[str], bits: str) -> bool:
    found = [one for host in hosts for one in asking.names.addresses(host)]
    length = bits.partition("/")[0]
    return any(_is_in(asking.ip, f"{one}/{length}" if length else one) for one in found)


def _is_in(ip: str, network: str) -> bool:
    try:
        return ip_address(ip) in ip_network(network, strict=False)
    except ValueError:
        return False
