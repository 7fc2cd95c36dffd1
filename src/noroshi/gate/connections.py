"""The open connections in memory: which secret address is whose, and what else it must show."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Connection:
    """One account at a network, as the gate needs it; `factor` is "", "basic" or "header"."""

    id: int
    tenant_id: int | None
    kind: str
    token_hash: bytes
    factor: str
    factor_header: str
    factor_hash: bytes | None
    settings: Mapping[str, object]

    def admits(self, headers: Mapping[bytes, bytes]) -> bool:
        """Say whether the request shows the second factor; compared in constant time."""
        if not self.factor:
            return True
        name = "authorization" if self.factor == "basic" else self.factor_header.strip().lower()
        shown = headers.get(name.encode("latin-1", "replace"), b"")
        return hmac.compare_digest(sha256(shown).digest(), self.factor_hash or b"")


class Register:
    """All open connections by the hash of their token; replaced whole at each load."""

    def __init__(self) -> None:
        """Know nothing until the first load."""
        self.is_loaded = False
        self.edition = 0  # another one after each load
        self._of_hash: dict[bytes, Connection] = {}

    def load(self, connections: Iterable[Connection]) -> None:
        """Take these and forget the former ones."""
        self._of_hash = {each.token_hash: each for each in connections}
        self.is_loaded = True
        self.edition += 1

    def find(self, token: bytes) -> Connection | None:
        """Return the connection of a token as it stood in the URL."""
        return self._of_hash.get(sha256(token).digest())
