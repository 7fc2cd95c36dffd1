"""Write down what a person changed, in the transaction of the change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from noroshi.tenants.models import AuditEntry, Tenant, User


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
    AuditEntry.objects.create(
        tenant=actor.tenant,
        user=actor.user,
        at=now,
        action=action,
        subject=str(subject)[:200],
        details=dict(details or {}),
    )
