"""The register of things (端末台帳): stock, who holds what since when, changes of hands, labels."""

from datetime import datetime

from django.contrib import messages
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.alarms import handing
from noroshi.devices import holdings, labels
from noroshi.devices.facts import BadDevice
from noroshi.devices.models import Device, Thing
from noroshi.inbox.actions import run_waiting_of
from noroshi.office.forms.thing import HoldForm, StockForm
from noroshi.office.paging import number_of, one_of, page_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import acting_for, staff_page
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty

PER_PAGE = 100
STATES = ("stock", "held", "retired")


@require_GET
@staff_page(duty=Duty.DEVICES)
def things(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The list, narrowed by words and state; labels of those chosen."""
    return listed(request, by)


def listed(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The page with the list."""
    words, state = text_of(request, "q"), one_of(request, "state", STATES)
    page = page_of(request, things_named(things_in(state), words).order_by("-pk"), PER_PAGE)
    context = {
        "page": page,
        "rows": [(thing, holder_of(thing)) for thing in page.object_list],
        "words": words,
        "state": state,
        "sheets": labels.sheet_names(),
    }
    return show(request, by, "office/things/list.html", context)


def things_in(state: str) -> QuerySet[Thing]:
    """Those in one state, or all; each with its present holding at hand."""
    now_held = Device.objects.filter(retired_at=None).select_related("tenant")
    found = Thing.objects.select_related("type").prefetch_related(
        Prefetch("holdings", now_held, to_attr="held_now")
    )
    held = Device.objects.filter(retired_at=None).values("thing")
    if state == "held":
        return found.filter(pk__in=held)
    if state == "retired":
        return found.filter(retired_at__isnull=False)
    return found.filter(retired_at=None).exclude(pk__in=held) if state == "stock" else found


def things_named(found: QuerySet[Thing], words: str) -> QuerySet[Thing]:
    """Those whose address, serial, model, type or present holder holds every word."""
    for word in words.split():
        holder = Device.objects.filter(retired_at=None).filter(
            Q(name__icontains=word) | Q(tenant__name__icontains=word)
        )
        found = found.filter(
            Q(address__icontains=word)
            | Q(serial__icontains=word)
            | Q(model__icontains=word)
            | Q(type__name_ja__icontains=word)
            | Q(pk__in=holder.values("thing"))
        )
    return found


def holder_of(thing: Thing) -> Device | None:
    """The present holding of a thing from `things_in`."""
    held: list[Device] = vars(thing)["held_now"]
    return held[0] if held else None


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.DEVICES)
def thing_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Put a terminal into stock."""
    form = StockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            thing = holdings.add(form.new_thing(), by=by, now=timezone.now())
        except BadDevice as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("%(thing)s を在庫に入れました。") % {"thing": thing})
            return redirect("office-thing", code=thing.code)
    return show(request, by, "office/things/new.html", {"form": form})


@require_GET
@staff_page(duty=Duty.DEVICES)
def thing(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One terminal: its facts, who held it from when to when, what can be done with it."""
    found = get_object_or_404(things_in(""), code=code)
    past = Device.objects.filter(thing=found).select_related("tenant").order_by("-pk")
    context = {
        "thing": found,
        "holder": holder_of(found),
        "page": page_of(request, past, PER_PAGE),
        "sheets": labels.sheet_names(),
        "single": labels.SINGLE,
    }
    return show(request, by, "office/things/one.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.DEVICES)
def thing_hand(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Give a terminal to a contractor, or from one to another after a look at what that means."""
    now = timezone.now()
    found = get_object_or_404(things_in(""), code=code)
    holder = holder_of(found)
    form = HoldForm(found, holder, data=request.POST or None)
    is_sure = holder is None or request.POST.get("holder") == holder.code
    if request.method == "POST" and form.is_valid():
        if not is_sure:
            context = {"form": form, "thing": found, "holder": holder, "now": now}
            context["to"] = form.cleaned_data["tenant"]
            return show(request, by, "office/things/move.html", context)
        try:
            device, waited = handed(found, holder, form, by, now)
        except BadDevice as refusal:
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, str(refusal))
        else:
            messages.success(request, handed_words(device, waited))
            return redirect("office-thing", code=code)
    context = {"form": form, "thing": found, "holder": holder}
    return show(request, by, "office/things/hand.html", context)


def handed(
    found: Thing, holder: Device | None, form: HoldForm, by: Actor, now: datetime
) -> tuple[Device, int]:
    """The new holding, and how many entries that waited run for it. Raises BadDevice."""
    new = form.holding()
    actor = acting_for(by, new.tenant)
    if holder is not None:
        return handing.move(holder, new, by=actor, now=now), 0
    device = holdings.assign(found, new, by=actor, now=now)
    return device, run_waiting_of(found.space, found.address)


def handed_words(device: Device, waited: int) -> str:
    """What was done."""
    told = {"name": device.name, "tenant": device.tenant.name}
    done = _("「%(name)s」を「%(tenant)s」に渡しました。") % told
    if not waited:
        return done
    return done + ngettext(
        "待っていた受信%(n)d件を確かめ、この期間のものを処理します。",
        "待っていた受信%(n)d件を確かめ、この期間のものを処理します。",
        waited,
    ) % {"n": waited}


@require_POST
@staff_page(duty=Duty.DEVICES)
def thing_release(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Take a terminal back into stock."""
    found = get_object_or_404(things_in("held"), code=code)
    holder = holder_of(found)
    if holder is not None:
        handing.release(holder, by=acting_for(by, holder.tenant), now=timezone.now())
        messages.success(request, _("在庫に戻しました。これまでの記録は契約者に残ります。"))
    return redirect("office-thing", code=code)


@require_POST
@staff_page(duty=Duty.DEVICES)
def thing_retire(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Take a terminal out of service, from whoever holds it or from stock."""
    found = get_object_or_404(things_in("").filter(retired_at=None), code=code)
    holder, now = holder_of(found), timezone.now()
    if holder is None:
        holdings.retire_thing(found, by=by, now=now)
    else:
        handing.retire(holder, by=acting_for(by, holder.tenant), now=now)
    messages.success(request, _("%(thing)s を廃止しました。記録は残ります。") % {"thing": found})
    return redirect("office-thing", code=code)


@require_GET
@staff_page(duty=Duty.DEVICES)
def thing_labels(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The labels of the terminals chosen, as a PDF; back to the list when none was."""
    codes = [code[:20] for code in request.GET.getlist("code")[: labels.LABELS_MAX]]
    found = things_in("").filter(code__in=codes)
    size = one_of(request, "sheet", tuple(labels.SHEETS)) or next(iter(labels.SHEETS))
    wanted = [labels.label_of(one, holder_of(one)) for one in found.order_by("pk")]
    if not wanted:
        messages.error(request, _("ラベルを作る端末を選んでください。"))
        return listed(request, by)
    first = max(1, number_of(request, "first") or 1)
    pdf = labels.labels(wanted, size, first=first, now=timezone.now())
    answer = HttpResponse(pdf, content_type=labels.CONTENT_TYPE)
    answer["Content-Disposition"] = 'attachment; filename="noroshi-labels.pdf"'
    return answer
