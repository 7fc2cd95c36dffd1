"""A small line without axes: how the last day went, gaps left open."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH = 200.0
HEIGHT = 40.0
MARGIN = 3.0
# Without a given limit a silence of this many usual steps is a gap.
GAP_STEPS = 4

# (t,) followed by (value,) or (mean, min, max); t in epoch seconds, None = nothing came.
Point = Sequence[float | None]
Limits = tuple[float | None, float | None]


@dataclass(frozen=True)
class Dot:
    """One instant on the drawing, in the units of the data."""

    t: float
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Scale:
    """From data to the drawing's 200 x 40 ground."""

    t0: float
    t1: float
    y0: float
    y1: float

    def x(self, t: float) -> float:
        return (t - self.t0) / ((self.t1 - self.t0) or 1.0) * WIDTH

    def y(self, value: float) -> float:
        share = (value - self.y0) / ((self.y1 - self.y0) or 1.0)
        return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)


def spark_svg(
    points: Sequence[Point],
    limits: Limits | None = None,
    span: tuple[float, float] | None = None,
    gap_over_s: float | None = None,
) -> SafeString:
    """Draw `points` over `span` (begin, end in epoch seconds; by default where the points lie).

    `limits` is (lower, upper), each may be None; a silence over `gap_over_s` breaks the line. The
    drawing is hidden from readers that listen: the words beside it say the same.
    """
    runs = unbroken(points, gap_over_s)
    dots = [dot for run in runs for dot in run]
    bounds = [bound for bound in limits or () if bound is not None]
    scale = fitted(dots, bounds, span)
    return format_html(
        '<svg class="spark" viewBox="0 0 200 40" preserveAspectRatio="none" aria-hidden="true"'
        ' focusable="false">{}{}{}</svg>',
        format_html_join(
            "",
            '<line class="limit" x1="0" x2="200" y1="{0}" y2="{0}"/>',
            ((f"{scale.y(bound):.1f}",) for bound in bounds),
        ),
        format_html_join("", '<path class="band" d="{}"/>', bands(runs, scale)),
        format_html_join("", '<path class="line" d="{}"/>', lines(runs, scale)),
    )


def unbroken(points: Sequence[Point], gap_over_s: float | None) -> list[list[Dot]]:
    """The runs of points between gaps, in order of time."""
    runs: list[list[Dot]] = [[]]
    limit = gap_over_s or usual_gap(points)
    for point in points:
        dot = dotted(point)
        if dot is None:
            runs.append([])
            continue
        if runs[-1] and dot.t - runs[-1][-1].t > limit:
            runs.append([])
        runs[-1].append(dot)
    return [run for run in runs if run]


def dotted(point: Point) -> Dot | None:
    """A point of two or four numbers as a dot; None when nothing came."""
    t, mean = point[0], point[1]
    if t is None or mean is None:
        return None
    low, high = (point[2], point[3]) if len(point) == 4 else (mean, mean)
    return Dot(t, mean, mean if low is None else low, mean if high is None else high)


def usual_gap(points: Sequence[Point]) -> float:
    """Four times the middle step between points: what must be a gap when nobody said."""
    times = [point[0] for point in points if point[0] is not None]
    steps = sorted(after - before for before, after in pairwise(times))
    return GAP_STEPS * steps[len(steps) // 2] if steps else 0.0


def fitted(dots: list[Dot], bounds: list[float], span: tuple[float, float] | None) -> Scale:
    """The scale that holds every dot and every limit; a flat line lies in the middle."""
    lows = [dot.low for dot in dots] + bounds
    highs = [dot.high for dot in dots] + bounds
    y0, y1 = (min(lows), max(highs)) if lows else (0.0, 1.0)
    if y0 == y1:
        y0, y1 = y0 - 1, y1 + 1
    t0, t1 = span or ((dots[0].t, dots[-1].t) if dots else (0.0, 1.0))
    return Scale(t0, t1, y0, y1)


def lines(runs: list[list[Dot]], scale: Scale) -> list[tuple[str]]:
    """One path a run; a lonely point becomes a short dash so that it is seen."""
    paths = []
    for run in runs:
        steps = [f"{scale.x(dot.t):.1f} {scale.y(dot.mean):.1f}" for dot in run]
        paths.append((f"M{' L'.join(steps)}" + (" h.8" if len(run) == 1 else ""),))
    return paths


def bands(runs: list[list[Dot]], scale: Scale) -> list[tuple[str]]:
    """One closed area a run, from the lowest to the highest; none where both are the mean."""
    paths = []
    for run in runs:
        if any(dot.low != dot.high for dot in run):
            top = [f"{scale.x(dot.t):.1f} {scale.y(dot.high):.1f}" for dot in run]
            bottom = [f"{scale.x(dot.t):.1f} {scale.y(dot.low):.1f}" for dot in reversed(run)]
            paths.append((f"M{' L'.join(top + bottom)}Z",))
    return paths
