"""Downlinks of a Sigfox device: queue bytes or a JSON object, take back, see what became."""

from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from noroshi.codecs.downlink import Encoded
from noroshi.codecs.result import Position, Value
from noroshi.codecs.shared import SANDBOX
from noroshi.devices import downlinks
from noroshi.devices.models import Device, Downlink, Space
from noroshi.tenants import access
from noroshi.tenants.audit import Actor
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
    coder = downlinks.coder_of(device, SANDBOX)
    form = DownlinkForm(can_encode=coder.can_encode, data=request.POST or None)
    encoded: Encoded | None = None
    if request.method == "POST" and form.is_valid():
        try:
            encoded = encoded_of(form, coder)
            if encoded is None or request.POST.get("do") != "encode":
                queue(device, form, encoded, by=actor_of(member), now=now)
                messages.success(request, queued_words(encoded))
                return redirect("device-downlinks", code=code)
        except downlinks.BadDownlink as refusal:
            form.add_error(
                "content" if form.cleaned_data.get("content") else "payload", str(refusal)
            )
    rows = access.rows(member, Downlink).filter(device=device).order_by("-pk")
    page = page_of(request, rows, PER_PAGE)
    context = {
        "head": head_of(member, code, "device-downlinks", now),
        "form": form,
        "can_encode": coder.can_encode,
        "encoded": encoded,
        "page": page,
        "rows": rows_of(list(page.object_list), coder),
        "can_decode": coder.can_decode,
        "states": Downlink.State,
    }
    return show(request, member, "web/device/downlinks.html", context)


def encoded_of(form: DownlinkForm, coder: downlinks.Coder) -> Encoded | None:
    """What the codec makes of the typed object; None when bytes were typed."""
    content = form.cleaned_data.get("content")
    return downlinks.encode(coder, content, SANDBOX) if content else None


def queue(
    device: Device, form: DownlinkForm, encoded: Encoded | None, *, by: Actor, now: datetime
) -> None:
    """Queue what was typed, or what it was encoded to."""
    typed = encoded.payload.hex() if encoded else form.cleaned_data["payload"]
    with transaction.atomic():
        f_port = encoded.f_port if encoded else None
        downlinks.queue(device, typed, by=by, now=now, f_port=f_port)


def queued_words(encoded: Encoded | None) -> str:
    """What to tell after queueing."""
    words = _("送信待ちに入れました。端末が次に受信を求めたときに送られます。")
    if encoded is None:
        return words
    made = _("データ %(bytes)s、fPort %(port)d。") % {
        "bytes": encoded.payload.hex(" ").upper(),
        "port": encoded.f_port,
    }
    return words + made


def rows_of(
    page: list[Downlink], coder: downlinks.Coder
) -> list[tuple[Downlink, list[tuple[str, str]]]]:
    """Each downlink with what it means, as (name, value in words)."""
    return [
        (one, [(name, plain(value)) for part in meaning for name, value in part.values.items()])
        for one, meaning in zip(page, downlinks.meanings(coder, page, SANDBOX), strict=True)
    ]


def plain(value: Value) -> str:
    """One value as text, with no digits that nobody wrote."""
    if isinstance(value, Position):
        return f"{value.latitude:.6f}, {value.longitude:.6f}"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else value


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
