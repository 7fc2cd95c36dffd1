"""Tell a contractor what will be deleted, when, and how to take it out before."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Min, Sum
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import is_sendable
from noroshi.readings import days
from noroshi.retention.models import REASON_CHARS_MAX, DeletionNotice, DeletionPlan
from noroshi.retention.scope import source_words
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Membership, Tenant, User

KIND = "deletion.notice"
FIRST_DAYS = 30
AGAIN_DAYS = 7
LANGUAGES = ("ja", "en")
NAME_CHARS_MAX = 100


def tell(plan: DeletionPlan, days_before: int, now: datetime) -> int:
    """Post the notice to everybody concerned and note each; answers how many mails.

    The caller holds the transaction. Nobody to write to: nothing is noted, and the plan waits
    until the office notes a letter.
    """
    mails = [
        mail(plan, days_before, address, language) for address, language in people_of(plan.tenant)
    ]
    count = post_all(mails, now=now)
    DeletionNotice.objects.bulk_create(
        [
            DeletionNotice(
                tenant_id=plan.tenant_id,
                plan=plan,
                days_before=days_before,
                message_id=one.message_id,
                at=now,
            )
            for one in mails
        ],
        ignore_conflicts=True,
    )
    return count


def note_letter(plan: DeletionPlan, words: str, *, by: Actor, now: datetime) -> DeletionNotice:
    """Note that the contractor was told by other means than mail; counts as both notices.

    Raises ValueError without words on how.
    """
    note = words.strip()[:REASON_CHARS_MAX]
    if not note:
        raise ValueError("how was the contractor told?")
    noted = DeletionNotice.objects.create(
        tenant_id=plan.tenant_id, plan=plan, days_before=FIRST_DAYS, at=now, note=note
    )
    actor = Actor(by.user, plan.tenant)
    audit.record(actor, "deletion.told", plan.code, now=now, details={"note": note})
    return noted


def missing(plan: DeletionPlan, today: date, sent: Mapping[str, datetime]) -> str:
    """Which notice did not go out in time for `today`, in English; empty when both did.

    `sent` says when a mail was taken by the other side; a letter was told when it was noted.
    """
    told: dict[int, list[date]] = {FIRST_DAYS: [], AGAIN_DAYS: []}
    for one in plan.notices.all():
        at = one.at if one.note else sent.get(one.message_id)
        if at is not None:
            told[one.days_before].append(days.day_of(at))
            if one.note:
                told[AGAIN_DAYS].append(days.day_of(at))
    for days_before, when in told.items():
        if not any(day + timedelta(days=days_before) <= today for day in when):
            return f"no notice went out {days_before} days before"
    return ""


def people_of(tenant: Tenant) -> list[tuple[str, str]]:
    """(address, language) of the administrators, or of the contract's contact when none has one."""
    admins = User.objects.filter(
        memberships__tenant=tenant,
        memberships__role=Membership.Role.ADMIN,
        memberships__stopped_at=None,
        is_active=True,
    ).order_by("pk")
    found = [(one.email, one.language) for one in admins if is_sendable(one.email)]
    contact = tenant.party.contact_email if tenant.party else ""
    if not found and is_sendable(contact):
        found = [(contact, tenant.language)]
    return list(dict.fromkeys(found))


def mail(plan: DeletionPlan, days_before: int, address: str, language: str) -> NewMessage:
    """The notice for one reader."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    with translation.override(known):
        written = render_to_string(f"retention/mail/notice.{known}.txt", contents(plan))
    subject, _rest, body = written.partition("\n")
    return NewMessage(
        tenant_id=plan.tenant_id,
        kind=KIND,
        about=plan.code,
        address=address,
        subject=subject,
        body=body.strip() + "\n",
        message_id=f"{plan.code}.{days_before}.{address_tag(address)}@{mail_domain()}",
        thread_id="",
        language=known,
    )


def contents(plan: DeletionPlan) -> dict[str, object]:
    """What the notice says; the counts are the plan's."""
    counts = plan.lines.aggregate(
        first=Min("month"),
        readings=Sum("readings"),
        uplinks=Sum("uplinks"),
        texts=Sum("texts"),
    )
    first: date = counts["first"] or plan.cut
    bounds = {
        "from": int(days.midnight(first).timestamp()),
        "to": int(days.midnight(plan.cut).timestamp()),
        "shape": "long",
    }
    return {
        **counts,
        "tenant": " ".join(plan.tenant.name.split())[:NAME_CHARS_MAX],
        "run_on": plan.run_on,
        "first": first,
        "last": plan.cut - timedelta(days=1),
        "devices": plan.lines.values("device_code").distinct().count(),
        "source": source_words(plan.source),
        "link": f"{settings.BASE_URL}{reverse('export')}?{urlencode(bounds)}",
        "plans": f"{settings.BASE_URL}{reverse('deletions')}",
    }


def address_tag(address: str) -> str:
    """A short name of an address, fit for a message id."""
    return hashlib.blake2b(address.lower().encode(), digest_size=6).hexdigest()
