"""Write entries the way the gate does, for tests of what comes after it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection

from noroshi.base import tally
from noroshi.inbox.models import Connection
from noroshi.networks import registry
from noroshi.networks.uplink import Arrival, Malformed

PAYLOADS = Path(__file__).parent.parent / "payloads" / "networks"


@dataclass(frozen=True, slots=True)
class Posted:
    """A body as a network would post it."""

    body: bytes
    event: str = ""
    content_type: str = "application/json"


def sample(name: str) -> bytes:
    """One sample message from disk."""
    return (PAYLOADS / name).read_bytes()


def take_in(source: Connection, posted: Posted, *, now: datetime) -> None:
    """Store one entry under its key; a repeat changes nothing."""
    arrival = Arrival(
        connection_id=source.pk,
        received_at=now,
        event=posted.event,
        content_type=posted.content_type,
        query="",
        body=posted.body,
        settings=source.settings,
    )
    try:
        known = registry.identify(source.kind, arrival)
        key, address, event = known.key, known.address, known.event
        part = registry.slice_of(known.space, known.address)
    except Malformed:
        key, address, event, part = (
            registry.garbage_key(source.pk, now, posted.body),
            "",
            posted.event,
            0,
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inbox_entry (key, slice, connection_id, received_at, event, address, "
            "content_type, query, body) VALUES (%s, %s, %s, %s, %s, %s, %s, '', %s) "
            "ON CONFLICT DO NOTHING",
            [key, part, source.pk, now, event, address, posted.content_type, posted.body],
        )
        tally.add({tally.STORED: cursor.rowcount}, slot=0)
