"""Packing thousands of runs at once gives the bodies that packing one after the other gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.readings.pack import BITS_ALWAYS_MAX, Run, pack, unpack
from noroshi.readings.pack_many import pack_many
from tests.readings.test_pack import runs, same

DAY = 1_700_000_000_000_000


def together(found: list[Run]) -> list[bytes]:
    """The bodies of runs that stand one after the other."""
    counts = np.array([len(run.times) for run in found])
    times = np.concatenate([run.times for run in found])
    values = np.concatenate([run.values for run in found])
    return pack_many(times, values, np.cumsum(counts) - counts)


@given(st.lists(runs().filter(lambda run: len(run.times) > 0), min_size=1, max_size=8))
def test_the_bodies_are_those_of_pack(found: list[Run]) -> None:
    bodies = together(found)
    assert bodies == [pack(*run) for run in found]
    assert all(same(unpack(body), run) for body, run in zip(bodies, found, strict=True))


@given(
    st.lists(
        st.tuples(
            st.integers(1, BITS_ALWAYS_MAX + 3),
            st.integers(0, 3),
            st.sampled_from([1_000_000, 1_000, 1]),
            st.integers(0, 63),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 2**32),
)
def test_terminals_of_every_kind_side_by_side(
    kinds: list[tuple[int, int, int, int]], seed: int
) -> None:
    random = np.random.default_rng(seed)
    found = []
    for count, decimals, unit_us, bits in kinds:
        times = DAY + np.cumsum(random.integers(1, 2 ** min(bits + 1, 40), count)) * unit_us
        whole = random.integers(-(2 ** min(bits, 50)), 2 ** min(bits, 50) + 1, count)
        found.append(Run(times, whole / 10.0**decimals))
    assert together(found) == [pack(*run) for run in found]


@pytest.mark.parametrize(
    "values",
    [
        [21.3],
        [-0.0],
        [0.0, -0.0],
        [21.3] * BITS_ALWAYS_MAX,
        [float("nan"), 1.0],
        [2.0**53, 1.0],
        [9007199254740991.0, -9007199254740991.0],
        [0.1, 3276.8, -3276.8, 0.1 + 0.2],
        [1e-9, 1.0],
        [1e-10, 1.0],
    ],
)
def test_values_that_broke_a_packer_are_packed_beside_others(values: list[float]) -> None:
    hard = Run(DAY + np.arange(len(values)) * 1_000_000, np.array(values))
    easy = Run(DAY + np.arange(40) * 1_800_000_000, np.round(np.linspace(20, 22, 40), 1))
    bodies = together([easy, hard, easy])
    assert bodies == [pack(*easy), pack(*hard), pack(*easy)]
    assert same(unpack(bodies[1]), hard)


def test_no_runs_are_no_bodies() -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert pack_many(nothing, np.empty(0), nothing) == []
