"""Names that do not change when a network repeats itself: keys of arrivals, messages, slices."""

import uuid
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

SLICES = 16
DAY_S = 86_400
DEVICES_KEPT = 16_384

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNKNOWN = uuid.SafeUUID.unknown
_set_int, _set_safe = vars(uuid.UUID)["int"].__set__, vars(uuid.UUID)["is_safe"].__set__


def key_of(at: datetime, *parts: object) -> uuid.UUID:
    """Return 6 bytes of `at` in ms and 10 bytes of hash over `parts`: sorts by time."""
    told = ("%s\x1f" * len(parts) % parts)[:-1].encode("utf-8", "surrogatepass")
    since = at - _EPOCH
    ms = (since.days * DAY_S + since.seconds) * 1000 + since.microseconds // 1000
    value = ms.to_bytes(6, "big") + blake2b(told, digest_size=10).digest()
    # As UUID(bytes=value), which first finds out in which of six ways it is made.
    key = uuid.UUID.__new__(uuid.UUID)
    _set_int(key, int.from_bytes(value, "big"))
    _set_safe(key, _UNKNOWN)
    return key


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


@lru_cache(maxsize=DEVICES_KEPT)
def slice_of(space: str, address: str) -> int:
    """Return which of the SLICES queues (0..15) a device's messages wait in; never changes."""
    return crc32(f"{space}:{address}".encode("utf-8", "surrogatepass")) % SLICES
