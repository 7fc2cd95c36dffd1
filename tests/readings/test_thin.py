"""A thinned series tells the same story in fewer points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.readings.pack import Run
from noroshi.readings.thin import thin

SPAN = 1_000_000


@given(
    st.dictionaries(st.integers(0, SPAN - 1), st.floats(allow_nan=False, allow_infinity=False)),
    st.integers(1, 20),
)
def test_a_thinned_run_keeps_count_extremes_and_order(
    readings: dict[int, float], max_points: int
) -> None:
    times = sorted(readings)
    values = [readings[at] for at in times]
    run = Run(np.array(times, dtype=np.int64), np.array(values, dtype=np.float64))
    found = thin(run, 0, SPAN, max_points)
    assert len(found.times) <= max_points
    assert int(found.count.sum()) == len(times)
    assert found.is_thinned == (len(times) > max_points)
    if times:
        assert found.low.min() == min(values)
        assert found.high.max() == max(values)
        assert times[0] <= found.times[0]
        assert found.times[-1] <= times[-1]
    assert np.all(np.diff(found.times) > 0)
    assert np.all((found.low <= found.mean) & (found.mean <= found.high))


def test_each_point_is_mean_lowest_and_highest_of_its_step() -> None:
    run = Run(np.array([0, 10, 20, 50, 90], dtype=np.int64), np.array([1.0, 2.0, 6.0, 5.0, 7.0]))
    found = thin(run, 0, 100, 2)
    assert found.times.tolist() == [10, 70]
    assert found.mean.tolist() == [3.0, 6.0]
    assert found.low.tolist() == [1.0, 5.0]
    assert found.high.tolist() == [6.0, 7.0]
    assert found.count.tolist() == [3, 2]


def test_a_chart_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="max_points 0"):
        thin(Run(np.arange(3, dtype=np.int64), np.zeros(3)), 0, 3, 0)
