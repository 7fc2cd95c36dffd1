"""A chunk gives back every bit, and stays small."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from noroshi.readings.pack import (
    BIT_VERSION,
    NOTHING,
    VERSION,
    BadChunk,
    Run,
    merge,
    pack,
    unpack,
)

ANY_FLOAT = st.floats(width=64, allow_nan=True, allow_infinity=True, allow_subnormal=True)
DECIMAL = st.builds(lambda n, e: n / 10**e, st.integers(-(10**15), 10**15), st.integers(0, 9))
FLOAT32 = st.floats(width=32)
FIRST_VERSION = "01789c63666060e062800146462e04931fce64000003b7002c"
MICROS = st.integers(-(2**62), 2**62)
TIMES = st.one_of(
    st.sets(MICROS),
    st.sets(st.integers(-(10**9), 10**10).map(lambda s: s * 1_000_000)),
    st.sets(st.integers(-(10**12), 10**13).map(lambda ms: ms * 1_000)),
    st.sets(st.integers(0, 100_000).map(lambda n: 1_700_000_000_000_000 + n * 600_000_000)),
)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    times = sorted(draw(TIMES))
    kind = draw(st.sampled_from([ANY_FLOAT, DECIMAL, FLOAT32, st.just(21.3)]))
    values = draw(st.lists(kind, min_size=len(times), max_size=len(times)))
    return Run(np.array(times, dtype=np.int64), np.array(values, dtype=np.float64))


def same(one: Run, other: Run) -> bool:
    """Equal to the last bit: 0.0 is not -0.0, and a NaN is itself."""
    return np.array_equal(one.times, other.times) and np.array_equal(
        one.values.view(np.int64), other.values.view(np.int64)
    )


@given(runs())
def test_a_chunk_gives_back_every_bit(run: Run) -> None:
    assert same(unpack(pack(*run)), run)


@given(hnp.arrays(np.int64, st.integers(1, 50)))
def test_every_pattern_of_64_bits_comes_back(
    bits: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> None:
    run = Run(np.arange(len(bits), dtype=np.int64), bits.view(np.float64))
    assert same(unpack(pack(*run)), run)


@pytest.mark.parametrize(
    "values",
    [
        [-0.0, 0.0],
        [5e-324, -5e-324],
        [1.7976931348623157e308, -1.7976931348623157e308],
        [float("nan"), float("inf"), float("-inf")],
        [0.1, 3276.8, -3276.8, 0.1 + 0.2],
        [2.0**53, 2.0**53 + 2, -(2.0**63), 2.0**64],
        [21.299999237060547, 21.3],
        [9007199254740991.0, -9007199254740991.0],
    ],
)
def test_values_that_broke_a_packer_come_back(values: list[float]) -> None:
    run = Run(np.arange(len(values), dtype=np.int64), np.array(values))
    assert same(unpack(pack(*run)), run)


@pytest.mark.parametrize("gap", [65_535, 65_536, 2**31, 2**32, 2**40, 2**62])
@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
def test_a_gap_of_any_length_comes_back(gap: int, unit: int) -> None:
    times = np.array([0, unit, min(gap * unit, 2**62 // unit * unit)], dtype=np.int64)
    run = Run(times, np.zeros(3))
    assert same(unpack(pack(*run)), run)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_chunk_are_refused(body: bytes) -> None:
    with pytest.raises(BadChunk):
        unpack(body)


@given(runs(), st.data())
def test_a_damaged_chunk_is_refused_or_reads_the_same(run: Run, data: st.DataObject) -> None:
    body = bytearray(pack(*run))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = unpack(bytes(body))
    except BadChunk:
        return
    assert same(found, run)


def test_a_chunk_cut_short_inside_is_refused() -> None:
    whole = np.arange(600, dtype=np.int64)
    body = pack(whole, whole.astype(np.float64))
    assert body[0] == VERSION
    short = bytes([VERSION]) + zlib.compress(zlib.decompress(body[1:])[:-1])
    with pytest.raises(BadChunk):
        unpack(short)


def test_a_chunk_of_bits_cut_short_inside_is_refused() -> None:
    body = pack(np.arange(5, dtype=np.int64), np.arange(5, dtype=np.float64))
    assert body[0] == BIT_VERSION
    raw = body[5:-1]
    with pytest.raises(BadChunk):
        unpack(bytes([BIT_VERSION]) + zlib.crc32(raw).to_bytes(4, "little") + raw)


def test_a_chunk_of_the_first_version_is_read_for_ever() -> None:
    body = bytes.fromhex(FIRST_VERSION)
    assert same(unpack(body), Run(np.array([10, 20, 31]) * 1_000_000, np.array([1.5, 1.6, 1.5])))


def test_times_and_values_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 times, 1 values"):
        pack(np.arange(2, dtype=np.int64), np.zeros(1))


@given(
    st.dictionaries(st.integers(0, 60), st.floats(allow_nan=False)),
    st.dictionaries(st.integers(0, 60), st.floats(allow_nan=False)),
)
def test_merging_is_a_dictionary_in_order(older: dict[int, float], newer: dict[int, float]) -> None:
    def as_run(items: dict[int, float]) -> Run:
        times = sorted(items)
        return Run(
            np.array(times, dtype=np.int64), np.array([items[t] for t in times], dtype=float)
        )

    assert same(merge(as_run(older), as_run(newer)), as_run(older | newer))
    assert same(merge(NOTHING, as_run(newer)), as_run(newer))


@pytest.mark.parametrize(("readings", "bytes_max"), [(48, 3.6), (144, 3.0), (4320, 3.0)])
def test_a_reading_takes_few_bytes(readings: int, bytes_max: float) -> None:
    random = np.random.default_rng(5)
    seconds = np.arange(readings) * 600 + random.integers(0, 590, readings)
    values = np.round(20 + np.cumsum(random.normal(0, 0.3, readings)), 1)
    assert len(pack(seconds * 1_000_000, values)) / readings <= bytes_max
