"""One entry of the journal on its way there."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Row(NamedTuple):
    """One entry of the journal; the order is that of the INSERT."""

    key: UUID
    slice: int
    connection_id: int
    received_at: datetime
    event: str
    address: str
    content_type: str
    query: str
    body: bytes
