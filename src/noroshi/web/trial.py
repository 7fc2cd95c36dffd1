"""What a rule would have done: how often it would have rung, in words and on the chart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
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
CHART_DAYS = 90  # where nothing would have rung
# One device takes some tenths of a second: of a rule for many, as many are tried as fit into this.
BUDGET_S = 3.0
TRIED_MAX = 100
UNSENT = ("csrfmiddlewaretoken", "recipients", "do", "group", "devices")


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
    device: str = ""  # of a rule for many


@dataclass(frozen=True, slots=True)
class Share:
    """How often one of many devices would have rung within the longest time."""

    device: str
    times: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What the page says of a trial.

    Attributes:
        shares: of a rule for many, the devices that would have rung, the loudest first.
        tried: how many devices were tried; `untried`: for how many there was no time.
        drawn: the device on the chart, `chart_days` back from now; None = nothing is drawn.
        chart: the address of the chart's data; empty without a chart.
        is_full: one would have rung so often that counting was given up.
    """

    counts: Sequence[Count]
    lines: Sequence[Line]
    more: int
    shares: Sequence[Share]
    tried: int
    untried: int
    is_full: bool
    drawn: Device | None = None
    chart_days: int = CHART_DAYS
    chart: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One device with every alarm that it would have had, newest first."""

    device: Device
    rung: Sequence[Rung]


def runs_of(plan: Plan, devices: Sequence[Device], now: datetime) -> list[Run]:
    """The last year of each device, of as many as BUDGET_S allows, at least of one."""
    begun, runs = monotonic(), []
    for device in devices[:TRIED_MAX]:
        found = try_out(plan, device, now - timedelta(days=max(DAYS)), now)
        runs.append(Run(device, sorted(found, key=lambda one: one.opened_at, reverse=True)))
        if monotonic() - begun > BUDGET_S:
            break
    return runs


def loudest(runs: Sequence[Run]) -> Run:
    """The one that would have rung most often."""
    return max(runs, key=lambda run: len(run.rung))


def told(runs: Sequence[Run], asked: int, plan: Plan, measure: Measure, now: datetime) -> Trial:
    """The trial in words, of so many devices as were `asked` about."""
    rung = sorted(
        ((one, run.device.name) for run in runs for one in run.rung),
        key=lambda pair: pair[0].opened_at,
        reverse=True,
    )
    shown = [replace(line_of(one, plan, measure), device=name) for one, name in rung[:SHOWN_MAX]]
    shares = [Share(run.device.name, len(run.rung)) for run in runs if run.rung]
    return Trial(
        counts=[
            Count(days, sum(one.opened_at >= now - timedelta(days=days) for one, _ in rung))
            for days in DAYS
        ],
        lines=shown,
        more=max(len(rung) - SHOWN_MAX, 0),
        shares=sorted(shares, key=lambda share: -share.times)[:SHOWN_MAX],
        tried=len(runs),
        untried=asked - len(runs),
        is_full=any(len(run.rung) >= RUNG_MAX for run in runs),
    )


def chart_days_of(run: Run, now: datetime) -> int:
    """The shortest time that shows the device's last alarms."""
    if not run.rung:
        return CHART_DAYS
    last = run.rung[:SHOWN_MAX][-1].since
    return next((days for days in DAYS if last >= now - timedelta(days=days)), max(DAYS))


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


def chart_of(device: Device, form: RuleForm, sent: QueryDict, now: datetime, days: int) -> str:
    """Where the chart fetches its data: the fields stand in the address."""
    asked = sent.copy()
    for name in UNSENT:
        asked.pop(name, None)
    since = now - timedelta(days=days)
    span = {"from": f"{since.timestamp():.0f}", "to": f"{now.timestamp():.0f}"}
    about = {"key": form.asked.measure.key, "kind": form.kind, **span}
    return f"{reverse('rule-trial', args=[device.code])}?{urlencode(about)}&{asked.urlencode()}"
