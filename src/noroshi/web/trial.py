"""What a rule would have done: how often it would have rung, in words and on the chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from noroshi.alarms import saying
from noroshi.alarms.backtest import RUNG_MAX, Rung, try_out
from noroshi.alarms.conditions import Plan
from noroshi.alarms.judge import GONE
from noroshi.devices.models import Device
from noroshi.web.chartdata import Shade
from noroshi.web.forms.rule import RuleForm
from noroshi.web.measures import Measure
from noroshi.web.sentences import MINUTE_S, duration

DAYS = (30, 90, 365)
SHOWN_MAX = 5
CHART_DAYS = 90
UNSENT = ("csrfmiddlewaretoken", "recipients", "do")


@dataclass(frozen=True, slots=True)
class Count:
    """How often within the last so many days."""

    days: int
    times: int


@dataclass(frozen=True, slots=True)
class Line:
    """One alarm that would have been; `lasted` empty = it would still be open."""

    opened_at: datetime
    figure: str
    lasted: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What the page says of a trial; `chart` is the address of its data, empty without a chart."""

    counts: Sequence[Count]
    lines: Sequence[Line]
    more: int
    chart: str
    is_full: bool  # so often that counting was given up


def newest_first(plan: Plan, device: Device, now: datetime) -> list[Rung]:
    """Every alarm of the last year, newest first."""
    found = try_out(plan, device, now - timedelta(days=max(DAYS)), now)
    return sorted(found, key=lambda one: one.opened_at, reverse=True)


def told(rung: Sequence[Rung], plan: Plan, measure: Measure, now: datetime, chart: str) -> Trial:
    """The trial in words."""
    counts = [
        Count(days, sum(1 for one in rung if one.opened_at >= now - timedelta(days=days)))
        for days in DAYS
    ]
    lines = [line_of(one, plan, measure) for one in rung[:SHOWN_MAX]]
    return Trial(counts, lines, max(len(rung) - SHOWN_MAX, 0), chart, len(rung) >= RUNG_MAX)


def line_of(one: Rung, plan: Plan, measure: Measure) -> Line:
    """One alarm in words."""
    seconds = (one.until - one.opened_at).total_seconds() if one.until else 0
    lasted = duration(max(round(seconds / MINUTE_S), 1) * MINUTE_S) if one.until else ""
    figure = "" if one.side == GONE else saying.figure(plan.condition, one.value, measure)
    return Line(one.opened_at, figure, lasted)


def shades_of(rung: Sequence[Rung], plan: Plan, measure: Measure) -> list[Shade]:
    """The same for the chart."""
    return [
        Shade(
            one.since.timestamp(),
            one.until.timestamp() if one.until else None,
            "" if one.side == GONE else saying.figure(plan.condition, one.value, measure),
        )
        for one in rung
    ]


def chart_of(device: Device, form: RuleForm, sent: QueryDict, now: datetime) -> str:
    """Where the chart fetches its data: the fields stand in the address."""
    asked = sent.copy()
    for name in UNSENT:
        asked.pop(name, None)
    since = now - timedelta(days=CHART_DAYS)
    span = {"from": f"{since.timestamp():.0f}", "to": f"{now.timestamp():.0f}"}
    about = {"key": form.asked.measure.key, "kind": form.kind, **span}
    return f"{reverse('rule-trial', args=[device.code])}?{urlencode(about)}&{asked.urlencode()}"
