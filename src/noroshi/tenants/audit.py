"""Write down what a person changed, in the transaction of the change."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from noroshi.tenants import access
from noroshi.tenants.models import AuditEntry, Tenant, User, VisitView
from noroshi.tenants.walls import KEPT_YEARS


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and for which tenant (None = the provider's own affairs)."""

    user: User | None
    tenant: Tenant | None


def record(
    actor: Actor,
    action: str,
    subject: object,
    *,
    now: datetime,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add one line, e.g. `record(actor, "device.renamed", device, now=now, details={...})`."""
    # A person's own affairs stand behind the person's own door.
    own = access.acting_as(actor.user.pk) if actor.user and not actor.tenant else nullcontext()
    with own:
        AuditEntry.objects.create(
            tenant=actor.tenant,
            user=actor.user,
            at=now,
            action=action,
            subject=str(subject)[:200],
            details=dict(details or {}),
        )


def prune(now: datetime) -> int:
    """Forget what was written down, and which pages visitors saw, more than KEPT_YEARS ago."""
    old = now - timedelta(days=KEPT_YEARS * 366)
    gone = (AuditEntry.objects.filter(at__lt=old), VisitView.objects.filter(at__lt=old))
    return sum(rows.delete()[0] for rows in gone)
