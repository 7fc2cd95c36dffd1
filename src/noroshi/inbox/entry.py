"""One entry of the journal, whichever form it lies in."""

import uuid
from datetime import datetime

import msgspec


class EntryRow(msgspec.Struct, frozen=True, gc=False):
    """One entry as the spine reads it."""

    key: uuid.UUID
    id: int
    slice: int
    connection_id: int
    received_at: datetime
    event: str
    address: str
    content_type: str
    query: str
    body: bytes
