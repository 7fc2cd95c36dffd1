"""What the two sides of the sandbox say to each other: length-prefixed msgpack frames."""

import struct

import msgspec

LENGTH = struct.Struct(">I")
FRAME_BYTES_MAX = 16 * 1024 * 1024
RESULT_CHARS_MAX = 64 * 1024  # JSON of one uplink's result
BATCH_CHARS_MAX = 4 * 1024 * 1024  # JSON of all results of one frame
HOUSE_LINE = 20_000  # our own scripts are numbered from here on, a codec's source from 1


class Hello(msgspec.Struct, array_like=True, frozen=True):
    """The worker's first frame: what holds it in, for instance ``{"seccomp": "on"}``."""

    capabilities: dict[str, str]


class Request(msgspec.Struct, array_like=True, frozen=True):
    """Decode ``items`` with one codec. ``items``: JSON, a list of [bytes, port, ms, variables].

    ``keep`` False runs the source in a context of its own that is thrown away.
    """

    tenant_id: int
    version_id: int
    source: str
    items: str
    count: int
    keep: bool


class Reply(msgspec.Struct, array_like=True, frozen=True):
    """``results``: a JSON list, or a line of JSON an item; or ``error`` of the whole frame.

    ``loaded`` False: the source itself is at fault, so each single item would fail alike.
    """

    results: str
    error: str
    detail: str
    loaded: bool
    cpu_s: float


def framed(message: msgspec.Struct) -> bytes:
    """The message as it travels: four bytes of length (big-endian), then msgpack."""
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body
