"""Rows as the binary arrays that unnest takes: one value for each column of the INSERT; pure."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from noroshi.gate.row import Row

UUID, INT2, INT4, TIMESTAMPTZ, TEXT, BYTEA = 2950, 21, 23, 1184, 25, 17  # PostgreSQL's own numbers
SHORT_TEXTS_KEPT = 512  # events and content types are the same again and again
DAY_S = 86_400
S_US = 1_000_000

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_HEAD = struct.Struct(">iiiii")  # dimensions, has nulls, type, length, first index
_length = struct.Struct(">i").pack


def arrays(rows: Sequence[Row]) -> list[bytes]:
    """One array a field of Row, in its order.

    Raises ValueError or OverflowError when a row holds what no column can.
    """
    keys, slices, connections, times, events, addresses, types, queries, bodies = zip(
        *rows, strict=True
    )
    return [
        _fixed(UUID, [key.bytes for key in keys]),
        _fixed(INT2, [part.to_bytes(2, "big", signed=True) for part in slices]),
        _fixed(INT4, [number.to_bytes(4, "big", signed=True) for number in connections]),
        _fixed(TIMESTAMPTZ, [_micros(at).to_bytes(8, "big", signed=True) for at in times]),
        _varying(TEXT, [_short(event) for event in events]),
        _varying(TEXT, [address.encode() for address in addresses]),
        _varying(TEXT, [_short(kind) for kind in types]),
        _varying(TEXT, [query.encode() for query in queries]),
        _varying(BYTEA, bodies),
    ]


def _fixed(kind: int, values: Sequence[bytes]) -> bytes:
    """Values of one length, which therefore stands between any two of them."""
    head = _HEAD.pack(1, 0, kind, len(values), 1)
    return _length(len(values[0])).join((head, *values))


def _varying(kind: int, values: Sequence[bytes]) -> bytes:
    parts = [_HEAD.pack(1, 0, kind, len(values), 1)]
    for value in values:
        parts.append(_length(len(value)))
        parts.append(value)
    return b"".join(parts)


def _micros(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * DAY_S + since.seconds) * S_US + since.microseconds


@lru_cache(maxsize=SHORT_TEXTS_KEPT)
def _short(text: str) -> bytes:
    return text.encode()
