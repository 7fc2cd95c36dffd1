"""All devices as a table; those of former times too."""

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.devices.quantities import quantities_of
from noroshi.tenants.models import Membership
from noroshi.web.board import glance_of
from noroshi.web.measures import newest
from noroshi.web.member import tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show
from noroshi.web.states import STATES, devices_with_state, in_state, matching

PER_PAGE = 100
SEARCH_CHARS_MAX = 100
FORMER = "former"  # those that the tenant holds no more: what they sent can still be read


@require_GET
@tenant_page
def devices(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Name, place, kind, newest values, state, last uplink of each."""
    now = timezone.now()
    words = request.GET.get("q", "").replace("\0", "").strip()[:SEARCH_CHARS_MAX]
    state = request.GET.get("state", "")
    own = matching(devices_with_state(member, now), words)
    is_former = state == FORMER
    rows = own.filter(retired_at__isnull=not is_former)
    if state in STATES:
        rows = in_state(rows, state)
    page = page_of(request, rows.order_by("name", "pk"), PER_PAGE)
    shown = list(page.object_list)
    values = newest(member, shown, quantities_of({device.type_id for device in shown}))
    context = {
        "page": page,
        "rows": [
            (device, getattr(device, "heartbeat", None), glance_of(values[device.pk]))
            for device in shown
        ],
        "words": words,
        "state": state if state in (*STATES, FORMER) else "",
        "is_former": is_former,
        "now": now,
    }
    return show(request, member, "web/devices/list.html", context)
