"""A journal with entries of some days, written the way the gate writes them."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from noroshi.inbox import retention
from noroshi.inbox.actions import NewConnection, make_connection
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.models import Connection, Watermark
from noroshi.tenants.audit import Actor

NOW = datetime(2026, 11, 22, 1, 14, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=10)
INSERT = """
INSERT INTO inbox_entry (key, slice, connection_id, received_at, event, address, content_type,
    query, body) VALUES (%s, %s, %s, %s, 'up', %s, 'application/json', 'a=1', %s)
ON CONFLICT (key) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal and one connection that writes into it."""

    source: Connection

    def take(
        self, count: int, sent_at: datetime = LONG_AGO, *, received_at: datetime | None = None
    ) -> list[uuid.UUID]:
        """Store entries a second apart; their keys."""
        keys = []
        for n in range(count):
            at = sent_at + timedelta(seconds=n)
            keys.append(key_at(at, n))
            address = f"0101{n % 7:012x}"
            body = json.dumps({"devEui": address, "n": n, "time": at.isoformat(), "é": "水位"})
            self.write(keys[-1], received_at or at, address=address, body=body.encode())
        return keys

    def write(
        self, key: uuid.UUID, received_at: datetime, *, address: str = "x", body: bytes = b"{}"
    ) -> int:
        """Store one entry; 0 when it is there."""
        with connection.cursor() as cursor:
            part = hash(address) % 16
            told = [key, part, self.source.pk, received_at, address, body]
            cursor.execute(INSERT, told)
            return int(cursor.rowcount)

    def read_all(self) -> None:
        """The spine has read everything."""
        Watermark.objects.update(entry_id=2**62)

    def hot(self) -> list[EntryRow]:
        """The entries that are not packed, in order of key."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM inbox_entry ORDER BY key")
            return [EntryRow(*row[:-1], bytes(row[-1])) for row in cursor.fetchall()]


def key_at(at: datetime, number: int) -> uuid.UUID:
    """A key as the gate makes it: the message's time and a hash."""
    ms = int(at.timestamp() * 1000)
    rest = uuid.uuid5(uuid.NAMESPACE_OID, f"{at} {number}").bytes[:10]
    return uuid.UUID(bytes=ms.to_bytes(6, "big") + rest)


def nobodys(_rows: Sequence[EntryRow]) -> dict[uuid.UUID, int]:
    """Owners: none."""
    return {}


@pytest.fixture
def journal_of(db: None) -> Journal:
    retention.make_partitions(LONG_AGO)
    new = NewConnection("ChirpStack", "chirpstack")
    made, _token = make_connection(new, by=Actor(None, None), now=NOW)
    return Journal(made)
