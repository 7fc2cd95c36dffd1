"""What is printed on a device's label: the label itself, and the address that its code opens."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.devices import labels
from noroshi.devices.models import Device
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.member import editor_only, tenant_page


@require_GET
@tenant_page
def label(_request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """To the page of the device with this label, for who holds it now; 404 for anybody else."""
    device = access.row(member, Device, thing__code=code, retired_at=None)
    return redirect("device", code=device.code)


@require_GET
@tenant_page
@editor_only
def device_label(_request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """One label as a PDF, while the tenant holds the device."""
    found = access.rows(member, Device).filter(code=code, retired_at=None)
    device = found.select_related("thing__type").first()
    if device is None:
        raise Http404
    one = labels.label_of(device.thing, device)
    pdf = labels.labels([one], labels.SINGLE, now=timezone.now())
    answer = HttpResponse(pdf, content_type=labels.CONTENT_TYPE)
    answer["Content-Disposition"] = 'attachment; filename="noroshi-label.pdf"'
    return answer
