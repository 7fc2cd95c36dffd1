"""One device: how it fares, its charts, its table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.base.wire import micros
from noroshi.devices.quantities import quantities_of
from noroshi.readings.chart import Row, last_rows
from noroshi.readings.models import Series
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.board import cases_of
from noroshi.web.chartdata import drawing_of, incidents_in
from noroshi.web.forms.days import DaysForm
from noroshi.web.head import Head, head_of, own_query
from noroshi.web.keeping import keeping_of
from noroshi.web.measures import Shown, is_beyond, measure_of
from noroshi.web.member import tenant_page
from noroshi.web.paging import before_of
from noroshi.web.ranges import choices, range_of
from noroshi.web.show import show

ROWS_PER_PAGE = 100
AHEAD = timedelta(days=1)  # a device's clock may be a little fast


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart on the page."""

    src: str
    title: str
    table_url: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the table."""

    words: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One moment of the table."""

    at: datetime
    cells: Sequence[Cell]


@require_GET
@tenant_page
def device(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The charts, over a named range or any; days that were chosen become the range."""
    now = timezone.now()
    days = DaysForm(request.GET if "since" in request.GET else None)
    if days.is_bound and days.is_valid():
        since, until = days.bounds()
        query = urlencode({"from": int(since.timestamp()), "to": int(until.timestamp())})
        return redirect(f"{reverse('device', args=[code])}?{query}")
    head = head_of(member, code, "device", now)
    span = range_of(request.GET, now)
    if not days.is_bound:
        last_day = timezone.localdate(span.until - timedelta(seconds=1))
        days = DaysForm(initial={"since": timezone.localdate(span.since), "until": last_day})
    context = {
        "head": head,
        "keeping": keeping_of(member, now),
        "range": span,
        "ranges": choices(),
        "days": days,
        "figures": figures_of(request, head, head.main),
        "aside_figures": figures_of(request, head, head.aside),
        "incidents": cases_of(incidents_in(member, head.device.pk, span), head.known),
    }
    return show(request, member, "web/device/one.html", context)


@require_GET
@tenant_page
def device_facts(request: HttpRequest, member: Membership, code: str) -> HttpResponse:
    """The big values, and those of radio and battery, for the live update."""
    head = head_of(member, code, "device", timezone.now())
    return render(request, "web/device/_news.html", {"head": head})


@require_GET
@tenant_page
def device_chart(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The data of one chart: `?key=` and a range."""
    found = access.rows(member, Series).filter(kind__in=["number", "boolean"])
    series = (
        found.select_related("device__type")
        .filter(device__code=code, key=request.GET.get("key", ""))
        .order_by("pk")
        .last()
    )
    if series is None:
        return JsonResponse({"error": "no such series"}, status=404)
    known = quantities_of({series.device.type_id})
    measure = measure_of(series.device, series.key, series.kind, known)
    span = range_of(request.GET, timezone.now())
    return JsonResponse(drawing_of(member, series, measure, span).as_json())


@require_GET
@tenant_page
def device_table(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The values as a table, newest first; `?before=` goes back in time."""
    now = timezone.now()
    head = head_of(member, code, "device-table", now)
    before = before_of(request)
    ids = [one.series_id for one in head.values]
    rows = last_rows(ids, before or now + AHEAD, ROWS_PER_PAGE) if ids else []
    context = {
        "head": head,
        "keeping": keeping_of(member, now),
        "measures": [one.measure for one in head.values],
        "rows": [line_of(head, row) for row in rows],
        "older": micros(rows[-1].at) if len(rows) == ROWS_PER_PAGE else None,
        "is_first": before is None,
    }
    return show(request, member, "web/device/table.html", context)


def figures_of(request: HttpRequest, head: Head, shown: Sequence[Shown]) -> list[Figure]:
    """The charts of those values that can be drawn."""
    return [figure_of(request, head, one) for one in shown if one.measure.is_drawn]


def figure_of(request: HttpRequest, head: Head, one: Shown) -> Figure:
    """The chart of one series, over the range of this page."""
    query = {"key": one.measure.key, "range": request.GET.get("range", "")}
    asked = urlencode({name: value for name, value in query.items() if value})
    code = head.device.code
    return Figure(
        src=f"{reverse('device-chart', args=[code])}?{asked}",
        title=one.measure.title,
        table_url=reverse("device-table", args=[code]) + own_query(request),
    )


def line_of(head: Head, row: Row) -> Line:
    """One row in words, a cell for each series of the device."""
    return Line(row.at, [cell_of(one, row.values.get(one.series_id)) for one in head.values])


def cell_of(one: Shown, value: object) -> Cell:
    """One value in words; a series that said nothing has a dash."""
    number = float(value) if isinstance(value, int | float) else None
    words = one.measure.words_without_unit(number, None if number is not None else value)
    return Cell(words, is_beyond(number, one.limits))
