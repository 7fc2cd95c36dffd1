"""Remind the contractors in April that their register of users is due for review."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from noroshi.alarms import words
from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import is_sendable
from noroshi.tenants.models import Membership, Tenant, User
from noroshi.tenants.register import current
from noroshi.tenants.review import APRIL, japans_day, tenants_due

KIND = "register.review"
LANGUAGES = ("ja", "en")


def remind_of_reviews(now: datetime) -> int:
    """Post the reminders of this April that were not posted yet; returns how many.

    A mail's id holds the year: however often this runs, each administrator gets one a year.
    """
    today = japans_day(now)
    if today.month != APRIL:
        return 0
    posted = 0
    for tenant in tenants_due(today).filter(frozen_at=None).select_related("party"):
        with transaction.atomic():
            posted += post_all(mails_of(tenant, today.year), now=now)
    return posted


def mails_of(tenant: Tenant, year: int) -> list[NewMessage]:
    """One mail to each administrator, or to the contractor's contact when none has an address."""
    admins = User.objects.filter(
        memberships__tenant=tenant,
        memberships__role=Membership.Role.ADMIN,
        memberships__stopped_at=None,
        is_active=True,
    ).order_by("pk")
    people = [(one.email, one.language) for one in admins if is_sendable(one.email)]
    contact = tenant.party.contact_email if tenant.party else ""
    if not people and is_sendable(contact):
        people = [(contact, tenant.language)]
    return [mail(tenant, year, address, language) for address, language in people]


def mail(tenant: Tenant, year: int, address: str, language: str) -> NewMessage:
    """The reminder for one reader."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    with translation.override(known):
        written = render_to_string(
            f"jobs/mail/register_review.{known}.txt",
            {
                "tenant": words.one_line(tenant.name),
                "year": year,
                "count": current(tenant).count(),
                "link": f"{settings.BASE_URL}/users/review/",
            },
        )
    subject, _rest, body = written.partition("\n")
    return NewMessage(
        tenant_id=tenant.pk,
        kind=KIND,
        about=tenant.code,
        address=address,
        subject=subject,
        body=body.strip() + "\n",
        message_id=f"{tenant.code}.review.{year}.{address_tag(address)}@{mail_domain()}",
        thread_id="",
        language=known,
    )


def address_tag(address: str) -> str:
    """A short name of an address, fit for a message id."""
    return hashlib.blake2b(address.lower().encode(), digest_size=6).hexdigest()
