"""How a device fares: alarm, silent, unknown or ok, told by the database for any number of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from noroshi.alarms.models import Incident
from noroshi.devices.models import Device
from noroshi.tenants import access
from noroshi.tenants.models import Membership

SILENT_AFTER_INTERVALS = 3
SILENT_GRACE = timedelta(minutes=10)
STATES = ("alarm", "silent", "unknown", "ok")  # what needs a person stands first


@dataclass(frozen=True, slots=True)
class SiteCount:
    """How many devices of a site are in one state; `site_id` None = no site given."""

    site_id: int | None
    site_name: str
    state: str
    count: int


def devices_with_state(member: Membership, now: datetime) -> QuerySet[Device]:
    """The tenant's devices, each with `state` (one of STATES), type, site and heartbeat."""
    interval = Coalesce("interval_s", "type__interval_s")
    patience = ExpressionWrapper(
        interval * Value(timedelta(seconds=SILENT_AFTER_INTERVALS)), output_field=DurationField()
    )
    open_ones = access.rows(member, Incident).filter(device=OuterRef("pk"), closed_at=None)
    return (
        access.rows(member, Device)
        .select_related("type", "site", "heartbeat")
        .annotate(silent_from=F("heartbeat__sent_at") + patience + Value(SILENT_GRACE))
        .annotate(
            state=Case(
                When(Exists(open_ones), then=Value("alarm")),
                When(silent_from=None, then=Value("unknown")),
                When(silent_from__lt=now, then=Value("silent")),
                default=Value("ok"),
            )
        )
    )


def matching(devices: QuerySet[Device], words: str) -> QuerySet[Device]:
    """The devices whose name, place, kind or address holds every word."""
    for word in words.split():
        devices = devices.filter(
            Q(name__icontains=word)
            | Q(site__name__icontains=word)
            | Q(type__name_ja__icontains=word)
            | Q(type__name_en__icontains=word)
            | Q(address__icontains=word)
        )
    return devices


def count_by_site(devices: QuerySet[Device]) -> list[SiteCount]:
    """One row a site and state. One query."""
    counted = devices.order_by().values_list("site_id", "site__name", F("state"))
    return [
        SiteCount(site_id, name or "", state, count)
        for site_id, name, state, count in counted.annotate(count=Count("pk"))
    ]


def state_of(device: Device) -> str:
    """The `state` that `devices_with_state` gave the device."""
    return str(vars(device)["state"])


def in_state(devices: QuerySet[Device], state: str) -> QuerySet[Device]:
    """Those of the devices with a `state` that are in this one."""
    return devices.filter(Q(state=state))


def total(counts: Sequence[SiteCount], state: str = "") -> int:
    """How many devices, of one state or of all."""
    return sum(one.count for one in counts if not state or one.state == state)
