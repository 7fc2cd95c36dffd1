"""What the chart of one series is drawn from: points, limits, words, alarms in its range."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db.models import Q

from noroshi.alarms.deeds import last_notes
from noroshi.alarms.models import Incident
from noroshi.readings import chart
from noroshi.readings.chart import SECOND_US
from noroshi.readings.models import Series
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.board import GAP_INTERVALS, Case, cases_of
from noroshi.web.measures import Measure, limits_of
from noroshi.web.ranges import Range

POINTS_MAX = 1000
INCIDENTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One series; points are (epoch seconds, mean, lowest, highest)."""

    key: str
    name: str
    unit: str
    decimals: int
    points: Sequence[tuple[float, float, float, float]]
    limits: dict[str, float | None]
    words: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Shade:
    """A time of alarm; `to` None = still open."""

    since: float
    until: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """One chart, times in epoch seconds; a silence over `gaps_over_s` is a gap, 0 = none is."""

    range: Range
    gaps_over_s: float
    line: Line
    shades: Sequence[Shade]

    def as_json(self) -> dict[str, object]:
        """The shape that the chart's script reads."""
        return {
            "from": self.range.since.timestamp(),
            "to": self.range.until.timestamp(),
            "gaps_over_s": self.gaps_over_s,
            "series": [asdict(self.line)],
            "incidents": [
                {"from": one.since, "to": one.until, "text": one.text} for one in self.shades
            ],
        }


def drawing_of(member: Membership, series: Series, measure: Measure, span: Range) -> Drawing:
    """The chart of a series (with its device joined) over a range."""
    device = series.device
    thinned = chart.points(series.pk, span.since, span.until, POINTS_MAX)
    seconds = (thinned.times / SECOND_US).tolist()
    columns = (thinned.mean.tolist(), thinned.low.tolist(), thinned.high.tolist())
    step_s = (span.until - span.since).total_seconds() / POINTS_MAX
    return Drawing(
        range=span,
        gaps_over_s=0
        if measure.is_rare
        else max(device.expected_interval_s, step_s) * GAP_INTERVALS,
        line=Line(
            key=series.key,
            name=measure.name,
            unit=measure.unit,
            decimals=measure.decimals,
            points=list(zip(seconds, *columns, strict=True)),
            limits=limits_json(member, series, measure),
            words={"0": measure.word(0), "1": measure.word(1)} if is_stepped(measure) else None,
        ),
        shades=shades_of(member, series, span),
    )


def is_stepped(measure: Measure) -> bool:
    """Whether the line is one of two words."""
    return measure.kind == "boolean"


def limits_json(member: Membership, series: Series, measure: Measure) -> dict[str, float | None]:
    """The limits as lines; a truth value needs none."""
    lower, upper = limits_of(member, [series.device_id]).get(
        (series.device_id, series.key), (None, None)
    )
    if is_stepped(measure):
        return {"lower": None, "upper": None}
    return {"lower": lower, "upper": upper}


def shades_of(member: Membership, series: Series, span: Range) -> list[Shade]:
    """The alarms of this series that touch the range."""
    found = incidents_in(member, series.device_id, span, series.key)
    notes = last_notes([one.pk for one in found]) if found else {}
    return [
        Shade(
            case.incident.since.timestamp(),
            case.incident.closed_at.timestamp() if case.incident.closed_at else None,
            shade_text(case, notes.get(case.incident.pk, "")),
        )
        for case in cases_of(found)
    ]


def shade_text(case: Case, note: str) -> str:
    """What happened, who looked after it, why it was closed, what was written last."""
    what = case.worst_value if case.is_boolean else f"{case.limit_words} → {case.worst_value}"
    incident = case.incident
    reason = incident.get_reason_display() if incident.reason else ""
    return " ・ ".join(filter(None, (what, incident.looked_after_by, reason, note)))


def incidents_in(member: Membership, device_id: int, span: Range, key: str = "") -> list[Incident]:
    """The alarms of a device (of one key, or of all) that touch the range, newest first."""
    touching = Q(closed_at=None) | Q(closed_at__gte=span.since)
    rows = access.rows(member, Incident).filter(device=device_id, since__lt=span.until)
    if key:
        rows = rows.filter(key=key)
    joined = rows.filter(touching).select_related("device", "acknowledged_by")
    return list(joined.order_by("-opened_at")[:INCIDENTS_MAX])
