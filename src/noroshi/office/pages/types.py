"""Device types: what a model of terminal measures, how it is read, how often it speaks."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from noroshi.codecs.models import Codec
from noroshi.devices.models import DeviceType
from noroshi.office.forms.device_type import TypeForm, quantities
from noroshi.office.paging import page_of
from noroshi.office.questions import keys_of_type
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty

PER_PAGE = 100
KEYS_MAX = 100


@require_GET
@staff_page(duty=Duty.TYPES)
def types(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """All types with codec and number of devices."""
    in_service = Count("device", filter=Q(device__retired_at=None), distinct=True)
    rows = DeviceType.objects.select_related("codec").prefetch_related("quantities")
    page = page_of(request, rows.annotate(devices=in_service).order_by("name_ja"), PER_PAGE)
    return show(request, by, "office/types/list.html", {"page": page})


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.TYPES)
def type_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Make one."""
    return edit(request, by, None)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.TYPES)
def type_edit(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Change one."""
    return edit(request, by, get_object_or_404(DeviceType, pk=number))


def edit(request: HttpRequest, by: Actor, kind: DeviceType | None) -> HttpResponseBase:
    """The form of a type with its quantities; both are saved, or neither."""
    sent = keys_of_type(kind.pk, limit=KEYS_MAX) if kind else []
    named = set(kind.quantities.values_list("key", flat=True)) if kind else set()
    unnamed = [(key, value_kind) for key, value_kind in sent if key not in named]
    form = TypeForm(request.POST or None, instance=kind)
    rows = quantities(request.POST or None, kind or DeviceType(), unnamed)
    # Both are asked, so that every error shows at once.
    if request.method == "POST" and all([form.is_valid(), rows.is_valid()]):
        saved = save(form, rows, by, timezone.now())
        messages.success(request, _("機種「%(name)s」を保存しました。") % {"name": saved.name})
        return redirect("office-type", number=saved.pk)
    context = {
        "form": form,
        "rows": rows,
        "kind": kind,
        "keys": [key for key, _value_kind in sent],
        "unnamed": unnamed,
        "has_codecs": Codec.objects.exists(),
    }
    return show(request, by, "office/types/edit.html", context)


@transaction.atomic
def save(form: TypeForm, rows: Any, by: Actor, now: datetime) -> DeviceType:
    """Write the type, its quantities and one audit line."""
    is_new = form.instance.pk is None
    saved = form.save()
    rows.instance = saved
    rows.save()
    keys = list(saved.quantities.values_list("key", flat=True))
    details = {
        "codec": saved.codec.name,
        "interval_s": saved.interval_s,
        "quantities": ", ".join(keys),
    }
    action = "type.made" if is_new else "type.changed"
    audit.record(by, action, saved.name_ja, now=now, details=details)
    return saved
