"""Raw uplinks through time: whose each is, packed when its day is closed, dropped when due."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings

from noroshi.contracts.effective import data_scope_of
from noroshi.inbox import packing, retention
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.retention import Kept
from noroshi.jobs.senders import heard_in
from noroshi.tenants import kinds
from noroshi.tenants.models import ServiceKind, Switch, Tenant


def pack(now: datetime) -> int:
    """Pack the closed days of the journal; answers how many entries were packed."""
    days = kept(now)
    return packing.pack_closed(now, lambda rows: owners(rows, days))


def prune(now: datetime) -> int:
    """Delete raw uplinks past their owner's time; answers how many blocks and months went."""
    days = kept(now)
    return retention.prune(now, days, lambda rows: owners(rows, days))


def owners(rows: Sequence[EntryRow], days: Kept) -> Mapping[UUID, int]:
    """For each entry the tenant whose device sent it; those of strangers are absent.

    A body with devices of several tenants is kept for the one that keeps it longest.
    """
    found: dict[UUID, int] = {}
    for message in heard_in(rows):
        tenant_id = message.device.tenant_id
        other = found.setdefault(message.row.key, tenant_id)
        if days.days(tenant_id) > days.days(other):
            found[message.row.key] = tenant_id
    return found


def kept(now: datetime) -> Kept:
    """How long each tenant's raw uplinks are kept.

    Of a kind of service that stores no data there is but a log of its operation, with a short life.
    """
    today = kinds.japans_day(now)
    storing = {
        kind.code for kind in ServiceKind.objects.all()
        if Switch.HAS_STORAGE in kinds.on_of(kind, today)
    }  # fmt: skip
    scopes = data_scope_of(None, today)
    tenants = Tenant.objects.values_list("pk", "kind_id")
    return Kept(
        {
            pk: (today - scopes[pk].first_day).days + 1
            if kind in storing
            else settings.OPERATION_LOG_DAYS
            for pk, kind in tenants
        },
        nobodys=settings.STRANGERS_DAYS,
    )
