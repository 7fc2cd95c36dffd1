"""Mails that come in: kept as they are before the sender is told so, understood afterwards."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.utils import getaddresses

from django.db import transaction
from django.db.models import F

from noroshi.base.claim import claim
from noroshi.outbox import bounces, codes, consent, standing
from noroshi.outbox.bounces import Found
from noroshi.outbox.models import Delivery, Incoming, Message
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor

MAIL_BYTES_MAX = 500_000
OPEN_MAX = 2_000  # of mails that wait for machine or people; more hear "later"
OF_ONE_MESSAGE_MAX = 20
UNDERSTOOD_BYTES_MAX = 8_000
ENVELOPE_CHARS_MAX = 320
TRIES_MAX = 3
BATCH_MAX = 100
UNDERSTOOD_KEPT, LOOKED_AT_KEPT = timedelta(days=60), timedelta(days=400)
DELETED_MAX = 5_000

State, Kind = Incoming.State, Incoming.Kind

log = logging.getLogger(__name__)


class NoRoom(Exception):
    """Too much waits already: the sender has to come again later."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as its sender handed it over; `sender` is empty for machines."""

    peer: str
    sender: str
    recipient: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person answered to a mail of ours.

    Attributes:
        message: the mail that is answered, as the signed address says.
        sender: the one address that the reply names as its writer; empty when it names several.
        text: its plain text, with all that it quotes.
    """

    message: Message
    sender: str
    text: str


# Whether somebody understood the reply, in the transaction that settles it.
Taker = Callable[[Reply, datetime], bool]


def keep(mail: Arrived, *, now: datetime) -> Incoming:
    """Write the mail down; once this returns and is committed, its sender may be told so.

    Raises NoRoom.
    """
    waits = Incoming.objects.filter(state__in=(State.WAITING, State.KEPT))
    if waits.order_by()[:OPEN_MAX].count() >= OPEN_MAX:
        raise NoRoom(f"{OPEN_MAX} mails wait")
    code = codes.read(mail.recipient.rpartition("@")[0])
    about = Message.objects.filter(pk=code.message).first() if code else None
    if about is not None and about.answers.count() >= OF_ONE_MESSAGE_MAX:
        raise NoRoom(f"{OF_ONE_MESSAGE_MAX} mails came about message {about.pk}")
    return Incoming.objects.create(
        received_at=now,
        peer=mail.peer[:50],
        sender=mail.sender.replace("\0", "")[:ENVELOPE_CHARS_MAX],
        recipient=mail.recipient[:ENVELOPE_CHARS_MAX],
        size=len(mail.raw),
        raw=mail.raw,
        message=about,
    )


def work_off(now: datetime, take: Taker | None = None) -> int:
    """Understand what waits, each mail in its own transaction; how many were settled.

    `take`: who understands replies to mails whose kinds this room does not know.
    """
    done = 0
    while done < BATCH_MAX and _work_off_next(now, take):
        done += 1
    return done


@transaction.atomic
def close(mail: Incoming, *, by: Actor, now: datetime) -> bool:
    """Somebody of the office has looked after it; False when it needed nobody."""
    rows = Incoming.objects.filter(pk=mail.pk, state=State.KEPT)
    if not rows.update(state=State.CLOSED, settled_at=now, settled_by=by.user):
        return False
    audit.record(by, "incoming.closed", mail, now=now)
    return True


def prune(now: datetime) -> int:
    """Delete what is past its time, a bounded number a run; what waits for people stays."""
    done = Incoming.objects.filter(state=State.DONE, received_at__lt=now - UNDERSTOOD_KEPT)
    closed = Incoming.objects.filter(state=State.CLOSED, received_at__lt=now - LOOKED_AT_KEPT)
    count = 0
    for rows in (done, closed):
        ids = list(rows.order_by("received_at").values_list("pk", flat=True)[:DELETED_MAX])
        count += Incoming.objects.filter(pk__in=ids).delete()[0]
    return count


def _work_off_next(now: datetime, take: Taker | None) -> bool:
    """One mail. A mail on which programs have died TRIES_MAX times is for people."""
    waiting = Incoming.objects.filter(state=State.WAITING).order_by("pk")
    with transaction.atomic():
        claimed = claim(waiting, limit=1)
        if not claimed:
            return False
        mail = claimed[0]
        # Committed before the mail is opened: whoever dies of it has left a mark.
        Incoming.objects.filter(pk=mail.pk).update(tries=F("tries") + 1)
    with transaction.atomic():
        claimed = claim(waiting.filter(pk=mail.pk), limit=1)
        for one in claimed:
            _settle(one, now, take)
    return True


def _settle(mail: Incoming, now: datetime, take: Taker | None) -> None:
    """Say what it is, and note at its message what came back."""
    raw = bytes(mail.raw)
    code = codes.read(mail.recipient.rpartition("@")[0])
    is_to_envelope = code is not None and code.way == codes.BOUNCE
    found = Found(Kind.OTHER)
    if mail.tries <= TRIES_MAX:
        found = bounces.read(raw, is_to_envelope=is_to_envelope, sender=mail.sender)
    is_known = is_to_envelope or found.kind == Kind.AUTOMATIC
    is_understood = code is not None and is_known and found.kind not in {Kind.OTHER, Kind.REPLY}
    if is_understood and mail.message is not None and found.kind in {Kind.BOUNCE, Kind.DELAY}:
        _note(mail.message, found, now)
    if code is not None and found.kind == Kind.REPLY and mail.message is not None:
        is_understood = consent.confirm_by_mail(mail.message, mail.sender, now=now)
        if not is_understood and take is not None:
            is_understood = take(_reply(mail.message, raw), now)
    mail.kind, mail.settled_at = found.kind, now if is_understood else None
    mail.state = State.DONE if is_understood else State.KEPT
    if is_understood:
        mail.raw = raw[:UNDERSTOOD_BYTES_MAX]
    mail.save(update_fields=["kind", "state", "settled_at", "raw"])
    log.info("mail %d came in: %s, %s", mail.pk, mail.kind, mail.state)


def _reply(message: Message, raw: bytes) -> Reply:
    try:
        mail = message_from_bytes(raw, policy=policy.compat32)
        writers = {one for _name, one in getaddresses(mail.get_all("From", [])) if one}
        sender = writers.pop() if len(writers) == 1 else ""
        return Reply(message, sender, bounces.text_of(mail))
    except bounces.ODD:
        return Reply(message, "", "")


def _note(message: Message, found: Found, now: datetime) -> None:
    """Write what came back into the ledger of the message; its sender waits while this is done."""
    known = Message.objects.select_for_update().get(pk=message.pk)
    outcome = "bounced" if found.kind == Kind.BOUNCE else "delayed"
    Delivery.objects.create(
        message=known, at=now, outcome=outcome, code=found.code, answer=found.answer
    )
    if found.kind != Kind.BOUNCE:
        return
    known.failure, known.last_answer = found.failure, found.answer
    if known.state == Message.State.SENT:
        known.state = Message.State.BOUNCED
    known.save(update_fields=["failure", "last_answer", "state"])
    if known.failure == Message.Failure.HARD:
        standing.count(known, found.answer, now=now)
