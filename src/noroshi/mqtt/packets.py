"""MQTT 3.1.1 and 5 as bytes, as far as a subscriber says and hears them; pure."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

V3, V5 = 4, 5  # the protocol's level on the wire: 3.1.1 and 5
CONNACK, PUBLISH, SUBACK, PINGRESP, DISCONNECT = 2, 3, 9, 13, 14
PING = b"\xc0\x00"
LEAVE = b"\xe0\x00"
REFUSED_FROM = 0x80  # a reason code from here on is a no
UNSPECIFIED, IMPLEMENTATION = 0x80, 0x83
SERVER_KEEP_ALIVE, RECEIVE_MAXIMUM, SESSION_EXPIRY = 0x13, 0x21, 0x11
TOPIC_BYTES_MAX = 0xFFFF

_SHORT = struct.Struct(">H")
_PUBACK = struct.Struct(">HH")
_PUBACK_NO = struct.Struct(">HHB")
# How long the value of a property is: bytes, or one of the kinds below.
_TEXT, _PAIR, _VARIABLE = -1, -2, -3
_PROPERTIES = {
    0x01: 1, 0x02: 4, 0x03: _TEXT, 0x08: _TEXT, 0x09: _TEXT, 0x0B: _VARIABLE, 0x11: 4,
    0x12: _TEXT, 0x13: 2, 0x15: _TEXT, 0x16: _TEXT, 0x17: 1, 0x18: 4, 0x19: 1, 0x1A: _TEXT,
    0x1C: _TEXT, 0x1F: _TEXT, 0x21: 2, 0x22: 2, 0x23: 2, 0x24: 1, 0x25: 1, 0x26: _PAIR,
    0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip


class NotMqtt(ValueError):
    """The bytes are no MQTT, or not what a subscriber may be sent."""


@dataclass(frozen=True, slots=True)
class Login:
    """How a subscriber introduces itself; `is_clean`: without a session that the broker keeps."""

    client_id: str
    user: str = ""
    password: str = ""
    version: int = V5
    is_clean: bool = False
    keep_alive_s: int = 30
    session_s: int = 7 * 86_400
    in_flight_max: int = 1000


class Message(NamedTuple):
    """One message; `number` 0 = QoS 0, which asks for no acknowledgement."""

    topic: bytes
    body: bytes
    number: int
    is_retained: bool


class TooBig(NamedTuple):
    """A message whose body is passed over; `length` in bytes, with its head."""

    topic: bytes
    number: int
    length: int


class Packet(NamedTuple):
    """Any other packet."""

    kind: int
    body: bytes


class Frames:
    """Cuts what a broker sends into packets; messages over `bytes_max` are never held."""

    def __init__(self, version: int, bytes_max: int) -> None:
        """Begin at the first byte of a connection."""
        self._is_v5 = version == V5
        self._bytes_max = bytes_max
        self._rest = b""
        self._skip = 0  # bytes of a message that is passed over

    def feed(self, data: bytes) -> list[Message | TooBig | Packet]:
        """The packets that are whole now, in their order. Raises NotMqtt."""
        if self._skip:
            passed = min(self._skip, len(data))
            self._skip -= passed
            data = data[passed:]
        data = self._rest + data if self._rest else data
        found: list[Message | TooBig | Packet] = []
        at, end = 0, len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length > 127:
                measured = number_at(data, at + 1)
                if measured is None:
                    break
                length, start = measured
            stop = start + length
            if stop <= end and length <= self._bytes_max:
                found.append(self._packet(data[at], data, start, stop))
                at = stop
            elif length <= self._bytes_max:
                break
            else:
                big = _too_big(data[at], data[start:stop], length)
                if big is None:
                    break
                found.append(big)
                self._skip = max(0, stop - end)
                at = min(stop, end)
        self._rest = data[at:] if at else data
        return found

    def _packet(self, first: int, data: bytes, start: int, stop: int) -> Message | Packet:
        kind = first >> 4
        if kind != PUBLISH:
            return Packet(kind, data[start:stop])
        topic, number, at = _head(first, data, start, stop)
        if self._is_v5:
            measured = number_at(data, at)
            if measured is None or sum(measured) > stop:
                raise NotMqtt("a message without its properties")
            at = measured[0] + measured[1]
        return Message(topic, data[at:stop], number, bool(first & 1))


def begin(data: bytes) -> None:
    """Look at a connection's first bytes: other protocols would be waited for in vain.

    Raises NotMqtt unless they begin a CONNACK.
    """
    if data[0] != CONNACK << 4:
        raise NotMqtt("the answer is no MQTT")


def connect(login: Login) -> bytes:
    """The first packet of a connection."""
    flags = 0x02 if login.is_clean else 0
    flags |= (0x80 if login.user else 0) | (0x40 if login.password else 0)
    body = _text("MQTT") + bytes((login.version, flags)) + _SHORT.pack(login.keep_alive_s)
    if login.version == V5:
        expiry = 0 if login.is_clean else login.session_s
        own = struct.pack(">BIBH", SESSION_EXPIRY, expiry, RECEIVE_MAXIMUM, login.in_flight_max)
        body += number(len(own)) + own
    body += _text(login.client_id)
    body += _text(login.user) if login.user else b""
    body += _text(login.password) if login.password else b""
    return _framed(0x10, body)


def subscribe(version: int, packet: int, topics: Iterable[str]) -> bytes:
    """Ask for topics at QoS 1, and (5 only) for no retained messages."""
    options = b"\x21" if version == V5 else b"\x01"
    body = _SHORT.pack(packet) + (b"\0" if version == V5 else b"")
    return _framed(0x82, body + b"".join(_text(topic) + options for topic in topics))


def acknowledge(numbers: Sequence[int]) -> bytes:
    """PUBACKs, joined."""
    pack = _PUBACK.pack
    return b"".join([pack(0x4002, each) for each in numbers])


def decline(version: int, packet: int, reason: int = IMPLEMENTATION) -> bytes:
    """The end of one message that is not kept; 3.1.1 knows no word for it but yes."""
    if version != V5:
        return acknowledge([packet])
    return _PUBACK_NO.pack(0x4003, packet, reason)


@dataclass(frozen=True, slots=True)
class Welcome:
    """CONNACK: `code` 0 = yes; the numbers are the broker's own where it says any."""

    code: int
    has_session: bool
    keep_alive_s: int | None = None
    reason: str = ""


def welcome(version: int, body: bytes) -> Welcome:
    """Read a CONNACK; a broker that knows only 3.1.1 answers so to a 5 as well. Raises NotMqtt."""
    if len(body) < 2:
        raise NotMqtt("an answer without its code")
    told = _properties(body, 2) if version == V5 and len(body) > 2 else {}
    keep_alive = told.get(SERVER_KEEP_ALIVE)
    return Welcome(
        body[1],
        bool(body[0] & 1),
        int.from_bytes(keep_alive, "big") if keep_alive is not None else None,
        told.get(0x1F, b"").decode("utf-8", "replace"),
    )


def granted(version: int, body: bytes) -> tuple[int, ...]:
    """The codes of a SUBACK, one a topic. Raises NotMqtt."""
    at = 2
    if version == V5:
        measured = number_at(body, at)
        if measured is None:
            raise NotMqtt("an answer to a subscription without its properties")
        at = sum(measured)
    return tuple(body[at:])


def farewell(body: bytes) -> tuple[int, str]:
    """Code and reason of a DISCONNECT of a broker that speaks 5. Raises NotMqtt."""
    if not body:
        return 0, ""
    told = _properties(body, 1) if len(body) > 1 else {}
    return body[0], told.get(0x1F, b"").decode("utf-8", "replace")


def number(value: int) -> bytes:
    """A variable byte integer."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number_at(data: bytes, at: int) -> tuple[int, int] | None:
    """A variable byte integer and where it ends; None while bytes are missing. Raises NotMqtt."""
    value = 0
    for place in range(4):
        if at + place >= len(data):
            return None
        byte = data[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise NotMqtt("a length of more than four bytes")


def _head(first: int, data: bytes, start: int, stop: int) -> tuple[bytes, int, int]:
    """Topic, number and where the rest of the PUBLISH of data[start:stop] begins."""
    qos = first >> 1 & 3
    at = start + 2
    at += (data[start] << 8 | data[start + 1]) if stop >= at else 0
    after = at + 2 if qos else at
    if stop < after or qos > 1:
        raise NotMqtt("a message without its head" if qos < 2 else "a message of QoS 2")
    return data[start + 2 : at], data[at] << 8 | data[at + 1] if qos else 0, after


def _too_big(first: int, begun: bytes, length: int) -> TooBig | None:
    """What is known of a message that is too long; None while its head is not there yet."""
    if first >> 4 != PUBLISH:
        raise NotMqtt(f"a packet of {length} bytes")
    if len(begun) < 2 or len(begun) < 4 + (begun[0] << 8 | begun[1]):
        return None
    topic, number_, _at = _head(first, begun, 0, len(begun))
    return TooBig(topic, number_, length)


def _properties(body: bytes, at: int) -> dict[int, bytes]:
    """Each property's value as bytes; of one that stands several times, the last."""
    measured = number_at(body, at)
    if measured is None:
        raise NotMqtt("properties without their length")
    at, end = measured[1], sum(measured)
    if end > len(body):
        raise NotMqtt("properties that are cut off")
    found: dict[int, bytes] = {}
    while at < end:
        name, at = body[at], at + 1
        stop = _value_end(body, at, _PROPERTIES.get(name, 0))
        if stop > end:
            raise NotMqtt("a property that is cut off")
        found[name] = body[at + 2 : stop] if _PROPERTIES[name] == _TEXT else body[at:stop]
        at = stop
    return found


def _value_end(body: bytes, at: int, kind: int) -> int:
    if kind > 0:
        return at + kind
    if kind == _VARIABLE:
        measured = number_at(body, at)
        if measured is not None:
            return measured[1]
    elif kind:
        for _each in range(-kind):
            at += 2 + int.from_bytes(body[at : at + 2], "big")
        return at
    raise NotMqtt("a property that MQTT does not know")


def _text(text: str) -> bytes:
    told = text.encode()
    return _SHORT.pack(len(told)) + told


def _framed(first: int, body: bytes) -> bytes:
    return bytes((first,)) + number(len(body)) + body
