"""What a device sent, as it came: the list, and one radio message with everything known of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.base.wire import micros
from noroshi.readings.models import StoredUplink
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.ui.words import number_words
from noroshi.web.head import Head, head_of
from noroshi.web.linkwords import link_lines
from noroshi.web.measures import Measure
from noroshi.web.member import tenant_page
from noroshi.web.paging import before_of, moment
from noroshi.web.sentences import delay
from noroshi.web.show import show

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One uplink of the list; `sent_us` is its instant in microseconds since 1970."""

    uplink: StoredUplink
    sent_us: int
    values: Sequence[tuple[str, str]]

    @property
    def delay(self) -> str:
        """From the network to the gate."""
        return delay((self.uplink.received_at - self.uplink.sent_at).total_seconds())

    @property
    def work(self) -> str:
        """From the gate to the stored reading."""
        return delay((self.uplink.processed_at - self.uplink.received_at).total_seconds())


@require_GET
@tenant_page
def device_uplinks(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The newest first; `?before=` goes back in time without counting what lies between."""
    head = head_of(member, code, "device-uplinks", timezone.now())
    rows = access.rows(member, StoredUplink).filter(device=head.device.pk)
    before = before_of(request)
    if before:
        rows = rows.filter(sent_at__lt=before)
    found = list(rows.order_by("-sent_at", "-message")[: PER_PAGE + 1])
    shown = [row_of(head, uplink) for uplink in found[:PER_PAGE]]
    context = {
        "head": head,
        "rows": shown,
        "older": shown[-1].sent_us if len(found) > PER_PAGE else None,
        "is_first": before is None,
    }
    return show(request, member, "web/device/uplinks.html", context)


@require_GET
@tenant_page
def device_uplink(
    request: HttpRequest, member: Membership, code: str, sent_us: int, message: UUID
) -> HttpResponseBase:
    """One uplink: bytes, values, radio, gateways, codec, timings, problem."""
    head = head_of(member, code, "device-uplinks", timezone.now())
    sent_at = moment(sent_us)
    if sent_at is None:
        raise Http404
    own = access.rows(member, StoredUplink).select_related("codec_version__codec")
    uplink = own.filter(device=head.device.pk, sent_at=sent_at, message=message).first()
    if uplink is None:
        raise Http404
    context = {
        "head": head,
        "row": row_of(head, uplink),
        "link": link_lines(uplink.link),
        "problem": uplink.problem,
    }
    return show(request, member, "web/device/uplink.html", context)


def row_of(head: Head, uplink: StoredUplink) -> Row:
    """The uplink with its values in words."""
    return Row(uplink, micros(uplink.sent_at), values_of(head, uplink.data))


def values_of(head: Head, data: object) -> list[tuple[str, str]]:
    """(name, value with unit) of what the codec gave, in the order of the device's type."""
    if not isinstance(data, dict):
        return []
    named = [(measure_of(head, str(key), value), value) for key, value in data.items()]
    named.sort(key=lambda pair: (pair[0].position, pair[0].name))
    return [
        (measure.name, measure.words(value) if is_number(value) else plain(value))
        for measure, value in named
    ]


def measure_of(head: Head, key: str, value: object) -> Measure:
    """What the key means: as the type names it, else what the value looks like."""
    quantity = head.measure(key, "").quantity
    return Measure(key, quantity.kind if quantity else kind_of(value), quantity)


def kind_of(value: object) -> str:
    """What kind of series such a value belongs to."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if is_number(value) else "text"


def is_number(value: object) -> bool:
    """Whether it is a number or a truth value."""
    return isinstance(value, int | float)


def plain(value: object) -> str:
    """Anything else as text."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return number_words(value, 6) if isinstance(value, int | float) else str(value)
