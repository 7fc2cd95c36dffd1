"""When the register of users is due for its yearly review: every April, Japan's time."""

import zoneinfo
from datetime import date, datetime

from django.db.models import Q, QuerySet

from noroshi.tenants.models import Enrolment, Tenant

JAPAN = zoneinfo.ZoneInfo("Asia/Tokyo")
APRIL = 4


def tenants_due(today: date) -> QuerySet[Tenant]:
    """Whose register holds a line older than this April's first that was not reviewed since."""
    since = _midnight(_april_first(today))
    unseen = Q(reviewed_at=None) | Q(reviewed_at__lt=since)
    lines = Enrolment.objects.filter(unseen, ended_at=None, named_at__lt=since)
    return Tenant.objects.filter(pk__in=lines.values("tenant")).order_by("pk")


def due_for_review(tenant: Tenant, today: date) -> bool:
    """Whether the review is due; `today` is a calendar day in Japan."""
    return tenants_due(today).filter(pk=tenant.pk).exists()


def next_review_on(tenant: Tenant, today: date) -> date:
    """The day from which the review is due; in the past when it is overdue."""
    first = _april_first(today)
    return first if due_for_review(tenant, today) else first.replace(year=first.year + 1)


def japans_day(now: datetime) -> date:
    """The calendar day in Japan."""
    return now.astimezone(JAPAN).date()


def _april_first(today: date) -> date:
    return date(today.year if today.month >= APRIL else today.year - 1, APRIL, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=JAPAN)
