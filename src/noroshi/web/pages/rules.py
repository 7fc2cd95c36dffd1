"""When to speak: rules as sentences, and the form that makes and changes one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.alarms.actions import BadRule, change_rule, make_rule, remove_rule
from noroshi.alarms.backtest import try_out
from noroshi.alarms.conditions import Limits
from noroshi.alarms.models import Recipient, Rule, SharedRule
from noroshi.devices.models import Device
from noroshi.devices.quantities import quantities_of
from noroshi.readings.models import Series
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.chartdata import drawing_of
from noroshi.web.forms.kinds import PARTS, Asked, kinds_for
from noroshi.web.forms.rule import RuleForm
from noroshi.web.head import head_of
from noroshi.web.licensed import shut_pages
from noroshi.web.measures import measure_of, named
from noroshi.web.member import actor_of, editor_only, tenant_page
from noroshi.web.paging import page_of
from noroshi.web.ranges import range_of
from noroshi.web.rulelines import lines_of, shared_lines_of, watchable
from noroshi.web.scopes import choices, ringing
from noroshi.web.show import show
from noroshi.web.trial import Trial, chart_days_of, chart_of, loudest, runs_of, shades_of, told

PER_PAGE = 50
DEVICE_CHOICES_MAX = 3000
SHARED_SHOWN_MAX = 100
DRAWN = ("number", "boolean")


@dataclass(frozen=True, slots=True)
class KindChoice:
    """One kind of condition to choose."""

    kind: str
    name: str
    is_chosen: bool


@require_GET
@tenant_page
def rules(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """All rules of the tenant."""
    rows = access.rows(member, Rule).filter(shared=None).order_by("device__name", "pk")
    page = page_of(request, rows, PER_PAGE)
    many = list(access.rows(member, SharedRule).order_by("pk")[:SHARED_SHOWN_MAX])
    now = timezone.now()
    lines = shared_lines_of(member, many, now=now) if page.number == 1 else []
    context = {"page": page, "lines": [*lines, *lines_of(list(page.object_list), now=now)]}
    return show(request, member, "web/rules/list.html", context)


@require_GET
@tenant_page
def device_rules(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The rules of one device."""
    now = timezone.now()
    head = head_of(member, code, "device-rules", now)
    rows = access.rows(member, Rule).filter(device=head.device.pk).order_by("pk")
    page = page_of(request, rows, PER_PAGE)
    context = {"head": head, "page": page, "lines": lines_of(list(page.object_list), now=now)}
    return show(request, member, "web/device/rules.html", context)


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def rule_new(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Three steps by the address: which device, which quantity, which limits."""
    code, key = request.GET.get("device", ""), request.GET.get("key", "")
    if not code:
        found = access.rows(member, Device).filter(retired_at=None).select_related("site")
        devices = found.order_by("site__name", "name")[:DEVICE_CHOICES_MAX]
        around = {"devices": devices, "scopes": choices(member)}
        return show(request, member, "web/rules/which_device.html", around)
    device = access.row(member, Device, code=code, retired_at=None)
    measures = watchable(member, device)
    measure = next((one for one in measures if one.key == key), None)
    if measure is None:
        context = {"device": device, "choices": measures, "unknown_key": key}
        return show(request, member, "web/rules/which_quantity.html", context)
    asked = Asked(measure, measures)
    kind = kind_of(request, asked)
    form = RuleForm(member, asked, kind, data=request.POST or None)

    def make(now: datetime) -> None:
        make_rule(device, form.terms(now), form.told(), by=actor_of(member), now=now)

    if request.method == "POST" and not is_trial(request) and saved(form, make):
        messages.success(request, _("通知条件を追加しました。"))
        return redirect("device-rules", code=device.code)
    context = editor(member, form, device) | {"kinds": choices_of_kind(asked, kind)}
    context |= {"trial": trial(request, form, [device])}
    return show(request, member, "web/rules/edit.html", context)


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def rule(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Change a rule."""
    found = access.row(member, Rule, code=code)
    if found.shared is not None:
        return redirect("shared-rule", code=found.shared.code)
    device = found.device
    measure = named(device, found.key, quantities_of({device.type_id}))
    asked = Asked(measure, watchable(member, device))
    form = RuleForm(member, asked, found.kind, found, data=request.POST or None)

    def change(now: datetime) -> None:
        change_rule(found, form.terms(now), form.told(), by=actor_of(member), now=now)

    if request.method == "POST" and not is_trial(request) and saved(form, change):
        messages.success(request, _("通知条件を保存しました。"))
        return redirect("device-rules", code=device.code)
    context = editor(member, form, device)
    context |= {"line": lines_of([found], now=timezone.now())[0]}
    context |= {"remove_url": reverse("rule-remove", args=[code])}
    context |= {"ringing": ringing(member, Q(rule=found))}
    context |= {"trial": trial(request, form, [device])}
    return show(request, member, "web/rules/edit.html", context)


@require_GET
@tenant_page
@editor_only
def rule_trial(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The data of a chart with the alarms that a rule would have made; its fields are asked for."""
    device = access.row(member, Device, code=code, retired_at=None)
    key = request.GET.get("key", "")
    rows = access.rows(member, Series).filter(device=device, key=key, kind__in=DRAWN)
    series = rows.select_related("device__type").order_by("pk").last()
    if series is None:
        return JsonResponse({"error": "no such series"}, status=404)
    measure = measure_of(device, key, series.kind, quantities_of({device.type_id}))
    asked = Asked(measure, watchable(member, device))
    form = RuleForm(member, asked, kind_of(request, asked), data=request.GET)
    if not form.is_valid():
        return JsonResponse({"error": "not a rule"}, status=400)
    now = timezone.now()
    plan, span = form.plan_at(now), range_of(request.GET, now)
    drawing = drawing_of(member, series, measure, span)
    limits = plan.condition if isinstance(plan.condition, Limits) else Limits()
    line = replace(drawing.line, limits={"upper": limits.upper, "lower": limits.lower})
    shades = shades_of(try_out(plan, device, span.since, span.until), plan, measure)
    return JsonResponse(replace(drawing, line=line, shades=shades).as_json())


@require_POST
@tenant_page
@editor_only
def rule_remove(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Stop watching; what happened stays in the list of alarms."""
    found = access.row(member, Rule, code=code, shared=None)
    device = found.device
    remove_rule(found, by=actor_of(member), now=timezone.now())
    messages.success(request, _("通知条件を削除しました。"))
    return redirect("device-rules", code=device.code)


def is_trial(request: HttpRequest) -> bool:
    """Whether the form was sent to be tried out, not to be saved."""
    return request.method == "POST" and request.POST.get("do") == "try"


def trial(
    request: HttpRequest, form: RuleForm, devices: Sequence[Device], asked: int = 1
) -> Trial | None:
    """What the rule would have done, where that was asked and the form is good.

    `asked`: how many devices it is about; `devices` may be the first of them.
    """
    if not is_trial(request) or not form.is_valid() or not devices:
        return None
    now, measure = timezone.now(), form.asked.measure
    plan = form.plan_at(now)
    runs = runs_of(plan, devices, now)
    found = told(runs, asked, plan, measure, now)
    if not measure.is_drawn or "rule-trial" in shut_pages(request):
        return found
    run = loudest(runs)
    days = chart_days_of(run, now)
    chart = chart_of(run.device, form, request.POST, now, days)
    return replace(found, drawn=run.device, chart_days=days, chart=chart)


def saved(form: RuleForm, save: Callable[[datetime], None]) -> bool:
    """Whether the form was good and is written; a refusal stands above the form."""
    if not form.is_valid():
        return False
    try:
        save(timezone.now())
    except BadRule as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def kind_of(request: HttpRequest, asked: Asked) -> str:
    """The kind in the address where it fits the quantity, else the commonest one."""
    fitting = kinds_for(asked)
    wanted = request.GET.get("kind", "")
    return wanted if wanted in fitting else fitting[0]


def choices_of_kind(asked: Asked, chosen: str) -> list[KindChoice]:
    """The kinds that fit the quantity, by their names."""
    return [KindChoice(kind, PARTS[kind].name(), kind == chosen) for kind in kinds_for(asked)]


def editor(member: Membership, form: RuleForm, device: Device) -> dict[str, object]:
    """What the form's page shows."""
    return {
        "head": device.name,
        "form": form,
        "device": device,
        "measure": form.asked.measure,
        "has_recipients": access.rows(member, Recipient).exists(),
        "back": reverse("device-rules", args=[device.code]),
    }
