"""Tell a contractor by another way that one of its addresses gets no more mails."""

import hashlib
from datetime import datetime

from django.template.loader import render_to_string
from django.utils import translation

from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import is_sendable
from noroshi.outbox.models import Standing
from noroshi.outbox.visit_mails import LANGUAGES, SUBJECT_CHARS_MAX, one_line
from noroshi.tenants.models import Membership, Party, Tenant, User

KIND = "address.stopped"


def tell_stopped(tenant: Tenant, found: Standing, *, now: datetime) -> int:
    """One mail to each administrator and to the contact, but not to the address itself."""
    people = {
        address: language
        for address, language in _people(tenant).items()
        if is_sendable(address) and address.lower() != found.address.lower()
    }
    mails = [_mail(tenant, found, one, people[one], now) for one in sorted(people)]
    return post_all(mails, now=now)


def _people(tenant: Tenant) -> dict[str, str]:
    """{address: language} of who looks after the tenant's affairs."""
    admins = User.objects.filter(
        memberships__tenant=tenant,
        memberships__role=Membership.Role.ADMIN,
        memberships__stopped_at=None,
        is_active=True,
    )
    people = {user.email: user.language for user in admins.order_by("pk")}
    contact = Party.objects.filter(tenant=tenant).first()
    if contact is not None:
        people.setdefault(contact.contact_email, tenant.language)
    return people


def _mail(tenant: Tenant, found: Standing, to: str, language: str, now: datetime) -> NewMessage:
    known = language if language in LANGUAGES else LANGUAGES[0]
    said = {
        "tenant": one_line(tenant.name),
        "address": found.address,
        "answer": one_line(found.answer),
        "at": now,
        "is_webhook": "://" in found.address,  # no mail address has that
    }
    with translation.override(known):
        written = render_to_string(f"outbox/address_stopped.{known}.txt", said)
    subject, _, body = written.partition("\n")
    tag = hashlib.blake2b(to.lower().encode(), digest_size=6).hexdigest()
    return NewMessage(
        tenant_id=tenant.pk,
        kind=KIND,
        about="",
        address=to,
        subject=one_line(subject)[:SUBJECT_CHARS_MAX],
        body=body.strip() + "\n",
        message_id=f"stopped.{found.pk}.{now:%Y%m%d%H%M%S}.{tag}@{mail_domain()}",
        thread_id="",
        language=known,
    )
