"""Send what is due: claim a message, send it, write the answer, commit; then the next."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db import connection, transaction

from noroshi.base import failpoints
from noroshi.base.environment import BadSetting
from noroshi.outbox import addresses, bounces, codes, consent, dkim, standing
from noroshi.outbox.addresses import is_sendable
from noroshi.outbox.channels import Channel
from noroshi.outbox.domains import Domains
from noroshi.outbox.mime import File, Mail, to_bytes
from noroshi.outbox.models import Message
from noroshi.outbox.send import Answer, Relay, server_of

BATCH_MAX = 100
WAIT_S_MIN, WAIT_S_MAX = 60, 3600
TRIES_MAX = 31  # 1, 2, 4 … 60 minutes: more than 24 hours in all
REST_S_MIN, REST_S_MAX = 2, 300

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Rest:
    """Whether the mail server is away, known to all senders of a program.

    Attributes:
        until: no sender tries before; None = the server is there.
        misses: how many tries in a row found it away.
        is_stopped: the program ends; no sender begins another message.
        domains: how many mails went where in this minute.
    """

    until: datetime | None = None
    misses: int = 0
    is_stopped: bool = False
    domains: Domains = field(default_factory=lambda: Domains(settings.MAIL_PACES))


class Sender:
    """Sends due messages through one mail server, and rests while that takes none.

    Raises BadServerAddress or BadSetting for settings that cannot be used.
    """

    def __init__(self, rest: Rest | None = None) -> None:
        self._server = server_of(settings.SMTP_URL)
        self._name, self._address = parseaddr(settings.MAIL_FROM)
        if not is_sendable(self._address):
            raise BadSetting(
                f"noroshi: NOROSHI_MAIL_FROM={settings.MAIL_FROM!r} is no sender; "
                "give it as `Name <address@domain>`."
            )
        self._signer = dkim.signer()
        self._rest = rest or Rest()

    def send_due(self, now: datetime) -> int:
        """Send up to BATCH_MAX due messages; returns how many were tried with an answer.

        Each is claimed by its row lock and settled in the same transaction, right after the
        server's answer: a crash in between sends it again with the same Message-ID. While the
        server is away nothing is claimed, and no message's tries are counted.
        """
        if self._rest.until is not None and now < self._rest.until:
            return 0
        began = time.monotonic()
        with Relay(self._server) as relay:
            for done in range(BATCH_MAX):
                at = now + timedelta(seconds=time.monotonic() - began)
                if self._rest.is_stopped or not self._send_next(relay, at):
                    return done
                failpoints.at("send.committed")
        return BATCH_MAX

    @transaction.atomic
    def _send_next(self, relay: Relay, at: datetime) -> bool:
        message = _claim(at, self._rest.domains.full(at))
        if message is None:
            return False
        self._rest.domains.note(message.address, at)
        failpoints.at("send.claimed")
        began = time.monotonic()
        sender = codes.address(codes.BOUNCE, message.pk) or self._address
        answer = self._send(relay, sender, message)
        failpoints.at("send.answered")
        at += timedelta(seconds=time.monotonic() - began)
        is_reached = self._note_reach(answer, at)
        settle(message, answer, at)
        if not is_reached and self._rest.until is not None:
            message.due_at = self._rest.until
        write(message, answer, at)
        if message.failure == Message.Failure.HARD:
            standing.count(message, answer.text, now=at)
        failpoints.at("send.written")
        return is_reached

    def _send(self, relay: Relay, sender: str, message: Message) -> Answer:
        """Hand it over; an odd address of an old carrier is tried in quotation marks, too."""
        mail = self._bytes(message)
        plain, quoted = message.address, addresses.quoted(message.address)
        if not quoted:
            return relay.send(sender, plain, mail)
        is_quoted = standing.is_quoted(message)
        first, second = (quoted, plain) if is_quoted else (plain, quoted)
        answer = relay.send(sender, first, mail)
        if answer.outcome != "refused":
            return answer
        again = relay.send(sender, second, mail)
        if again.outcome == "sent":
            standing.remember_quoted(message, is_quoted=not is_quoted)
        return again if again.outcome != "refused" else answer

    def _note_reach(self, answer: Answer, at: datetime) -> bool:
        """Rest longer after each failed connection; whether the server was there."""
        if answer.outcome != "unreachable":
            self._rest.misses, self._rest.until = 0, None
            return True
        rest_s = min(REST_S_MIN * 2**self._rest.misses, REST_S_MAX)
        self._rest.misses += 1 if rest_s < REST_S_MAX else 0
        self._rest.until = at + timedelta(seconds=rest_s)
        log.warning("mail server is away, next try in %d s: %s", rest_s, answer.text)
        return False

    def _bytes(self, message: Message) -> bytes:
        found = message.attachments.order_by("pk") if message.has_attachments else []
        mail = to_bytes(
            Mail(
                sender_name=self._name,
                sender=self._address,
                address=message.address,
                subject=message.subject,
                body=message.body,
                message_id=message.message_id,
                thread_id=message.thread_id,
                language=message.language,
                written_at=message.created_at,
                files=[File(one.name, one.content_type, bytes(one.body)) for one in found],
                reply_to=codes.address(codes.ANSWER, message.pk),
                stop_link=consent.stop_link(message),
                charset=message.charset,
            )
        )
        return self._signer.sign(mail) if self._signer else mail


def _claim(at: datetime, full: Sequence[str]) -> Message | None:
    """The next due message, held by its row lock: base.claim by hand, made for every mail.

    Not to the domains that are `full`: theirs wait, and the others pass them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [at, [f"%@{one}" for one in full]])
        row = cursor.fetchone()
    return None if row is None else Message.from_db(connection.alias, _COLUMNS, row)


def settle(message: Message, answer: Answer, at: datetime) -> None:
    """What the answer means for the message."""
    message.last_answer = f"{answer.code or ''} {answer.text}".strip()[:500]
    if answer.outcome == "unreachable":
        return
    message.attempts += 1
    if answer.outcome == "sent":
        message.state, message.sent_at = Message.State.SENT, at
    elif answer.outcome == "refused" or message.attempts >= TRIES_MAX:
        message.state = Message.State.GIVEN_UP
        if answer.outcome == "refused" and message.channel == Channel.MAIL:
            status = bounces.status_in(answer.text, answer.code)
            message.failure = bounces.failure_of(status, answer.text)
        log.warning("message %s is given up: %s %s", message.pk, answer.outcome, answer.code)
    else:
        wait_s = min(WAIT_S_MIN * 2 ** (message.attempts - 1), WAIT_S_MAX)
        message.due_at = at + timedelta(seconds=wait_s)
        log.info("message %s waits %d s: %s %s", message.pk, wait_s, answer.outcome, answer.code)


def write(message: Message, answer: Answer, at: datetime) -> None:
    """Message and ledger in one statement: it is done for every mail."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            [
                *(str(message.state), message.due_at, message.attempts, message.last_answer),
                *(message.failure, message.sent_at, message.pk),
                *(at, answer.outcome, answer.code, answer.text),
            ],
        )


_COLUMNS = [field.attname for field in Message._meta.concrete_fields]
_CLAIM = f"""
SELECT {", ".join(_COLUMNS)} FROM outbox_message WHERE state = 'waiting' AND channel = 'mail'
    AND due_at <= %s AND NOT lower(address) LIKE ANY (%s::text[])
ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_WRITE = """
WITH settled AS (
    UPDATE outbox_message
    SET state = %s, due_at = %s, attempts = %s, last_answer = %s, failure = %s,
        sent_at = %s
    WHERE id = %s RETURNING id
)
INSERT INTO outbox_delivery (message_id, at, outcome, code, answer)
SELECT id, %s, %s, %s, %s FROM settled
"""
