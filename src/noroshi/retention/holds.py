"""Holds: while one is in force, nothing of the contractor is deleted, whatever was planned."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from noroshi.retention.models import REASON_CHARS_MAX, Hold
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

LOCK = 0x6E6F_7268  # "norh", with the tenant as the second key
HELD_MAX = 50  # in force for one contractor at a time


class HoldRefusal(Exception):
    """Why a hold is not placed or lifted: one English line for operators."""


def held_ids() -> set[int]:
    """The tenants of which nothing may be deleted now."""
    return set(Hold.objects.filter(lifted_at=None).values_list("tenant_id", flat=True))


def stand_still(tenant_ids: Iterable[int]) -> None:
    """Until the end of the transaction nobody places or lifts a hold of these tenants."""
    with connection.cursor() as cursor:
        for tenant_id in sorted(set(tenant_ids)):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, tenant_id % 2**31])


@transaction.atomic
def place(tenant: Tenant, reason: str, *, by: Actor, now: datetime, place_from: str = "") -> Hold:
    """Hold everything of the contractor; waits for a deletion that is running.

    Raises HoldRefusal without a reason, or when HELD_MAX are in force.
    """
    why = reason.strip()[:REASON_CHARS_MAX]
    if not why:
        raise HoldRefusal("a hold needs a reason")
    stand_still([tenant.pk])
    if Hold.objects.filter(tenant=tenant, lifted_at=None).count() >= HELD_MAX:
        raise HoldRefusal(f"{HELD_MAX} holds are in force already")
    hold = Hold.objects.create(
        tenant=tenant, reason=why, placed_at=now, placed_by=by.user, placed_from=place_from
    )
    # In the provider's own log: the reason is not for the contractor's.
    audit.record(Actor(by.user, None), "hold.placed", tenant, now=now, details={"reason": why})
    return hold


@transaction.atomic
def lift(hold: Hold, reason: str, *, by: Actor, now: datetime, lift_from: str = "") -> None:
    """End a hold. Raises HoldRefusal without a reason, or when it was lifted before."""
    why = reason.strip()[:REASON_CHARS_MAX]
    if not why:
        raise HoldRefusal("to lift a hold needs a reason")
    stand_still([hold.tenant_id])
    lifted = Hold.objects.filter(pk=hold.pk, lifted_at=None).update(
        lifted_at=now, lifted_by=by.user, lifted_from=lift_from, lift_reason=why
    )
    if not lifted:
        raise HoldRefusal("the hold was lifted before")
    actor = Actor(by.user, None)
    audit.record(actor, "hold.lifted", hold.tenant, now=now, details={"reason": why})
