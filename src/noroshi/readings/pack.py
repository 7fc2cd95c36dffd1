"""Pack the numbers of one series over some days into few bytes, and back, bit for bit.

A body is one version byte and a zlib stream: a head, then the times, then the values. Times are
differences in the coarsest unit that keeps them (seconds, milliseconds, or milliseconds with the
microseconds beside them). Values are whole numbers of the smallest power of ten that gives each
value back exactly; where there is none they are float32, and else float64. Whole numbers are
stored as offsets from their smallest in the least width that holds them, byte planes apart.

A short chunk gains little from zlib and pays for its tables. Where that is smaller, a body of the
second version holds the same parts behind a CRC-32, each offset in its least number of bits.
"""

import struct
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

VERSION, BIT_VERSION = 1, 2
LEVEL = 6
BITS_READINGS_MAX = 512  # a longer chunk gains nothing by bits, and they are slow to take apart
BITS_ALWAYS_MAX = 96  # so few that trying zlib, too, costs more time than it saves bytes
READINGS_MAX = 10_000_000  # in one chunk; more is no chunk of ours
DECIMALS_MAX = 9
EXACT_MAX = 2.0**53  # whole numbers up to here survive as float64
HEAD = struct.Struct("<IqBBB")  # count, first time, time unit, value form, value decimals
PART = struct.Struct("<BQ")  # width of an item in bytes, smallest item
UNIT_US = {0: 1_000_000, 1: 1_000, 2: 1_000}
WITH_MICROS = 2
PLAIN, STEPS, FLOAT32, FLOAT64 = 0, 1, 2, 3
WIDTHS = (0, 1, 2, 4, 8)
CRC = struct.Struct("<I")
BITS = np.arange(64, dtype=np.uint64)

Times = NDArray[np.int64]
Values = NDArray[np.float64]
Whole = NDArray[np.uint64]
Write = Callable[[Whole], bytes]
Read = Callable[[bytes, int, int], tuple[Whole, int]]  # raw, where, how many; and where it ended


class BadChunk(ValueError):
    """Bytes that are no chunk, or one of a version this program does not know."""


class Run(NamedTuple):
    """Readings of one series in order of time: microseconds since 1970, and values."""

    times: Times
    values: Values


NOTHING = Run(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64))


def pack(times_us: Times, values: Values) -> bytes:
    """The body of a chunk. Raises ValueError when the arrays differ in length or are too long."""
    times = np.ascontiguousarray(times_us, dtype=np.int64)
    numbers = np.ascontiguousarray(values, dtype=np.float64)
    if len(times) != len(numbers) or len(times) > READINGS_MAX:
        raise ValueError(f"{len(times)} times, {len(numbers)} values")
    unit, first, wholes = _whole_times(times)
    forms = [
        (HEAD.pack(len(times), first, unit, form, decimals), values_of)
        for form, decimals, values_of in _value_forms(numbers)
    ]
    bodies = []
    if len(times) <= BITS_READINGS_MAX:
        at = b"".join(map(_pack_bits, wholes))
        found = [
            (head + at + values_of(_pack_bits), n) for n, (head, values_of) in enumerate(forms)
        ]
        bits, best = min(found, key=lambda one: len(one[0]))
        bodies.append(bytes([BIT_VERSION]) + CRC.pack(zlib.crc32(bits)) + bits)
        if len(times) <= BITS_ALWAYS_MAX:
            return bodies[0]
        forms = [forms[best]]  # the smaller before zlib is nearly always the smaller after
    at = b"".join(map(_pack_whole, wholes))
    for head, values_of in forms:
        planes = zlib.compress(head + at + values_of(_pack_whole), LEVEL)
        bodies.append(bytes([VERSION]) + planes)
    return min(bodies, key=len)


def unpack(body: bytes) -> Run:
    """The readings of a chunk. Raises BadChunk."""
    try:
        raw, read = _opened(body)
        count, first, unit, form, decimals = HEAD.unpack_from(raw)
        times, at = _unpack_times(raw, (count, first, unit), read)
        values, at = _unpack_values(raw, at, (count, form, decimals), read)
    except (zlib.error, struct.error, KeyError, ValueError) as error:
        raise BadChunk(str(error)) from error
    if at != len(raw):
        raise BadChunk("length")
    return Run(times, values)


def merge(older: Run, newer: Run) -> Run:
    """Both together in order of time; of two readings at one time the newer run's stays."""
    if not len(newer.times):
        return older
    if not len(older.times):
        return newer
    if older.times[-1] < newer.times[0]:
        return Run(
            np.concatenate((older.times, newer.times)), np.concatenate((older.values, newer.values))
        )
    times = np.concatenate((older.times, newer.times))
    values = np.concatenate((older.values, newer.values))
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    is_last = np.append(times[1:] != times[:-1], [True])
    return Run(times[is_last], values[is_last])


def _opened(body: bytes) -> tuple[bytes, Read]:
    """What a body holds, and how its whole numbers are read."""
    if body[:1] == bytes([VERSION]):
        return zlib.decompress(memoryview(body)[1:]), _unpack_whole
    if body[:1] != bytes([BIT_VERSION]):
        raise BadChunk(f"version {body[:1].hex() or 'none'}")
    raw = bytes(body[1 + CRC.size :])
    if CRC.unpack_from(body, 1)[0] != zlib.crc32(raw):
        raise BadChunk("checksum")
    return raw, _unpack_bits


def _whole_times(times: Times) -> tuple[int, int, list[Whole]]:
    """The unit, the first time in it, and the whole numbers that tell the rest."""
    if not len(times):
        return 0, 0, []
    unit = WITH_MICROS
    if not np.any(times % 1_000):
        unit = 1 if np.any(times % 1_000_000) else 0
    coarse = times // UNIT_US[unit]
    whole = coarse.view(np.uint64)
    wholes = [whole[1:] - whole[:-1]]
    if unit == WITH_MICROS:
        wholes.append((times % 1_000).astype(np.uint64))
    return unit, int(coarse[0]), wholes


def _unpack_times(raw: bytes, what: tuple[int, int, int], read: Read) -> tuple[Times, int]:
    count, first, unit = what
    coarse = np.empty(count, dtype=np.uint64)
    at = HEAD.size
    if not count:
        return coarse.view(np.int64), at
    steps, at = read(raw, at, count - 1)
    coarse[0] = np.uint64(first % 2**64)
    coarse[1:] = steps
    times = np.cumsum(coarse, dtype=np.uint64).view(np.int64) * UNIT_US[unit]
    if unit == WITH_MICROS:
        micros, at = read(raw, at, count)
        times += micros.view(np.int64)
    return times, at


def _value_forms(values: Values) -> list[tuple[int, int, Callable[[Write], bytes]]]:
    """Every form worth trying, as (form, decimals, how it is written)."""
    if not len(values):
        return [(PLAIN, 0, lambda _write: b"")]
    for decimals in range(DECIMALS_MAX + 1):
        scaled = _scaled(values, decimals)
        if scaled is not None:
            return _scaled_forms(scaled, decimals)
    with np.errstate(over="ignore", invalid="ignore"):
        single = values.astype(np.float32)
        is_same = np.array_equal(single.astype(np.float64).view(np.int64), values.view(np.int64))
    if is_same:
        return [(FLOAT32, 0, lambda _write: _planes(single))]
    return [(FLOAT64, 0, lambda _write: _planes(values))]


def _scaled_forms(whole: Whole, decimals: int) -> list[tuple[int, int, Callable[[Write], bytes]]]:
    first, steps = whole[:1].tobytes(), np.diff(whole)
    return [
        (PLAIN, decimals, lambda write: write(whole)),
        (STEPS, decimals, lambda write: first + write(steps)),
    ]


def _scaled(values: Values, decimals: int) -> NDArray[np.uint64] | None:
    """The values as whole multiples of 10^-decimals, or None when one would not come back."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * 10.0**decimals)
        if not np.all(np.abs(scaled) < EXACT_MAX):
            return None
        whole = scaled.astype(np.int64)
        back = whole / 10.0**decimals
    if not np.array_equal(back.view(np.int64), values.view(np.int64)):
        return None
    return whole.view(np.uint64)


def _unpack_values(
    raw: bytes, at: int, how: tuple[int, int, int], read: Read
) -> tuple[Values, int]:
    count, form, decimals = how
    if not count:
        return np.empty(0, dtype=np.float64), at
    if form in {FLOAT32, FLOAT64}:
        kind = np.dtype(np.float32 if form == FLOAT32 else np.float64)
        plain, at = _from_planes(raw, at, count, kind)
        return plain.astype(np.float64), at
    if form == PLAIN:
        whole, at = read(raw, at, count)
    elif form == STEPS:
        whole = np.empty(count, dtype=np.uint64)
        whole[0] = np.frombuffer(raw, dtype=np.uint64, count=1, offset=at)[0]
        whole[1:], at = read(raw, at + 8, count - 1)
        whole = np.cumsum(whole, dtype=np.uint64)
    else:
        raise ValueError(f"form {form}")
    return whole.view(np.int64) / 10.0**decimals, at


def _pack_whole(items: NDArray[np.uint64]) -> bytes:
    """Whole numbers modulo 2^64 as offsets from the smallest (as signed) in the least width."""
    if not len(items):
        return PART.pack(0, 0)
    smallest = items.view(np.int64).min().astype(np.uint64)
    offsets = items - smallest
    largest = int(offsets.max())
    width = next(width for width in WIDTHS if largest < 1 << (8 * width))
    part = PART.pack(width, int(smallest))
    return part if not width else part + _planes(offsets.astype(f"<u{width}"))


def _unpack_whole(raw: bytes, at: int, count: int) -> tuple[NDArray[np.uint64], int]:
    width, smallest = PART.unpack_from(raw, at)
    at += PART.size
    if width not in WIDTHS:
        raise ValueError(f"width {width}")
    offsets = np.zeros(count, dtype=np.uint64)
    if width:
        narrow, at = _from_planes(raw, at, count, np.dtype(f"<u{width}"))
        offsets = narrow.astype(np.uint64)
    return offsets + np.uint64(smallest), at


def _pack_bits(items: Whole) -> bytes:
    """The same with each offset in its least number of bits, the lowest bit first."""
    if not len(items):
        return PART.pack(0, 0)
    smallest = items.view(np.int64).min().astype(np.uint64)
    offsets = items - smallest
    width = int(offsets.max()).bit_length()
    bits = (offsets[:, None] >> BITS[:width]).astype(np.uint8) & 1
    return PART.pack(width, int(smallest)) + np.packbits(bits).tobytes()


def _unpack_bits(raw: bytes, at: int, count: int) -> tuple[Whole, int]:
    width, smallest = PART.unpack_from(raw, at)
    at += PART.size
    if width > len(BITS):
        raise ValueError(f"width {width}")
    size = -(-count * width // 8)
    packed = np.frombuffer(raw, dtype=np.uint8, count=size, offset=at)
    bits = np.unpackbits(packed, count=count * width).reshape(count, width).astype(np.uint64)
    offsets = np.bitwise_or.reduce(bits << BITS[:width], axis=1, initial=np.uint64(0))
    return offsets + np.uint64(smallest), at + size


def _planes(items: NDArray[Any]) -> bytes:
    """First the lowest byte of each item, then the next: like stands by like for zlib."""
    return items.view(np.uint8).reshape(len(items), items.itemsize).T.tobytes()


def _from_planes(
    raw: bytes, at: int, count: int, kind: "np.dtype[Any]"
) -> tuple[NDArray[Any], int]:
    size = count * kind.itemsize
    planes = np.frombuffer(raw, dtype=np.uint8, count=size, offset=at)
    items = np.ascontiguousarray(planes.reshape(kind.itemsize, count).T).view(kind)
    return items.reshape(count), at + size
