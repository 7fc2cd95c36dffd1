"""What the two sides of the sandbox say to each other: length-prefixed msgpack frames."""

import struct

import msgspec

LENGTH = struct.Struct(">I")
FRAME_BYTES_MAX = 16 * 1024 * 1024
RESULT_CHARS_MAX = 64 * 1024  # JSON of one uplink's result
BATCH_CHARS_MAX = 4 * 1024 * 1024  # JSON of all results of one frame
HOUSE_LINE = 20_000  # our own scripts are numbered from here on, a codec's source from 1

# What a request asks for.
DECODE = "decode"
DECODE_ONLY = "decode_only"  # leave normalizeUplink away
ENCODE = "encode"
MEANING = "meaning"  # of a downlink
NAMES = "names"  # which functions the source has; refused when it has none of any use

DECODERS = ("decodeUplink", "Decode", "Decoder")
ENCODERS = ("encodeDownlink", "Encode", "Encoder")
NORMALIZER = "normalizeUplink"
DOWNLINK_DECODER = "decodeDownlink"
ENTRY_POINTS = (*DECODERS, NORMALIZER, *ENCODERS, DOWNLINK_DECODER)
LORA_OBJECT = "LoRaObject"  # a global that Milesight's codecs look at


class Hello(msgspec.Struct, array_like=True, frozen=True):
    """The worker's first frame: what holds it in, for instance ``{"seccomp": "on"}``."""

    capabilities: dict[str, str]


class Request(msgspec.Struct, array_like=True, frozen=True):
    """Do a task with one codec on ``items``, a JSON list.

    To decode: [bytes, port, ms, variables, LoRaObject], the last two only where there are such
    (LoRaObject: all of the list or none). To encode: [data, port, variables]. Of a downlink:
    [bytes, port]. ``keep`` False runs the source in a context of its own that is thrown away.
    """

    tenant_id: int
    version_id: int
    source: str
    task: str
    items: str
    count: int
    keep: bool


class Reply(msgspec.Struct, array_like=True, frozen=True):
    """``results``: a JSON list, or a line of JSON an item; or ``error`` of the whole frame.

    For the task NAMES the names of the entry points, with spaces between.

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
