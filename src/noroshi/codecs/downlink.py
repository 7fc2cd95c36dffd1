"""What encoding takes and gives: a JSON object in, bytes and a port out; pure."""

import math
from collections.abc import Mapping

import msgspec

from noroshi.codecs.answers import SPOILT, errors_of, thrown
from noroshi.codecs.result import clean, failed, own_warnings

BYTES_MAX = 255  # more than any network carries
PORT_MAX = 255
PORT = 1  # when neither the encoder nor the asker names one
DATA_CHARS_MAX = 16 * 1024

_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder(dict[str, object]).decode


class BadData(ValueError):
    """A text that is no JSON object; the message says where (English, the reader's own words)."""


class Script(msgspec.Struct, frozen=True, gc=False):
    """A JavaScript codec as a tenant's devices use it. ``version_id`` 0: it is not saved yet."""

    tenant_id: int
    version_id: int
    source: str


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """What to encode. ``f_port``: the port that is asked for, where one is."""

    data: Mapping[str, object]
    f_port: int | None = None
    variables: Mapping[str, str] = {}


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A downlink as it goes out."""

    payload: bytes
    f_port: int | None = None


class Encoded(msgspec.Struct, frozen=True, gc=False):
    """What became of a Wanted. ``error`` is "" or a stable code, as of Decoded.

    Codes besides those: no_encoder, bad_data, no_bytes, bad_bytes (detail: which), bad_port.
    """

    payload: bytes = b""
    f_port: int = PORT
    warnings: tuple[str, ...] = ()
    error: str = ""
    detail: str = ""


def data_from(text: str) -> dict[str, object]:
    """The JSON object that a person typed; raises BadData."""
    if len(text) > DATA_CHARS_MAX:
        raise BadData(f"over {DATA_CHARS_MAX} characters")
    try:
        return _decode_json(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as why:
        raise BadData(str(why)) from why


def item_of(wanted: Wanted) -> str:
    """The list of one item for the worker; raises BadData."""
    variables = {clean(name): clean(value) for name, value in wanted.variables.items()}
    port = wanted.f_port or PORT
    try:
        return _encode_json([(wanted.data, port, variables)]).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError, OverflowError) as why:
        raise BadData(str(why)) from why


def not_encoded(error: str, detail: str = "") -> Encoded:
    """Nothing was encoded, with the reason."""
    return Encoded(error=error, detail=failed(error, detail).detail)


def read_encoded(answer: object, requested: int | None) -> Encoded:
    """The bytes and the port, from {d: numbers, p: port, w, e} or {x, m, s}.

    The port is the encoder's, else the requested one, else 1.
    """
    if not isinstance(answer, dict):
        return not_encoded("bad_result", SPOILT)
    if answer.get("e"):
        return not_encoded("exception", errors_of(answer["e"]))
    if "x" in answer:
        return _not_given(answer)
    numbers, port = answer.get("d"), answer.get("p") or requested or PORT
    if not isinstance(numbers, list):
        return not_encoded("no_bytes")
    if len(numbers) > BYTES_MAX:
        return not_encoded("too_big")
    if not isinstance(port, int | float) or port != port // 1 or not 1 <= port <= PORT_MAX:
        return not_encoded("bad_port", str(port))
    payload = [u8(value) for value in numbers]
    if None in payload:
        return not_encoded("bad_bytes", str(payload.index(None)))
    sound = bytes(value for value in payload if value is not None)
    return Encoded(sound, int(port), own_warnings(answer.get("w")))


def u8(value: object) -> int | None:
    """The lowest eight bits of a number without its fraction: 300.7 is 44, -1 is 255."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        # JavaScript has no integers of its own: a large one is what the nearest float is.
        return math.trunc(float(value)) & 0xFF
    except (OverflowError, ValueError):
        return None


def _not_given(answer: dict[object, object]) -> Encoded:
    error = answer["x"]
    if error in ("too_big", "bad_bytes"):
        return not_encoded(str(error), str(answer.get("m", "")))
    return not_encoded("exception", thrown(answer))
