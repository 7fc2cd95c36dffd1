"""One quantity of a device by hours, days or months: lowest, highest, mean, sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from noroshi.base.wire import MICROSECOND, micros, moment
from noroshi.readings import runs
from noroshi.readings.summaries import STEPS, Step, borders_of, summaries
from noroshi.tenants.models import Membership
from noroshi.ui.words import number_words
from noroshi.web.head import Head, head_of
from noroshi.web.keeping import keeping_of
from noroshi.web.measures import Measure, Shown
from noroshi.web.member import tenant_page
from noroshi.web.paging import before_of
from noroshi.web.show import show

# What a page holds: how far back from its end.
PAGES: dict[Step, timedelta] = {
    "hour": timedelta(hours=47),
    "day": timedelta(days=30),
    "month": timedelta(days=700),
}
DEFAULT: Step = "day"
MEAN_DECIMALS = 1  # more than the values have


@dataclass(frozen=True, slots=True)
class Choice:
    """One button: a step or a quantity."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One step: when it begins, its figures in words, how many readings it holds."""

    begin: datetime
    cells: Sequence[str]
    count: int


@require_GET
@tenant_page
def device_summary(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """`?key=` is the quantity, `?by=` the step; `?before=` goes back in time."""
    now = timezone.now()
    head = head_of(member, code, "device-summary", now)
    named = [one for one in head.values if one.measure.kind == "number"]
    asked, by = request.GET.get("key", ""), request.GET.get("by", "")
    shown = next((one for one in named if one.measure.key == asked), next(iter(named), None))
    step = next((one for one in STEPS if one == by), DEFAULT)
    before = before_of(request)
    context: dict[str, object] = {"head": head, "step": step, "is_first": before is None}
    context["keeping"] = keeping_of(member, now)
    if shown is not None:
        until = before or now
        zone = timezone.get_current_timezone()
        borders = borders_of(step, until - PAGES[step], until, zone)
        oldest = runs.oldest([shown.series_id])
        context |= {
            "measure": shown.measure,
            "steps": steps_of(head, shown.measure, step),
            "quantities": quantities_of(head, named, shown, step),
            "lines": lines_of(shown, borders),
            "older": micros(borders[0]) if oldest and oldest < borders[0] else None,
            "csv_url": f"{reverse('export')}?{urlencode({'device': code, 'shape': step})}",
            "since": borders[0],
            "until": borders[-1] - MICROSECOND,
        }
    return show(request, member, "web/device/summary.html", context)


def lines_of(shown: Shown, borders: Sequence[datetime]) -> list[Line]:
    """The steps that hold readings, newest first."""
    found, measure = summaries([shown.series_id], borders)[shown.series_id], shown.measure
    exact, finer = measure.decimals, measure.decimals + MEAN_DECIMALS
    columns = (
        (found.low, exact),
        (found.mean, finer),
        (found.high, exact),
        (found.total, exact),
        (found.first, exact),
        (found.last, exact),
    )
    cells = [[number_words(one, digits) for one in some.tolist()] for some, digits in columns]
    begins = [timezone.localtime(moment(us)) for us in found.begin.tolist()]
    rows = zip(begins, zip(*cells, strict=True), found.count.tolist(), strict=True)
    return [Line(*row) for row in rows][::-1]


def steps_of(head: Head, measure: Measure, step: Step) -> list[Choice]:
    """The three steps."""
    names: dict[Step, str] = {"hour": _("1時間ごと"), "day": _("1日ごと"), "month": _("1か月ごと")}
    return [Choice(names[one], address(head, measure, one), one == step) for one in STEPS]


def quantities_of(head: Head, named: Sequence[Shown], chosen: Shown, step: Step) -> list[Choice]:
    """The quantities that are numbers; none to choose from when there is only one."""
    if len(named) == 1:
        return []
    return [
        Choice(one.measure.name, address(head, one.measure, step), one is chosen) for one in named
    ]


def address(head: Head, measure: Measure, step: Step) -> str:
    """This page about that quantity and step, from now back."""
    query = urlencode({"key": measure.key, "by": step})
    return f"{reverse('device-summary', args=[head.device.code])}?{query}"
