"""Mails past their time: sent ones go with the tenant's data, failed ones stay as long."""

from datetime import datetime, timedelta

from noroshi.base import failpoints
from noroshi.outbox.models import Message

KEPT = timedelta(days=400)
DELETED_MAX = 5_000


def prune(now: datetime) -> int:
    """Delete settled messages older than KEPT, a bounded number a run."""
    old = Message.objects.exclude(state=Message.State.WAITING).filter(created_at__lt=now - KEPT)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:DELETED_MAX])
    failpoints.at("prune.mails")
    return Message.objects.filter(pk__in=ids).delete()[0]
