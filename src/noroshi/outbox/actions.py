"""Write messages with their cause, and what the office may do with one."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.db import connection

from noroshi.outbox.addresses import is_sendable
from noroshi.outbox.models import Message

CHANNEL = "noroshi_outbox"  # the sender listens here

_BREAKS = {"Cc", "Cs", "Zl", "Zp"}  # what could end a line, or is no character
_ID = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,120}@[A-Za-z0-9.-]{1,79}")


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One mail to one recipient.

    Attributes:
        tenant_id: whose mail log shows it; None = the provider's own.
        kind: what it tells, e.g. `incident.opened`.
        about: code of the thing it tells about; empty = none.
        message_id: `local@domain` without angle brackets, made from its cause: the same
            cause told twice is one mail.
        thread_id: the message_id of the first mail of the conversation; empty = none.
        language: `ja` or `en`.
    """

    tenant_id: int | None
    kind: str
    about: str
    address: str
    subject: str
    body: str
    message_id: str
    thread_id: str
    language: str


def post_all(messages: Sequence[NewMessage], *, now: datetime) -> int:
    """Write the messages that are not there yet; returns how many were.

    To be called in the transaction of the cause. Raises ValueError for a control character in
    a header or an id of the wrong form: such a text could write headers of its own.
    """
    if not messages:
        return 0
    for message in messages:
        _check(message)
    columns = [[getattr(message, name) for message in messages] for name in _COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [now, now, *columns])
        written = int(cursor.rowcount)
        if written:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    return written


def retry(message: Message, now: datetime) -> None:
    """Send it again from the beginning of the back-off; a sent one stays sent."""
    changed = (
        Message.objects.filter(pk=message.pk)
        .exclude(state=Message.State.SENT)
        .update(state=Message.State.WAITING, due_at=now, attempts=0)
    )
    if changed:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def give_up(message: Message) -> None:
    """Stop trying; a sent one stays sent."""
    waiting = Message.objects.filter(pk=message.pk, state=Message.State.WAITING)
    waiting.update(state=Message.State.GIVEN_UP)


def mail_domain() -> str:
    """The domain of the sender, in which message ids are made."""
    return parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2] or "localhost"


def _check(message: NewMessage) -> None:
    if any(unicodedata.category(character) in _BREAKS for character in message.subject):
        raise ValueError(f"control character in the subject of {message.kind} {message.about}")
    if not is_sendable(message.address):
        raise ValueError(f"not an address to send {message.kind} {message.about} to")
    for name in {message.message_id, message.thread_id or message.message_id}:
        if not _ID.fullmatch(name):
            raise ValueError(f"not a message id: {name!r}")


_COLUMNS = (
    *("tenant_id", "kind", "about", "address", "subject"),
    *("body", "message_id", "thread_id", "language"),
)
_INSERT = """
INSERT INTO outbox_message (tenant_id, kind, about, address, subject, body, message_id,
    thread_id, language, state, created_at, due_at, attempts, last_answer)
SELECT m.*, 'waiting', %s, %s, 0, ''
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[]) AS m
ON CONFLICT (message_id) DO NOTHING
"""
