"""The journal's partitions ahead, and what is older than any promise dropped."""

from datetime import UTC, datetime, timedelta

from django.db.models import Max

from noroshi.base import partitions
from noroshi.inbox.models import ExceptionalEntry
from noroshi.tenants.models import Tenant

AHEAD = timedelta(days=62)
SETTLED_KEPT = timedelta(days=30)
RETENTION_DAYS_DEFAULT = 365
TABLE = "inbox_entry"


def make_partitions(now: datetime) -> int:
    """The months from now on for two months; returns how many were new.

    What came while nobody made them (a house that slept all winter) moves in.
    """
    today = now.astimezone(UTC).date()
    return sum(
        partitions.ensure_with_rows(TABLE, span, bound="key")
        for span in partitions.months(today, today + AHEAD)
    )


def prune(now: datetime) -> int:
    """Drop months past the longest retention, and settled or expired exceptions."""
    days = Tenant.objects.aggregate(days=Max("retention_days"))["days"] or RETENTION_DAYS_DEFAULT
    oldest = now - timedelta(days=days)
    dropped = 0
    for span in partitions.existing(TABLE):
        if span.until <= oldest.astimezone(UTC).date():
            dropped += partitions.drop_when_free(TABLE, span)
    settled = [ExceptionalEntry.State.DONE, ExceptionalEntry.State.DISMISSED]
    ExceptionalEntry.objects.filter(state__in=settled, received_at__lt=now - SETTLED_KEPT).delete()
    ExceptionalEntry.objects.filter(received_at__lt=oldest).delete()
    return dropped
