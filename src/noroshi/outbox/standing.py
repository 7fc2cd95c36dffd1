"""Which addresses mails do not reach: stopped after three hard failures in a row, lifted by people.

A mail that was taken and did not come back within SETTLED breaks the row. Everything is counted
from the ledger of the messages, so that a report that comes twice, late or out of order counts once
and in its place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from noroshi.outbox import standing_mails
from noroshi.outbox.models import Charset, Message, Standing
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

CHARSETS = Charset.choices
HARD_MAX = 3
UNUSED_KEPT = timedelta(days=400)
DELETED_MAX = 1_000
LOOKED_AT_MAX = 200
SETTLED = timedelta(hours=1)  # hard bounces come within minutes
SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Stopped:
    """An address to which a tenant's mails are held; `answer` is what came back last."""

    address: str
    since: datetime
    answer: str


def stopped_of(tenant_id: int) -> dict[str, Stopped]:
    """The tenant's stopped addresses, newest first, SHOWN_MAX at most, by address."""
    rows = Standing.objects.filter(tenant=tenant_id, stopped_at__isnull=False)
    found = rows.order_by("-stopped_at", "pk").values_list("address", "stopped_at", "answer")
    return {
        address: Stopped(address, since, answer)
        for address, since, answer in found[:SHOWN_MAX]
        if since is not None
    }


@transaction.atomic
def lift(address: str, *, by: Actor, now: datetime) -> bool:
    """Let mails go to the address again; False where they went. Written down.

    What came back before is forgiven: three more stop it again.
    """
    rows = Standing.objects.filter(tenant=by.tenant, address=address, stopped_at__isnull=False)
    if not rows.update(stopped_at=None, counted_from=now):
        return False
    audit.record(by, "address.lifted", address, now=now)
    return True


@transaction.atomic
def count(message: Message, answer: str, *, now: datetime, is_final: bool = False) -> bool:
    """After a hard failure of the message: stop its address when it was one too many.

    `is_final`: the receiver itself said that it wants no more; once is enough.
    Returns whether it was stopped by this. The message is written already. Mails of the provider
    itself are never stopped: the office sees what became of them.
    """
    if message.tenant_id is None:
        return False
    tenant = Tenant.objects.get(pk=message.tenant_id)
    found = locked(tenant.pk, message.address)
    if found.stopped_at is not None or (not is_final and _in_a_row(found, now) < HARD_MAX):
        return False
    found.stopped_at, found.answer = now, answer
    found.save(update_fields=["stopped_at", "answer"])
    _hold_waiting(found)
    details = {"answer": answer}
    audit.record(Actor(None, tenant), "address.stopped", found.address, now=now, details=details)
    standing_mails.tell_stopped(tenant, found, now=now)
    return True


def locked(tenant_id: int, address: str) -> Standing:
    """The row, made where there was none; who counts at the same time waits and sees ours."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, [tenant_id, address])
    return Standing.objects.select_for_update().get(tenant=tenant_id, address=address)


def is_quoted(message: Message) -> bool:
    """Whether mails to the message's odd address arrive in quotation marks."""
    rows = Standing.objects.filter(tenant=message.tenant_id, address=message.address)
    return rows.filter(is_quoted=True).exists()


def remember_quoted(message: Message, *, is_quoted: bool) -> None:
    """Which form of an odd address was taken."""
    if message.tenant_id is not None:
        known = locked(message.tenant_id, message.address)
        known.is_quoted = is_quoted
        known.save(update_fields=["is_quoted"])


@transaction.atomic
def choose_charset(address: str, charset: str, *, by: Actor, now: datetime) -> None:
    """In which characters the tenant's mails go to an address. Written down. Raises ValueError."""
    if by.tenant is None or charset not in Charset.values:
        raise ValueError(charset)
    known = locked(by.tenant.pk, address)
    if known.charset == charset:
        return
    known.charset = charset
    known.save(update_fields=["charset"])
    audit.record(by, "address.charset", address, now=now, details={"charset": charset})


def charset_of(tenant_id: int, address: str) -> str:
    """In which characters mails go there."""
    rows = Standing.objects.filter(tenant=tenant_id, address=address)
    return rows.values_list("charset", flat=True).first() or str(Charset.UTF_8)


def prune(now: datetime) -> int:
    """Forget addresses to which nothing was written for UNUSED_KEPT, a bounded number a run."""
    mails = Message.objects.filter(tenant=OuterRef("tenant"), address=OuterRef("address"))
    old = Standing.objects.filter(~Exists(mails.filter(created_at__gt=now - UNUSED_KEPT)))
    fresh = Q(asked_at__gt=now - UNUSED_KEPT) | Q(confirmed_at__isnull=False) | Q(is_quoted=True)
    fresh |= Q(declined_at__isnull=False) | ~Q(charset=Charset.UTF_8)
    ids = list(old.exclude(fresh).values_list("pk", flat=True)[:DELETED_MAX])
    return Standing.objects.filter(pk__in=ids).delete()[0]


def _in_a_row(found: Standing, now: datetime) -> int:
    """How many hard failures there are since the last mail that arrived."""
    rows = Message.objects.filter(tenant=found.tenant_id, address=found.address)
    if found.counted_from is not None:
        rows = rows.filter(created_at__gt=found.counted_from)
    newest = rows.order_by("-created_at", "-pk").values_list("state", "failure", "sent_at")
    return _hard(newest[:LOOKED_AT_MAX], now)


def _hard(newest: Iterable[tuple[str, str, datetime | None]], now: datetime) -> int:
    count = 0
    for state, failure, sent_at in newest:
        if failure == Message.Failure.HARD:
            count += 1
        elif state == Message.State.SENT and sent_at is not None and now - sent_at > SETTLED:
            break
    return count


def _hold_waiting(found: Standing) -> None:
    """Hold what waits; what a sender has in hand is on its way."""
    waiting = Message.objects.filter(
        tenant=found.tenant_id, address=found.address, state=Message.State.WAITING
    )
    mine = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True))
    held = Message.objects.filter(pk__in=mine)
    held.update(state=Message.State.HELD, reason=Message.Reason.STOPPED)


_MAKE = """
INSERT INTO outbox_standing (tenant_id, address, answer) VALUES (%s, %s, '')
ON CONFLICT (tenant_id, address) DO NOTHING
"""
