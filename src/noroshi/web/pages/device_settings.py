"""Settings of a device that its tenant may change: name, place, expected interval."""

from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from noroshi.devices.models import Device, Site
from noroshi.tenants import access, audit
from noroshi.tenants.models import Membership
from noroshi.web.forms.device import MINUTE_S, DeviceForm
from noroshi.web.head import head_of
from noroshi.web.member import actor_of, editor_only, tenant_page
from noroshi.web.show import show


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def device_settings(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Show the form; save what it says and say so."""
    now = timezone.now()
    device = access.row(member, Device, code=code)
    form = DeviceForm(member, device, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        save(member, device, form, now)
        messages.success(request, _("「%(name)s」の設定を保存しました。") % {"name": device.name})
        return redirect("device-settings", code=code)
    context = {"head": head_of(member, code, "device-settings", now), "form": form}
    return show(request, member, "web/device/settings.html", context)


@transaction.atomic
def save(member: Membership, device: Device, form: DeviceForm, now: datetime) -> None:
    """Write the device and one audit line with each field that changed, before and after."""
    before = facts(device)
    device.name = form.cleaned_data["name"]
    minutes = form.cleaned_data["interval_min"]
    device.interval_s = minutes * MINUTE_S if minutes else None
    device.site = site_of(member, form)
    device.save(update_fields=["name", "site", "interval_s"])
    after = facts(device)
    changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    if changed:
        audit.record(actor_of(member), "device.changed", device, now=now, details=changed)


def site_of(member: Membership, form: DeviceForm) -> Site | None:
    """The new place when one was written, else the chosen one."""
    name = form.cleaned_data["new_site"]
    if not name:
        chosen: Site | None = form.cleaned_data["site"]
        return chosen
    known = access.rows(member, Site).filter(name=name).first()
    if known:
        return known
    made = Site(tenant=member.tenant, name=name)
    made.save()
    return made


def facts(device: Device) -> dict[str, object]:
    """What of the device an audit line tells."""
    return {
        "name": device.name,
        "site": device.site.name if device.site else None,
        "interval_s": device.interval_s,
    }
