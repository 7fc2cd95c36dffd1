"""Ask the domain name system: the only user of dnspython."""

from typing import Protocol

import dns.exception
import dns.resolver
import dns.reversename

ANSWER_S_MAX = 5.0


class NotAnswered(Exception):
    """No name server answered in time: nothing is known."""


class Names(Protocol):
    """Whoever knows names."""

    def texts(self, name: str) -> list[str]:
        """The TXT records; none when there are none. Raises NotAnswered."""

    def hosts(self, name: str) -> list[str]:
        """The hosts that take its mail (MX), best first. Raises NotAnswered."""

    def addresses(self, name: str) -> list[str]:
        """Its internet addresses. Raises NotAnswered."""

    def name_of(self, address: str) -> str:
        """The name that an internet address has (PTR); empty without. Raises NotAnswered."""


class Internet:
    """The name servers of this machine."""

    def __init__(self) -> None:
        self._resolver = dns.resolver.Resolver()
        self._resolver.lifetime = ANSWER_S_MAX

    def texts(self, name: str) -> list[str]:
        """See Names."""
        return [b"".join(one.strings).decode("utf-8", "replace") for one in self._ask(name, "TXT")]

    def hosts(self, name: str) -> list[str]:
        """See Names."""
        found = sorted((one.preference, str(one.exchange)) for one in self._ask(name, "MX"))
        return [host.rstrip(".") for _, host in found]

    def addresses(self, name: str) -> list[str]:
        """See Names."""
        return [one.address for kind in ("A", "AAAA") for one in self._ask(name, kind)]

    def name_of(self, address: str) -> str:
        """See Names."""
        found = self._ask(str(dns.reversename.from_address(address)), "PTR")
        return str(found[0].target).rstrip(".") if found else ""

    def _ask(self, name: str, kind: str) -> list:  # type: ignore[type-arg]
        try:
            return list(self._resolver.resolve(name, kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise NotAnswered(f"{name} {kind}: {type(error).__name__}") from None
