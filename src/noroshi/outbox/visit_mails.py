"""Tell contractor and office of a visit: the receipt of a notice, and every opening of ours."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from django.template.loader import render_to_string
from django.utils import translation

from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import is_sendable
from noroshi.tenants.models import Membership, Party, StaffRole, User, Visit

SUBJECT_CHARS_MAX = 200
LANGUAGES = ("ja", "en")
TOLD_IN_OFFICE = (StaffRole.ADMIN, StaffRole.PRIVACY)


def tell_filed(visit: Visit, *, now: datetime) -> int:
    """Post the receipt of an audit's notice to the contractor and to the office; how many mails.

    To be called in the transaction that filed it. No mail holds the link or a password.
    """
    return post_all([*to_contractor(visit, "filed"), *to_office(visit, "filed")], now=now)


def tell_opened(visit: Visit, *, now: datetime) -> int:
    """Post to the contractor that somebody of ours looks; in the transaction that opened it."""
    return post_all(to_contractor(visit, "opened"), now=now)


def to_contractor(visit: Visit, news: str) -> list[NewMessage]:
    """One mail to each administrator of the tenant and to the party's contact, each once."""
    admins = User.objects.filter(
        memberships__tenant=visit.tenant_id,
        memberships__role=Membership.Role.ADMIN,
        memberships__stopped_at=None,
        is_active=True,
    ).order_by("pk")
    people = {user.email: user.language for user in admins}
    # The office sees the party; a contractor's own page does not, and its administrators do.
    contact = Party.objects.filter(tenant=visit.tenant_id).first()
    if contact is not None:
        people.setdefault(contact.contact_email, visit.tenant.language)
    return mails(visit, news, list(people.items()), tenant_id=visit.tenant_id)


def to_office(visit: Visit, news: str) -> list[NewMessage]:
    """One mail to each person of the office who looks after such things."""
    staff = User.objects.filter(
        kind=User.Kind.STAFF, is_active=True, staff_roles__overlap=list(TOLD_IN_OFFICE)
    ).order_by("pk")
    return mails(visit, news, [(user.email, user.language) for user in staff], tenant_id=None)


def mails(
    visit: Visit, news: str, people: Sequence[tuple[str, str]], *, tenant_id: int | None
) -> list[NewMessage]:
    """The mails to (address, language); who has no address is left out."""
    side = "office" if tenant_id is None else "tenant"
    found = []
    for number, (address, language) in enumerate(people):
        if not is_sendable(address):
            continue
        subject, body = rendered(visit, news, language)
        found.append(
            NewMessage(
                tenant_id=tenant_id,
                kind=f"visit.{news}",
                about=visit.code,
                address=address,
                subject=subject,
                body=body,
                message_id=f"{visit.code}.{news}.{side}{number}@{mail_domain()}",
                thread_id="",
                language=language,
            )
        )
    return found


def rendered(visit: Visit, news: str, language: str) -> tuple[str, str]:
    """Subject and body; the template's first line is the subject."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    with translation.override(known):
        said = {
            "tenant": one_line(visit.tenant.name),
            "visitor": one_line(visit.visitor_name),
            "kind": visit.get_kind_display(),
            "department": visit.get_department_display(),
            "reason": one_line(visit.reason),
            "ticket": one_line(visit.ticket),
            "since": visit.since,
            "until": visit.until,
        }
        written = render_to_string(f"outbox/visit_{news}.{known}.txt", said)
    subject, _, body = written.partition("\n")
    return one_line(subject)[:SUBJECT_CHARS_MAX], body.strip() + "\n"


def one_line(text: str) -> str:
    """The text without what could end a line of a mail's head."""
    kept = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return " ".join(kept.split())
