"""Downlinks of a Sigfox device: queue eight bytes, take them back, see what became of them."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from noroshi.devices import downlinks
from noroshi.devices.models import Device, Downlink, Space
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.device import DownlinkForm
from noroshi.web.head import head_of
from noroshi.web.member import actor_of, editor_only, tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show

PER_PAGE = 50


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def device_downlinks(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The list, and the form that adds to it."""
    now = timezone.now()
    device = access.row(member, Device, code=code)
    if device.space != Space.SIGFOX:
        raise Http404
    form = DownlinkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                downlinks.queue(device, form.cleaned_data["payload"], by=actor_of(member), now=now)
        except downlinks.BadDownlink as refusal:
            form.add_error("payload", str(refusal))
        else:
            messages.success(
                request, _("送信待ちに入れました。端末が次に受信を求めたときに送られます。")
            )
            return redirect("device-downlinks", code=code)
    rows = access.rows(member, Downlink).filter(device=device).order_by("-pk")
    context = {
        "head": head_of(member, code, "device-downlinks", now),
        "form": form,
        "page": page_of(request, rows, PER_PAGE),
        "states": Downlink.State,
    }
    return show(request, member, "web/device/downlinks.html", context)


@require_POST
@tenant_page
@editor_only
def cancel_downlink(
    request: HttpRequest, member: Membership, code: str, number: int
) -> HttpResponseBase:
    """Take a waiting downlink back."""
    downlink = access.row(member, Downlink, pk=number, device__code=code)
    with transaction.atomic():
        done = downlinks.cancel(downlink, by=actor_of(member), now=timezone.now())
    if done:
        messages.success(request, _("取り消しました。"))
    else:
        messages.warning(request, _("もうネットワークへ渡したので、取り消せませんでした。"))
    return redirect("device-downlinks", code=code)
