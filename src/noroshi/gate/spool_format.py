"""How rows lie in a file of the spool: marked, measured, checked; pure."""

import struct
import zlib
from dataclasses import dataclass

import msgspec

from noroshi.gate.row import Row

MARK = b"\xf1NR1"
HEAD = struct.Struct("<4sII")  # the mark, the body's length, CRC32 of length and body
LENGTH = struct.Struct("<I")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Row).decode


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes `start` to `end` of a file that hold no whole record."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Segment:
    """What a file holds: rows in their order, and where none could be read."""

    rows: list[Row]
    damages: list[Damage]
    length: int

    @property
    def is_damaged(self) -> bool:
        """Whether more is lost than a torn tail, which nobody was told yes for."""
        return any(damage.end < self.length for damage in self.damages)


def pack(row: Row) -> bytes:
    """One record. Raises ValueError for text that is no Unicode."""
    body = _encode(row)
    return HEAD.pack(MARK, len(body), _sum(body)) + body


def unpack(data: bytes) -> Segment:
    """Every whole record of a file; after damage the next mark is looked for."""
    rows: list[Row] = []
    damages: list[Damage] = []
    at, end = 0, len(data)
    while at < end:
        body = _body_at(data, at)
        if body is not None:
            rows.append(_decode(body))
            at += HEAD.size + len(body)
            continue
        next_at = data.find(MARK, at + 1)
        while next_at != -1 and _body_at(data, next_at) is None:
            next_at = data.find(MARK, next_at + 1)
        damages.append(Damage(at, end if next_at == -1 else next_at))
        at = damages[-1].end
    return Segment(rows, damages, end)


def _body_at(data: bytes, at: int) -> bytes | None:
    if len(data) - at < HEAD.size:
        return None
    mark, length, told = HEAD.unpack_from(data, at)
    body = data[at + HEAD.size : at + HEAD.size + length]
    is_whole = mark == MARK and len(body) == length and _sum(body) == told
    return body if is_whole else None


def _sum(body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(LENGTH.pack(len(body))))
