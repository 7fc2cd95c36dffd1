"""Names that do not change when a network repeats itself: keys of arrivals, messages, slices."""

import uuid
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from zlib import crc32

SLICES = 16

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def key_of(at: datetime, *parts: object) -> uuid.UUID:
    """Return 6 bytes of `at` in ms and 10 bytes of hash over `parts`: sorts by time."""
    told = "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
    digest = blake2b(told, digest_size=10).digest()
    return uuid.UUID(bytes=((at - _EPOCH) // _MS).to_bytes(6, "big") + digest)


def body_mark(body: bytes, query: str = "") -> str:
    """Return a short hash of a whole request, for messages that carry no name of their own."""
    told = body if not query else body + b"?" + query.encode("utf-8", "surrogatepass")
    return blake2b(told, digest_size=10).hexdigest()


def garbage_key(connection_id: int, received_at: datetime, body: bytes) -> uuid.UUID:
    """Return the key of a body that no adapter could read: one a day, connection and content."""
    return key_of(day_of(received_at), connection_id, "garbage", body_mark(body))


def day_of(instant: datetime) -> datetime:
    """Return the UTC midnight at or before an instant."""
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def slice_of(space: str, address: str) -> int:
    """Return which of the SLICES queues (0..15) a device's messages wait in; never changes."""
    return crc32(f"{space}:{address}".encode("utf-8", "surrogatepass")) % SLICES
