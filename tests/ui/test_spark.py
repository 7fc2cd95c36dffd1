"""The small line: where it breaks, what it holds."""

import re

from hypothesis import given
from hypothesis import strategies as st

from noroshi.ui.spark import spark_svg

PLACE = re.compile(r"(-?[\d.]+) (-?[\d.]+)")


def steady(count, *, start=0):
    return [(start + 600 * i, float(i % 5)) for i in range(count)]


def test_a_silence_breaks_the_line():
    svg = spark_svg(steady(10) + steady(10, start=30_000), gap_over_s=1800)
    assert svg.count('class="line"') == 2


def test_without_a_given_limit_four_usual_steps_are_a_gap():
    svg = spark_svg(steady(10) + steady(10, start=10 * 600 + 2400))
    assert svg.count('class="line"') == 2


def test_a_point_without_a_value_breaks_the_line():
    points = [*steady(5), (3000, None), *steady(5, start=3600)]
    assert spark_svg(points).count('class="line"') == 2


def test_a_band_is_drawn_only_where_the_extremes_differ():
    assert 'class="band"' not in spark_svg(steady(5))
    assert spark_svg([(0, 1, 0, 2), (600, 1, 0, 2)]).count('class="band"') == 1


def test_each_limit_is_a_line_inside_the_drawing():
    svg = spark_svg(steady(5), limits=(None, 30.0))
    assert svg.count('class="limit"') == 1
    assert 'y1="3.0"' in svg


def test_a_line_ends_where_the_data_ends_in_the_given_span():
    svg = spark_svg([(0, 1.0), (600, 2.0)], span=(0, 1200))
    assert max(float(x) for x, _y in PLACE.findall(svg.split("line")[1])) == 100.0


def test_nothing_draws_nothing():
    assert "<path" not in spark_svg([])


def test_no_attribute_needs_an_inline_style():
    assert "style=" not in spark_svg([(0, 1, 0, 2), (600, 1, 0, 2)], limits=(0, 5))


@given(
    st.lists(st.tuples(st.floats(0, 1e9), st.one_of(st.none(), st.floats(-1e6, 1e6))), max_size=50)
)
def test_every_place_lies_on_the_drawing(points):
    svg = spark_svg(sorted(points, key=lambda point: point[0]))
    for path in re.findall(r' d="([^"]*)"', svg):
        for x, y in PLACE.findall(path):
            assert -0.05 <= float(x) <= 200.05
            assert -0.05 <= float(y) <= 40.05
