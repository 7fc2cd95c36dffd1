"""Post what is due to webhooks: one at a time to each, and a receiver in trouble holds up no other.

The lock of the webhook's row is the claim on its receiver, the message's own on it.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.db import connection, transaction

from noroshi.base import failpoints, outward, places
from noroshi.base.outward import Forbidden, NotReached, Reply
from noroshi.base.places import BadPlace
from noroshi.base.sealing import Unreadable
from noroshi.outbox import hook_secrets, standing
from noroshi.outbox.channels import Channel
from noroshi.outbox.due import BATCH_MAX, Rest, settle, write
from noroshi.outbox.models import Hook, Message, Standing
from noroshi.outbox.send import Answer
from noroshi.outbox.trial import KIND

REST_S_MIN, REST_S_MAX = 30, 3600
RETRY_AFTER_S_MAX = 6 * 3600
TRIED_FOR = timedelta(hours=24)
ANSWER_CHARS_MAX = 200
GONE, TOO_MANY, UNAVAILABLE = 410, 429, 503


class Poster:
    """Posts due messages to webhooks; as `due.Sender` sends mails."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def send_due(self, now: datetime) -> int:
        """Post up to BATCH_MAX due messages; returns how many were tried."""
        began = time.monotonic()
        for done in range(BATCH_MAX):
            at = now + timedelta(seconds=time.monotonic() - began)
            if self._rest.is_stopped or not _post_next(at):
                return done
            failpoints.at("hook.committed")
        return BATCH_MAX


@transaction.atomic
def _post_next(at: datetime) -> bool:
    """One message, settled right after its answer: a crash between posts it again alike."""
    hook = _claimed(at)
    if hook is None:
        return False
    message = _next_of(hook, at)
    if message is None:
        return True  # somebody gave it up meanwhile
    failpoints.at("hook.claimed")
    began = time.monotonic()
    answer, wait = _post(hook, message, at)
    failpoints.at("hook.answered")
    at += timedelta(seconds=time.monotonic() - began)
    settle(message, answer, at)
    _mind(hook, message, answer, wait, at)
    write(message, answer, at)
    if message.failure == Message.Failure.HARD:
        standing.count(message, answer.text, now=at, is_final=answer.code == GONE)
    failpoints.at("hook.written")
    return True


def _claimed(at: datetime) -> Hook | None:
    """A webhook for which something is due, and that does not rest; its row is held."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [at, at])
        row = cursor.fetchone()
    return Hook.objects.get(pk=row[0]) if row else None


def _next_of(hook: Hook, at: datetime) -> Message | None:
    due = Message.objects.filter(
        tenant=hook.tenant_id,
        address=hook.address,
        channel=Channel.WEBHOOK,
        state=Message.State.WAITING,
        due_at__lte=at,
    )
    return due.order_by("due_at", "pk").select_for_update(skip_locked=True).first()


def _post(hook: Hook, message: Message, at: datetime) -> tuple[Answer, timedelta]:
    """Hand it over; the answer, and how long the receiver wants to be left alone."""
    nothing = timedelta(0)
    try:
        place = places.place_of(
            hook.address, ports=settings.WEBHOOK_PORTS, trusted=settings.WEBHOOK_TRUSTED
        )
        known = _secrets_of(hook, at)
        body = message.body.encode()
        signed = hook_secrets.headers_of(
            hook_secrets.id_of(message.message_id), int(at.timestamp()), body, known
        )
        more = {"content-type": "application/json; charset=utf-8", "user-agent": "noroshi"}
        reply = outward.post(place, body, more | signed)
    except (BadPlace, Forbidden, Unreadable) as error:
        return Answer("refused", None, _short(str(error))), nothing
    except NotReached as error:
        outcome = "ambiguous" if error.is_sent else "deferred"
        return Answer(outcome, None, _short(str(error))), nothing
    return _meaning(reply, at)


def _secrets_of(hook: Hook, at: datetime) -> Sequence[str]:
    sealed = [hook.secret]
    if hook.old_secret and hook.old_until is not None and at < hook.old_until:
        sealed.append(hook.old_secret)
    return [hook_secrets.unseal(one) for one in sealed]


def _meaning(reply: Reply, at: datetime) -> tuple[Answer, timedelta]:
    text, wait = _short(reply.text), timedelta(0)
    if 200 <= reply.status < 300:
        return Answer("sent", reply.status, text), wait
    if reply.status == GONE:
        return Answer("refused", reply.status, text), wait
    if reply.status in {TOO_MANY, UNAVAILABLE}:
        wait = _asked_for(reply.retry_after, at)
    return Answer("deferred", reply.status, text), wait


def _asked_for(header: str, at: datetime) -> timedelta:
    """Retry-After, in seconds or as a date; nothing where it makes no sense."""
    text = header.strip()
    try:
        seconds = (
            float(text)
            if text.isdecimal() and len(text) < 10
            else (parsedate_to_datetime(text) - at).total_seconds()
        )
    except (ValueError, TypeError):
        return timedelta(0)
    return timedelta(seconds=min(max(seconds, 0), RETRY_AFTER_S_MAX))


def _mind(hook: Hook, message: Message, answer: Answer, wait: timedelta, at: datetime) -> None:
    """What the answer means for the receiver and for what else waits for it."""
    if answer.outcome == "sent":
        hook.misses, hook.rest_until = 0, None
        if message.kind == KIND:
            _confirm(message, at)
    elif answer.outcome != "refused":
        rest_s = min(REST_S_MIN * 2 ** min(hook.misses, 10), REST_S_MAX)
        hook.misses = min(hook.misses + 1, 1000)
        hook.rest_until = at + max(timedelta(seconds=rest_s), wait)
        if wait:
            message.due_at = max(message.due_at, at + wait)
        if message.kind == KIND or message.created_at <= at - TRIED_FOR:
            message.state = Message.State.GIVEN_UP  # who tests wants to know now
        _give_up_old(hook, at)
    if message.state == Message.State.GIVEN_UP and message.kind != KIND:
        message.failure = Message.Failure.HARD
    hook.save(update_fields=["misses", "rest_until"])


def _confirm(message: Message, at: datetime) -> None:
    """The receiver took a test: from now on it gets alarms."""
    rows = Standing.objects.filter(tenant=message.tenant_id, address=message.address)
    rows.filter(confirmed_at=None).update(confirmed_at=at)


def _give_up_old(hook: Hook, at: datetime) -> None:
    """What a receiver in trouble did not take for so long tells nothing new any more."""
    waiting = Message.objects.filter(
        tenant=hook.tenant_id,
        address=hook.address,
        channel=Channel.WEBHOOK,
        state=Message.State.WAITING,
        created_at__lte=at - TRIED_FOR,
    )
    waiting.update(state=Message.State.GIVEN_UP, failure=Message.Failure.HARD)


def _short(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:ANSWER_CHARS_MAX]


_CLAIM = """
SELECT h.id FROM outbox_hook h CROSS JOIN LATERAL (
    SELECT m.due_at FROM outbox_message m
    WHERE m.tenant_id = h.tenant_id AND m.address = h.address AND m.channel = 'webhook'
        AND m.state = 'waiting' AND m.due_at <= %s
    ORDER BY m.due_at LIMIT 1) AS first
WHERE h.rest_until IS NULL OR h.rest_until <= %s
ORDER BY first.due_at LIMIT 1 FOR NO KEY UPDATE OF h SKIP LOCKED
"""
