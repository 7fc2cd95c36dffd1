"""Look over every chain of acts: any changed, missing, moved or added link is found."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from noroshi.tenants.chain import GENESIS, Link, hash_of, text_hash
from noroshi.tenants.models import LedgerAnchor

ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be; `number` is the link's place in the chain of the tenant."""

    tenant: str
    number: int
    what: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain of one tenant stands: its last number and that link's hash."""

    tenant_id: int
    tenant: str
    number: int
    hash: str


@dataclass(slots=True)
class Check:
    """One look over all chains, or over one; counts as it goes.

    Attributes:
        links, chains: how many were looked at so far.
    """

    tenant: str = ""
    links: int = 0
    chains: int = 0

    def findings(self) -> Iterator[Finding]:
        """What is wrong, in the order of the chains. Needs a transaction; holds few rows."""
        place = _Place()
        with connection.chunked_cursor() as cursor:
            cursor.execute(_LINKS, {"code": self.tenant})
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                for row in rows:
                    if row[1] != place.tenant_id:
                        yield from self._end(place)
                        place = _Place(row[1], row[17])
                    self.links += 1
                    yield from place.step(row)
        yield from self._end(place)
        yield from self._without_a_link()

    def _end(self, place: "_Place") -> Iterator[Finding]:
        """After the last link of a chain: was there once one more?"""
        if place.tenant_id is None:
            return
        self.chains += 1
        last = LedgerAnchor.objects.filter(tenant=place.tenant_id).order_by("-number").first()
        if last and last.number > place.number:
            yield Finding(place.tenant, last.number, f"missing, but stood on {last.at:%Y-%m-%d}")

    def _without_a_link(self) -> Iterator[Finding]:
        """Chains that were anchored once and of which nothing is left."""
        with connection.cursor() as cursor:
            cursor.execute(_LOST, {"code": self.tenant})
            for code, number in cursor.fetchall():
                yield Finding(code, number, "the whole chain is missing")


@dataclass(slots=True)
class _Place:
    """Where in a chain the check stands."""

    tenant_id: int | None = None
    tenant: str = ""
    number: int = 0
    hash: str = GENESIS

    def step(self, row: tuple[Any, ...]) -> Iterator[Finding]:
        """Look at the next link, then go on from what it says of itself."""
        link, stored, anchored = _link(row), str(row[18]), row[19]
        number = link.number
        if number == self.number:
            yield Finding(self.tenant, number, "stands twice")
        elif number != self.number + 1:
            gap = f"{self.number + 1} to {number - 1}"
            yield Finding(self.tenant, number, f"missing before it: {gap}")
        elif link.previous != self.hash:
            yield Finding(self.tenant, number, "does not follow the link before it")
        if text_hash(link.text) != link.text_sha256:
            yield Finding(self.tenant, number, "the text is not the one that was hashed")
        if hash_of(link) != stored:
            yield Finding(self.tenant, number, "changed since it was written")
        if anchored is not None and anchored != stored:
            yield Finding(self.tenant, number, "is not the link that was anchored")
        self.number, self.hash = number, stored


def _link(row: tuple[Any, ...]) -> Link:
    """The columns of Link; the driver hands JSON over as text."""
    payload = row[8] if isinstance(row[8], dict) else json.loads(row[8])
    return Link._make((*row[:8], payload, *row[9:17]))


def heads() -> list[Head]:
    """Where every chain stands now, by tenant code."""
    with connection.cursor() as cursor:
        cursor.execute(HEADS)
        return [Head(*row) for row in cursor.fetchall()]


def heads_at(at: datetime) -> list[Head]:
    """Where every chain stood when it was last anchored, at or before `at`."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS_AT, [at])
        return [Head(*row) for row in cursor.fetchall()]


def heads_hash(found: Sequence[Head]) -> str:
    """One hash over all heads, for a person to keep elsewhere: SHA-256 of a line a chain."""
    lines = sorted(f"{head.tenant} {head.number} {head.hash}\n" for head in found)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def anchor(now: datetime) -> int:
    """Write down where the chains stand that moved since the last time; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_ANCHOR, [now])
        return int(cursor.rowcount)


# The columns in the order of Link, then the tenant's code, the stored hash, the anchor's.
_LINKS = """
SELECT i.previous, i.tenant_id, i.number, i.code, i.draft_code, i.kind, i.text, i.text_sha256,
    i.payload, i.user_id, i.user_login, i.user_name, i.enrolment_code, i.method, i.at,
    i.address, i.agent, t.code, i.hash, a.hash
FROM tenants_intent i JOIN tenants_tenant t ON t.id = i.tenant_id
LEFT JOIN tenants_ledgeranchor a ON a.tenant_id = i.tenant_id AND a.number = i.number
WHERE %(code)s = '' OR t.code = %(code)s
ORDER BY i.tenant_id, i.number
"""
_LOST = """
SELECT t.code, max(a.number) FROM tenants_ledgeranchor a JOIN tenants_tenant t ON t.id = a.tenant_id
WHERE (%(code)s = '' OR t.code = %(code)s)
    AND NOT EXISTS (SELECT FROM tenants_intent i WHERE i.tenant_id = a.tenant_id)
GROUP BY t.code ORDER BY t.code
"""
# Where every chain stands: the columns of Head. Also asked by backups, in a session of their own.
HEADS = """
SELECT t.id, t.code, h.number, h.hash FROM tenants_tenant t CROSS JOIN LATERAL (
    SELECT number, hash FROM tenants_intent i WHERE i.tenant_id = t.id ORDER BY number DESC LIMIT 1
) h ORDER BY t.code
"""
_HEADS_AT = """
SELECT t.id, t.code, h.number, h.hash FROM tenants_tenant t CROSS JOIN LATERAL (
    SELECT number, hash FROM tenants_ledgeranchor a WHERE a.tenant_id = t.id AND a.at <= %s
    ORDER BY number DESC LIMIT 1
) h ORDER BY t.code
"""
_ANCHOR = f"""
INSERT INTO tenants_ledgeranchor (tenant_id, at, number, hash)
SELECT id, %s, number, hash FROM ({HEADS}) AS head
ON CONFLICT (tenant_id, number) DO NOTHING
"""
