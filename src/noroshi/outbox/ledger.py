"""Ask the journal of mails: what was written to whom, why, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from noroshi.outbox.models import Delivery, Message

WAITING, SENT, GIVEN_UP = Message.State.WAITING, Message.State.SENT, Message.State.GIVEN_UP
BOUNCED, HELD = Message.State.BOUNCED, Message.State.HELD


# Mails to or about single persons: for who looks after the users, not for everybody.
ABOUT_PEOPLE = r"^(account|intent|register|visit)\."


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one recipient.

    Attributes:
        id: its number in the journal.
        kind: what it tells, e.g. `incident.opened`.
        about: code of the thing it tells about; empty = none.
        state: one of WAITING, SENT, GIVEN_UP, BOUNCED, HELD; `state_label` is the reader's word.
        due_at: when the next try is due, while it waits.
        last_answer: what the mail server said last.
        sent_at: when a mail server took it; None = not yet.
        reason: why it is held, in the reader's words; empty = it is not.
    """

    id: int
    kind: str
    about: str
    address: str
    subject: str
    body: str
    state: str
    state_label: str
    created_at: datetime
    due_at: datetime
    attempts: int
    last_answer: str
    sent_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Try:
    """One try to send a mail; `outcome` is sent, refused, deferred, unreachable or
    ambiguous; or what came back: bounced, delayed."""

    at: datetime
    outcome: str
    code: int | None
    answer: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a tenant's mails: of one state or of all; with those about people or without."""

    state: str = ""
    with_people: bool = True


EVERY = Wanted()


def messages_of_tenant(
    tenant_id: int, wanted: Wanted = EVERY, *, first: int = 0, limit: int = 50
) -> list[Mail]:
    """The tenant's mails, newest first: `limit` of them after skipping `first`."""
    found = of_tenant(tenant_id, wanted).order_by("-created_at", "-id")
    return [mail_of(message) for message in found[first : first + limit]]


def count_of_tenant(tenant_id: int, wanted: Wanted = EVERY) -> int:
    """How many mails the tenant has of those wanted."""
    return of_tenant(tenant_id, wanted).count()


def messages_about(tenant_id: int, about: str) -> list[Mail]:
    """All mails of the tenant about one thing, oldest first."""
    found = of_tenant(tenant_id).filter(about=about).order_by("created_at", "id")
    return [mail_of(message) for message in found]


def message_of_tenant(tenant_id: int, message_id: int, wanted: Wanted = EVERY) -> Mail | None:
    """One mail, or None when the tenant has no such mail among those wanted."""
    found = of_tenant(tenant_id, wanted).filter(pk=message_id).first()
    return mail_of(found) if found else None


def deliveries(message_id: int) -> Sequence[Try]:
    """Every try to send one mail, oldest first."""
    found = Delivery.objects.filter(message=message_id).order_by("at", "id")
    return [Try(one.at, one.outcome, one.code, one.answer) for one in found]


def of_tenant(tenant_id: int, wanted: Wanted = EVERY) -> QuerySet[Message]:
    """The tenant's messages of those wanted."""
    found = Message.objects.filter(tenant=tenant_id)
    if wanted.state:
        found = found.filter(state=wanted.state)
    return found if wanted.with_people else found.exclude(kind__regex=ABOUT_PEOPLE)


def mail_of(message: Message) -> Mail:
    """The row as a value."""
    return Mail(
        id=message.pk,
        kind=message.kind,
        about=message.about,
        address=message.address,
        subject=message.subject,
        body=message.body,
        state=message.state,
        state_label=message.get_state_display(),
        created_at=message.created_at,
        due_at=message.due_at,
        attempts=message.attempts,
        last_answer=message.last_answer,
        sent_at=message.sent_at,
        reason=message.get_reason_display() if message.reason else "",
    )
