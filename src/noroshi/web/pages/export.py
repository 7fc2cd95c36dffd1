"""Take data out as CSV: which devices, which days, which encoding, which shape."""

from datetime import datetime, timedelta
from functools import partial

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from noroshi.devices.models import Device
from noroshi.devices.quantities import quantities_of
from noroshi.readings.export import Export, ExportColumn, Problem, check_encoding, stream
from noroshi.readings.models import Series
from noroshi.readings.summary_file import step_of, stream_summaries
from noroshi.tenants import access, audit
from noroshi.tenants.models import AuditEntry, Membership
from noroshi.web.forms.export import SHAPES, ExportForm
from noroshi.web.keeping import keeping_of
from noroshi.web.measures import measure_of
from noroshi.web.member import actor_of, tenant_page
from noroshi.web.ranges import range_of
from noroshi.web.show import show

PROBLEMS_SHOWN_MAX = 20
EXPORTED = "readings.exported"
CHARSETS = {"utf-8-sig": "utf-8", "utf-8": "utf-8", "cp932": "shift_jis"}


@require_GET
@tenant_page
def export(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The form; when it is filled in, what the file will hold and what it cannot hold."""
    now = timezone.now()
    is_asked = "since" in request.GET
    form = ExportForm(
        member, data=request.GET if is_asked else None, initial=initial_of(request, now)
    )
    context: dict[str, object] = {"form": form, "last": last_export(member), "now": now}
    context["keeping"] = keeping_of(member, now)
    if is_asked and form.is_valid():
        wanted = export_of(member, form)
        problems = check_encoding(wanted)
        context |= {
            "column_count": len(wanted.columns),
            "problem_count": len(problems),
            "problems": [
                (wanted.columns[one.column], one) for one in problems[:PROBLEMS_SHOWN_MAX]
            ],
            "file_url": f"{reverse('export-file')}?{request.GET.urlencode()}",
        }
    return show(request, member, "web/export/one.html", context)


@require_GET
@tenant_page
def export_file(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The file, streamed. Letters the encoding lacks are shown first, unless they are accepted."""
    form = ExportForm(member, data=request.GET)
    asked = f"{reverse('export')}?{request.GET.urlencode()}"
    if not form.is_valid():
        return redirect(asked)
    wanted = export_of(member, form)
    problems: list[Problem] = [] if "accepted" in request.GET else check_encoding(wanted)
    if problems or not wanted.columns:
        return redirect(asked)
    devices = form.devices()
    note(member, wanted, devices, timezone.now())
    pieces = stream_summaries(wanted) if step_of(wanted) else stream(wanted)
    door = partial(access.acting_in, member.tenant_id, member.user_id)
    response = StreamingHttpResponse(
        access.streamed(door, pieces),
        content_type=f"text/csv; charset={CHARSETS[wanted.encoding]}",
    )
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=file_name(wanted, devices)
    )
    return response


def export_of(member: Membership, form: ExportForm) -> Export:
    """The valid form as what to write: every series of the devices, in the order people know."""
    devices = {device.pk: device for device in form.devices()}
    known = quantities_of({device.type_id for device in devices.values()})
    measures = [
        (series, measure_of(devices[series.device_id], series.key, series.kind, known))
        for series in access.rows(member, Series).filter(device__in=devices.keys())
    ]
    measures.sort(
        key=lambda pair: (devices[pair[0].device_id].name, pair[0].device_id, pair[1].position)
    )
    since, until = form.bounds()
    return Export(
        columns=[
            ExportColumn(
                series_id=series.pk,
                device_name=devices[series.device_id].name,
                quantity_name=measure.name,
                unit=measure.unit,
                decimals=measure.decimals if series.kind == "number" else 0,
                kind=series.kind,
            )
            for series, measure in measures
        ],
        since=since,
        until=until,
        zone=timezone.get_current_timezone(),
        encoding=form.cleaned_data["encoding"],
        form=form.cleaned_data["shape"],
    )


def initial_of(request: HttpRequest, now: datetime) -> dict[str, object]:
    """What the form begins with: the device and range that the address names, else 30 days."""
    query = request.GET.dict()
    if "from" not in query:
        query = {"range": "30d"} | query
    span = range_of(query, now)
    shape = request.GET.get("shape", "")
    return {
        "device": request.GET.getlist("device"),
        "since": timezone.localdate(span.since),
        "until": timezone.localdate(span.until - timedelta(seconds=1)),
        "encoding": "utf-8-sig",
        "shape": shape if shape in dict(SHAPES) else "wide",
    }


def last_export(member: Membership) -> AuditEntry | None:
    """When data was taken out last, and by whom."""
    taken = access.rows(member, AuditEntry).filter(action=EXPORTED).select_related("user")
    return taken.order_by("-at").first()


def note(member: Membership, wanted: Export, devices: list[Device], now: datetime) -> None:
    """Write down who took what."""
    first = devices[0].name if len(devices) == 1 else _("%(n)d台") % {"n": len(devices)}
    details = {
        "since": wanted.since.isoformat(),
        "until": wanted.until.isoformat(),
        "encoding": wanted.encoding,
        "form": wanted.form,
    }
    audit.record(actor_of(member), EXPORTED, first, now=now, details=details)


def file_name(wanted: Export, devices: list[Device]) -> str:
    """第2冷蔵庫_20261101-20261122.csv."""
    whose = devices[0].name if len(devices) == 1 else "noroshi"
    safe = "".join(char if char.isalnum() or char in "-_() ." else "_" for char in whose)
    last = wanted.until - timedelta(seconds=1)
    return f"{safe}_{day_of(wanted.since)}-{day_of(last)}.csv"


def day_of(at: datetime) -> str:
    """20261122, in the time zone in force."""
    return f"{timezone.localtime(at):%Y%m%d}"
