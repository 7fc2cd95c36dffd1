"""Write messages with their cause, and what the office may do with one."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db import connection

from noroshi.base import wire
from noroshi.outbox.addresses import is_sendable
from noroshi.outbox.channels import Channel
from noroshi.outbox.charsets import full_kana
from noroshi.outbox.mime import File
from noroshi.outbox.models import Attachment, Message

ATTACHED_BYTES_MAX = 1_000_000  # of one mail, in all; carriers refuse little more
FILE_NAME_CHARS_MAX = 100
CHANNEL = "noroshi_outbox"  # the sender listens here
# A person asked for these just now: they are tried even where others are held.
ASKED_FOR = ("account.", "credential.", "recipient.")
# To people who have no part in the contract: only to those who want them.
BY_CONSENT = ("incident.",)

_BREAKS = {"Cc", "Cs", "Zl", "Zp"}  # what could end a line, or is no character
_CONTENT_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,50}")
_ID = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,120}@[A-Za-z0-9.-]{1,79}")


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One mail or webhook to one recipient.

    Attributes:
        tenant_id: whose mail log shows it; None = the provider's own.
        kind: what it tells, e.g. `incident.opened`.
        about: code of the thing it tells about; empty = none.
        message_id: `local@domain` without angle brackets, made from its cause: the same
            cause told twice is one mail.
        thread_id: the message_id of the first mail of the conversation; empty = none.
        language: `ja` or `en`.
        files: what goes with it, at most ATTACHED_BYTES_MAX in all.
        held: one of Message.Reason: it is written down and not sent; empty = it is sent.
        channel: of Channel; the address of a webhook is its URL, its body the JSON to post.
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
    files: Sequence[File] = field(default=())
    held: str = ""
    channel: str = str(Channel.MAIL)


def post_all(messages: Sequence[NewMessage], *, now: datetime) -> int:
    """Write the messages that are not there yet; returns how many were.

    A message to an address that is stopped for its tenant is held, unless a person asked for it; so
    is an alarm to somebody who was asked whether to get them, and has not said yes.
    To be called in the transaction of the cause. Raises ValueError for a control character in
    a header or an id of the wrong form: such a text could write headers of its own; and for files
    that are too large.
    """
    if not messages:
        return 0
    for message in messages:
        _check(message)
    messages = [
        replace(one, subject=full_kana(one.subject), body=with_footer(one)) for one in messages
    ]
    columns = [[getattr(message, name) for message in messages] for name in _COLUMNS]
    with wire.hot() as cursor:
        attached = [bool(message.files) for message in messages]
        # Only with files: who may write a message may not always read it back.
        returning = "RETURNING message_id, id" if any(attached) else ""
        minding = [not message.kind.startswith(ASKED_FOR) for message in messages]
        by_consent = [message.kind.startswith(BY_CONSENT) for message in messages]
        values: list[Any] = [now, now, *columns, attached, minding, by_consent]
        cursor.execute(_INSERT + returning, values)
        count = int(cursor.rowcount)
        if any(attached):
            _attach(messages, dict(cursor.fetchall()))
        if count:
            cursor.execute("SELECT pg_notify(%b::text, '')", [CHANNEL])
    return count


def with_footer(message: NewMessage) -> str:
    """Its text; of a mail with the provider's words behind the line that begins a signature."""
    footer = settings.MAIL_FOOTERS.get(message.language, "")
    if not footer or message.channel != Channel.MAIL:
        return message.body
    return f"{message.body.rstrip()}\n\n-- \n{footer}\n"


def retry(message: Message, now: datetime) -> None:
    """Send it again from the beginning of the back-off; a sent one stays sent."""
    changed = (
        Message.objects.filter(pk=message.pk)
        .exclude(state=Message.State.SENT)
        .update(state=Message.State.WAITING, due_at=now, attempts=0, reason="", failure="")
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


def _attach(messages: Sequence[NewMessage], written: dict[str, int]) -> None:
    """Keep the files of the messages that were written just now: {message_id: id}."""
    kept = []
    for message in messages:
        row_id = written.pop(message.message_id, None)
        if row_id is not None:
            kept += [
                Attachment(
                    message_id=row_id, name=one.name, content_type=one.content_type, body=one.body
                )
                for one in message.files
            ]
    Attachment.objects.bulk_create(kept)


def _check(message: NewMessage) -> None:
    if any(unicodedata.category(character) in _BREAKS for character in message.subject):
        raise ValueError(f"control character in the subject of {message.kind} {message.about}")
    if message.channel == Channel.MAIL and not is_sendable(message.address):
        raise ValueError(f"not an address to send {message.kind} {message.about} to")
    for name in {message.message_id, message.thread_id or message.message_id}:
        if not _ID.fullmatch(name):
            raise ValueError(f"not a message id: {name!r}")
    if sum(len(one.body) for one in message.files) > ATTACHED_BYTES_MAX:
        raise ValueError(f"the files of {message.kind} {message.about} are too large for a mail")
    for one in message.files:
        _check_file(one)


def _check_file(one: File) -> None:
    is_named = 0 < len(one.name) <= FILE_NAME_CHARS_MAX and not {"/", "\\"} & set(one.name)
    if not is_named or any(unicodedata.category(letter) in _BREAKS for letter in one.name):
        raise ValueError(f"not a file name: {one.name!r}")
    if not _CONTENT_TYPE.fullmatch(one.content_type):
        raise ValueError(f"not a content type: {one.content_type!r}")


_COLUMNS = (
    *("tenant_id", "kind", "about", "address", "subject"),
    *("body", "message_id", "thread_id", "language", "held", "channel"),
)
_INSERT = """
INSERT INTO outbox_message (tenant_id, kind, about, address, subject, body, message_id,
    thread_id, language, charset, state, reason, failure, created_at, due_at, attempts, last_answer,
    has_attachments, channel)
SELECT m.tenant_id, m.kind, m.about, m.address, m.subject, m.body, m.message_id,
    m.thread_id, m.language, coalesce(s.charset, 'utf-8'),
    CASE WHEN h.reason = '' THEN 'waiting' ELSE 'held' END, h.reason, '',
    %b::timestamptz, %b::timestamptz, 0, '', m.has_attachments, m.channel
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
    %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::boolean[],
    %b::boolean[], %b::boolean[])
    AS m (tenant_id, kind, about, address, subject, body, message_id, thread_id, language,
    held, channel, has_attachments, minds, by_consent)
LEFT JOIN outbox_standing s ON s.tenant_id = m.tenant_id AND s.address = m.address
CROSS JOIN LATERAL (SELECT CASE WHEN m.held <> '' THEN m.held
    WHEN m.minds AND s.stopped_at IS NOT NULL THEN 'stopped'
    WHEN m.by_consent AND m.channel = 'webhook' AND s.confirmed_at IS NULL THEN 'untested'
    WHEN m.by_consent AND s.declined_at IS NOT NULL THEN 'declined'
    WHEN m.by_consent AND s.asked_at IS NOT NULL AND s.confirmed_at IS NULL THEN 'unconfirmed'
    ELSE '' END AS reason) AS h
ON CONFLICT (message_id) DO NOTHING
"""
