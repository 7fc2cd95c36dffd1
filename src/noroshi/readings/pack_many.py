"""Pack the days of thousands of series in one pass: the same bodies as pack, a tenth of the time.

All arrays hold the runs one after the other; `starts` says where each begins. Whatever is not a
short run of whole milliseconds and decimal numbers goes through pack, one by one.
"""

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from noroshi.readings.pack import (
    BIT_VERSION,
    BITS_ALWAYS_MAX,
    CRC,
    DECIMALS_MAX,
    EXACT_MAX,
    PLAIN,
    STEPS,
    UNIT_US,
    Times,
    Values,
    Whole,
    pack,
)

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

HEAD = np.dtype(  # pack.HEAD and the pack.PART of the times
    [
        ("count", "<u4"), ("first", "<i8"), ("unit", "u1"), ("form", "u1"), ("decimals", "u1"),
        ("width", "u1"), ("smallest", "<u8"),
    ]
)  # fmt: skip
PART = np.dtype([("width", "u1"), ("smallest", "<u8")])
REVERSED = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)[:, ::-1])
NO_DECIMALS = DECIMALS_MAX + 1
FIRST_BYTES = 8


class Runs(NamedTuple):
    """Runs one after the other: where each starts, how many readings it has, whose each is."""

    starts: Ints
    counts: Ints
    whose: Ints


class Column(NamedTuple):
    """Whole numbers of all runs, each run's least bits for its offsets, and its smallest."""

    offsets: Whole
    width: Ints
    smallest: Whole

    def sizes(self, counts: Ints) -> Ints:
        """Bytes of each run's bits, of so many items."""
        return (counts * self.width + 7) // 8


def pack_many(times: Times, values: Values, starts: Ints) -> list[bytes]:
    """The body of each run, as pack makes it. Runs have at least one reading, in order of time."""
    if not len(starts):
        return []
    counts = np.diff(starts, append=len(times))
    unit_us, is_short = _units(times, starts, counts)
    decimals, scaled = _decimals(values, starts, counts, is_short)
    is_short &= decimals < NO_DECIMALS
    bodies = [b""] * len(starts)
    for n in np.flatnonzero(~is_short).tolist():
        piece = slice(int(starts[n]), int(starts[n] + counts[n]))
        bodies[n] = pack(times[piece], values[piece])
    short = np.flatnonzero(is_short)
    if len(short):
        keep = np.repeat(is_short, counts)
        left = counts[short]
        runs = Runs(np.cumsum(left) - left, left, np.repeat(np.arange(len(short)), left))
        coarse = times[keep] // unit_us[short][runs.whose]
        found = _bodies(runs, coarse, scaled[keep], (unit_us[short], decimals[short]))
        for n, body in zip(short.tolist(), found, strict=True):
            bodies[n] = body
    return bodies


def _units(times: Times, starts: Ints, counts: Ints) -> tuple[Ints, Mask]:
    """The unit of each run's times in microseconds, and whether it is one that is packed here."""
    is_milli = np.logical_and.reduceat(times % UNIT_US[1] == 0, starts)
    is_second = np.logical_and.reduceat(times % UNIT_US[0] == 0, starts)
    return np.where(is_second, UNIT_US[0], UNIT_US[1]), is_milli & (counts <= BITS_ALWAYS_MAX)


def _decimals(
    values: Values, starts: Ints, counts: Ints, is_wanted: Mask
) -> tuple[Ints, NDArray[np.int64]]:
    """The fewest decimals that give back every value of a run, and the values as whole numbers.

    NO_DECIMALS where none do.
    """
    decimals = np.full(len(starts), NO_DECIMALS, dtype=np.int64)
    scaled = np.zeros(len(values), dtype=np.int64)
    open_runs = np.flatnonzero(is_wanted)
    for places in range(DECIMALS_MAX + 1):
        if not len(open_runs):
            break
        is_all = len(open_runs) == len(starts)
        where = slice(None) if is_all else np.flatnonzero(np.isin(_whose(counts), open_runs))
        part, left = values[where], counts[open_runs]
        whole, fits = _scaled(part, places)
        is_fit = np.logical_and.reduceat(fits, np.cumsum(left) - left)
        decimals[open_runs[is_fit]] = places
        scaled[where] = whole  # of the others too: a later round writes over them
        open_runs = open_runs[~is_fit]
    return decimals, scaled


def _whose(counts: Ints) -> Ints:
    return np.repeat(np.arange(len(counts)), counts)


def _scaled(values: Values, places: int) -> tuple[NDArray[np.int64], Mask]:
    """The values as whole multiples of 10^-places, and which of them come back exactly."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * 10.0**places)
        is_exact = np.abs(scaled) < EXACT_MAX
        whole = np.where(is_exact, scaled, 0.0).astype(np.int64)
        back = whole / 10.0**places
    return whole, is_exact & (back.view(np.int64) == values.view(np.int64))


def _bodies(runs: Runs, coarse: Times, scaled: Ints, how: tuple[Ints, Ints]) -> list[bytes]:
    unit_us, decimals = how
    steps = _column(_steps(coarse, runs), runs)
    plain, value_steps = _column(scaled.view(np.uint64), runs), _column(_steps(scaled, runs), runs)
    less = runs.counts - 1
    is_steps = FIRST_BYTES + value_steps.sizes(less) < plain.sizes(runs.counts)
    chosen = Column(
        np.where(is_steps[runs.whose], value_steps.offsets, plain.offsets),
        np.where(is_steps, value_steps.width, plain.width),
        np.where(is_steps, value_steps.smallest, plain.smallest),
    )
    heads = np.empty(len(runs.starts), dtype=HEAD)
    heads["count"], heads["first"] = runs.counts, coarse[runs.starts]
    heads["unit"] = unit_us == UNIT_US[1]
    heads["form"], heads["decimals"] = np.where(is_steps, STEPS, PLAIN), decimals
    heads["width"], heads["smallest"] = steps.width, steps.smallest
    parts = np.empty(len(runs.starts), dtype=PART)
    parts["width"], parts["smallest"] = chosen.width, chosen.smallest
    firsts = [b""] * len(runs.starts)
    for n in np.flatnonzero(is_steps).tolist():
        firsts[n] = scaled[runs.starts[n]].tobytes()
    skipped = is_steps.astype(np.int64)
    pieces = (
        _sliced(heads), _bits(steps, runs, np.ones_like(skipped)), firsts,
        _sliced(parts), _bits(chosen, runs, skipped),
    )  # fmt: skip
    mark, crc = bytes([BIT_VERSION]), CRC.pack
    raws = map(b"".join, zip(*pieces, strict=True))
    return [mark + crc(zlib.crc32(raw)) + raw for raw in raws]


def _steps(items: Ints, runs: Runs) -> Whole:
    """Differences modulo 2^64; a run's first item, which has none, repeats its second's."""
    whole = items.view(np.uint64)
    steps = np.empty_like(whole)
    steps[1:] = whole[1:] - whole[:-1]
    has_next = runs.counts > 1
    steps[runs.starts[has_next]] = steps[runs.starts[has_next] + 1]
    steps[runs.starts[~has_next]] = 0
    return steps


def _column(items: Whole, runs: Runs) -> Column:
    smallest = np.minimum.reduceat(items.view(np.int64), runs.starts).view(np.uint64)
    offsets = items - smallest[runs.whose]
    return Column(offsets, _bit_lengths(np.maximum.reduceat(offsets, runs.starts)), smallest)


def _bit_lengths(items: Whole) -> Ints:
    lengths = np.zeros(len(items), dtype=np.int64)
    for bit in (32, 16, 8, 4, 2, 1):
        is_longer = items >= np.uint64(1) << np.uint64(bit)
        lengths += bit * is_longer
        items = np.where(is_longer, items >> np.uint64(bit), items)
    return lengths + (items > 0)


def _bits(column: Column, runs: Runs, skipped: Ints) -> list[bytes]:
    """Each run's offsets, but for the first `skipped`, in the least bits; pack._pack_bits."""
    sizes = column.sizes(runs.counts - skipped)
    ends = np.cumsum(sizes)
    width = column.width[runs.whose]
    begin = (ends - sizes) * 8 - (runs.starts + skipped) * column.width
    at = begin[runs.whose] + np.arange(len(runs.whose)) * width
    is_left = np.ones(len(at), dtype=np.bool_)
    is_left[runs.starts[skipped > 0]] = False
    is_left &= width > 0
    at, width, items = at[is_left], width[is_left], column.offsets[is_left]
    words = np.zeros(int(ends[-1]) // 8 + 2, dtype="<u8")
    if len(at):
        word, shift = at >> 6, (at & 63).astype(np.uint64)
        begins = np.concatenate(([0], np.flatnonzero(word[1:] != word[:-1]) + 1))
        words[word[begins]] = np.bitwise_or.reduceat(items << shift, begins)
        crosses = np.flatnonzero((at & 63) + width > 64)
        words[word[crosses] + 1] |= items[crosses] >> (np.uint64(64) - shift[crosses])
    raw = REVERSED[words.view(np.uint8)].tobytes()  # within a byte, pack's first bit is the highest
    return [raw[end - size : end] for end, size in zip(ends.tolist(), sizes.tolist(), strict=True)]


def _sliced(items: NDArray[np.void]) -> list[bytes]:
    raw, size = items.tobytes(), items.itemsize
    return [raw[at : at + size] for at in range(0, len(raw), size)]
