"""Terminals of all tenants: find, register, change, retire."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.alarms.handing import retire
from noroshi.devices.actions import register
from noroshi.devices.facts import BadDevice
from noroshi.devices.models import Device, DeviceType, Site
from noroshi.devices.quantities import quantities_of
from noroshi.inbox import actions as inbox
from noroshi.inbox.models import ExceptionalEntry
from noroshi.office.actions import change_device
from noroshi.office.forms.device import ChangeForm, RegisterForm
from noroshi.office.paging import number_of, one_of, page_of, text_of
from noroshi.office.questions import devices_for_office, devices_in, devices_named
from noroshi.office.show import show
from noroshi.office.staff import acting_for, staff_page
from noroshi.office.visiting import closed_to, data_of
from noroshi.readings.models import Latest, StoredUplink
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty, may_change
from noroshi.tenants.models import Tenant

PER_PAGE = 100
UPLINKS_SHOWN = 20
STATES = ("ok", "silent", "unknown", "retired")


@require_GET
@staff_page(duty=Duty.DEVICES)
def devices(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The list, narrowed by words, tenant, type and state."""
    now = timezone.now()
    words, state = text_of(request, "q"), one_of(request, "state", STATES)
    tenant, kind = number_of(request, "tenant"), number_of(request, "type")
    rows = devices_named(devices_in(devices_for_office(), state, now), words)
    if tenant is not None:
        rows = rows.filter(tenant=tenant)
    if kind is not None:
        rows = rows.filter(type=kind)
    page = page_of(request, rows.order_by("tenant__name", "name", "pk"), PER_PAGE)
    context = {
        "page": page,
        "rows": [(device, state_of(device, now)) for device in page.object_list],
        "words": words,
        "state": state,
        "tenant": tenant,
        "type": kind,
        "tenants": Tenant.objects.order_by("name"),
        "types": DeviceType.objects.order_by("name_ja"),
        "may_change": may_change(by.user.staff_roles if by.user else (), Duty.DEVICES),
        "is_narrowed": bool(words or state) or tenant is not None or kind is not None,
        "now": now,
    }
    return show(request, by, "office/devices/list.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.DEVICES, is_form=True)
def device_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Register a terminal; what it sent before runs at once."""
    now = timezone.now()
    asked = {key: text_of(request, key) for key in ("space", "address", "tenant", "type")}
    waiting = ExceptionalEntry.objects.filter(
        kind="unknown", state="open", space=asked["space"], address=asked["address"]
    )
    heard_by = waiting.select_related("connection").first() if asked["address"] else None
    if heard_by and heard_by.connection.tenant_id:
        asked["tenant"] = str(heard_by.connection.tenant_id)
    form = RegisterForm(request.POST or None, initial=asked)
    if request.method == "POST" and form.is_valid():
        try:
            new = form.new_device()
            device = register(new, by=acting_for(by, new.tenant), now=now)
        except BadDevice as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, registered_words(device, run_waiting(device)))
            return redirect("office-device", code=device.code)
    context = {
        "form": form,
        "waiting": waiting.count() if heard_by else 0,
        "asked": asked,
        "has_tenants": Tenant.objects.exists(),
        "has_types": DeviceType.objects.exists(),
    }
    return show(request, by, "office/devices/new.html", context)


def run_waiting(device: Device) -> int:
    """Run what waited for the device; how many entries that were."""
    return inbox.run_waiting_of(device.space, device.address)


def registered_words(device: Device, waited: int) -> str:
    """What the registration did."""
    done = _("「%(name)s」を登録しました。") % {"name": device.name}
    if not waited:
        return done
    return done + ngettext(
        "待っていた受信%(n)d件を処理します。", "待っていた受信%(n)d件を処理します。", waited
    ) % {"n": waited}


@require_GET
@staff_page(duty=Duty.DEVICES)
def device(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One terminal: facts, newest values, last uplinks, what of it waits in the inbox."""
    now = timezone.now()
    found = get_object_or_404(devices_for_office(), code=code)
    closed = closed_to(request, by, [found.tenant], now)
    context = {
        **({} if closed else data_shown(found, by)),
        "closed": closed,
        "device": found,
        "state": state_of(found, now),
        "may_change": may_change(by.user.staff_roles if by.user else (), Duty.DEVICES),
        "beat": getattr(found, "heartbeat", None),
        "open_count": ExceptionalEntry.objects.filter(
            state="open", space=found.space, address=found.address
        ).count(),
        "interval_min": found.expected_interval_s / 60,
        "now": now,
    }
    return show(request, by, "office/devices/one.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.DEVICES, is_form=True)
def device_edit(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Change name, type, place, rhythm."""
    found = get_object_or_404(Device.objects.select_related("tenant", "type", "site"), code=code)
    form = ChangeForm(found, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        kind = form.cleaned_data["type"]
        actor = acting_for(by, found.tenant)
        change_device(found, form.change(), kind, by=actor, now=timezone.now())
        messages.success(request, _("「%(name)s」を保存しました。") % {"name": found.name})
        return redirect("office-device", code=code)
    sites = Site.objects.filter(tenant=found.tenant).order_by("name")
    context = {"form": form, "device": found, "sites": sites}
    return show(request, by, "office/devices/edit.html", context)


@require_POST
@staff_page(duty=Duty.DEVICES)
def device_retire(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Take a terminal out of service."""
    found = get_object_or_404(Device.objects.select_related("tenant"), code=code, retired_at=None)
    retire(found, by=acting_for(by, found.tenant), now=timezone.now())
    messages.success(
        request, _("「%(name)s」を廃止しました。記録は残ります。") % {"name": found.name}
    )
    return redirect("office-device", code=code)


def data_shown(found: Device, by: Actor) -> dict[str, object]:
    """What the device measured and sent: the tenant's data."""
    named = quantities_of({found.type_id})
    with data_of(by, found.tenant):
        latest = Latest.objects.filter(device=found.pk).select_related("series")
        uplinks = StoredUplink.objects.filter(device=found.pk).select_related("codec_version")
        return {
            "latest": [
                (one, named.get((found.type_id, one.series.key)))
                for one in latest.order_by("series__key")
            ],
            "uplinks": list(uplinks.order_by("-sent_at", "-message")[:UPLINKS_SHOWN]),
        }


def state_of(found: Device, now: datetime) -> str:
    """The kind of pill: ok, silent, unknown (never heard) or paused (retired)."""
    if found.retired_at is not None:
        return "paused"
    due: datetime | None = vars(found).get("silent_from")
    if due is None:
        return "unknown"
    return "silent" if due < now else "ok"
