"""Who wants alarm mails: each new address is asked by one mail, and says yes or no without an
account, by a signed link or an answer to that mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from noroshi.outbox.actions import BY_CONSENT, NewMessage, mail_domain, post_all
from noroshi.outbox.models import Message, Standing
from noroshi.outbox.standing import locked
from noroshi.outbox.visit_mails import LANGUAGES, SUBJECT_CHARS_MAX, one_line
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

KIND = "recipient.confirm"
ASKS_MAX = 3  # mails that ask one address, until FORGOTTEN_AFTER
AGAIN_AFTER, FORGOTTEN_AFTER = timedelta(hours=24), timedelta(days=90)
ASKED_A_DAY_MAX = 100  # of one tenant: whoever types in the world's addresses writes to few
SALT = "noroshi.outbox.consent"
PATH = "/wanted/{}/"  # written out: the sender knows no pages
UNCONFIRMED, CONFIRMED, DECLINED = "unconfirmed", "confirmed", "declined"


class NotAsked(Exception):
    """The person is not asked, or not asked again; the message is for who wanted it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person has said: UNCONFIRMED, CONFIRMED or DECLINED, and when; asked last at."""

    state: str
    at: datetime | None
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is asked: about whose alarms, at which address; and the word so far."""

    tenant_name: str
    address: str
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Token:
    """Whose link it is: the tenant, and the row of the address, or a message to it."""

    tenant: int
    standing: int = 0
    message: int = 0


@transaction.atomic
def ask(tenant: Tenant, address: str, language: str, *, now: datetime) -> bool:
    """Ask a new recipient once; False when that person has said yes before. Raises NotAsked.

    To be called in the transaction that adds the recipient.
    """
    found = locked(tenant.pk, address)
    if found.confirmed_at is not None and found.declined_at is None:
        return False
    if found.declined_at is not None:
        raise NotAsked(_("この宛先の人は、受け取りを断っています。本人に確かめてください。"))
    if found.asked_at is None or _may_again(found, now):
        _post(tenant, found, language, now)
    return True


@transaction.atomic
def ask_again(address: str, language: str, *, by: Actor, now: datetime) -> None:
    """Send the question once more, because a person wanted it. Raises NotAsked. Written down."""
    if by.tenant is None:
        raise NotAsked(_("契約者を選んでください。"))
    found = locked(by.tenant.pk, address)
    if found.confirmed_at is not None or found.asked_at is None:
        raise NotAsked(_("この宛先は、確認を待っていません。"))
    if not _may_again(found, now):
        if found.asked_count >= ASKS_MAX:
            words = _("確認メールは%(n)d通までです。本人に確かめてください。")
            raise NotAsked(words % {"n": ASKS_MAX})
        raise NotAsked(_("確認メールは、1日に1通まで送れます。"))
    _post(by.tenant, found, language, now)
    audit.record(by, "recipient.asked_again", address, now=now)


@transaction.atomic
def answer(token: Token, *, is_yes: bool, now: datetime) -> Asked | None:
    """The person's word; None when the row is no longer there. Written down for the tenant.

    To be called behind a door that sees the tenant's rows.
    """
    address = _address_of(token)
    if address is None:
        return None
    found = locked(token.tenant, address)
    _say(found, is_yes=is_yes, now=now)
    return _asked(found)


def of_link(token: Token) -> Asked | None:
    """What the page shows; None when the row is no longer there."""
    address = _address_of(token)
    if address is None:
        return None
    rows = Standing.objects.select_related("tenant").filter(tenant=token.tenant, address=address)
    found = rows.first()
    if found is None or not (found.asked_at or found.declined_at):
        # Nobody was ever asked: the mails come.
        tenant = Tenant.objects.get(pk=token.tenant)
        return Asked(tenant.name, address, Wanted(CONFIRMED, None, None))
    return _asked(found)


def confirm_by_mail(message: Message, sender: str, *, now: datetime) -> bool:
    """An answer to the question itself is a yes when it comes from the address that was asked."""
    if message.kind != KIND or message.tenant_id is None:
        return False
    if sender.lower() != message.address.lower():
        return False
    found = locked(message.tenant_id, message.address)
    if found.asked_at is None or found.declined_at is not None:
        return False
    _say(found, is_yes=True, now=now)
    return True


def wanted_of(tenant_id: int, addresses: list[str]) -> dict[str, Wanted]:
    """What the people of these addresses have said; nobody was asked who is absent."""
    rows = Standing.objects.filter(tenant=tenant_id, address__in=addresses)
    return {one.address: _wanted(one) for one in rows if one.asked_at or one.declined_at}


def forget(tenant_id: int, address: str) -> None:
    """The address gets no alarms any more: what its person said ends with that.

    A no stays, and so does how often that person was asked: whoever adds the address again must
    not undo it.
    """
    Standing.objects.filter(tenant=tenant_id, address=address).update(confirmed_at=None)


def ask_nobody(tenant_id: int, address: str, *, now: datetime) -> None:
    """Where nobody has to be asked, who was asked before and has not answered is not waited for."""
    rows = Standing.objects.filter(tenant=tenant_id, address=address, asked_at__isnull=False)
    rows.filter(confirmed_at=None, declined_at=None).update(confirmed_at=now)


def trust(tenant_id: int, address: str, *, now: datetime) -> None:
    """The yes of a person who was asked by another way."""
    found = locked(tenant_id, address)
    found.asked_at, found.confirmed_at = found.asked_at or now, now
    found.save(update_fields=["asked_at", "confirmed_at"])


def link_of(tenant_id: int, standing_id: int) -> str:
    """The path of the page on which the person says yes or no."""
    return PATH.format(signing.Signer(salt=SALT).sign_object([tenant_id, standing_id]))


def stop_link(message: Message) -> str:
    """The whole address of the page on which the reader of an alarm says that no more shall come.

    Empty for other mails: those are part of the contract.
    """
    if message.tenant_id is None or not message.kind.startswith(BY_CONSENT):
        return ""
    # Without the time: a mail that is sent again has the same bytes.
    token = signing.Signer(salt=SALT).sign_object([message.tenant_id, 0, message.pk])
    return f"{settings.BASE_URL}{PATH.format(token)}"


def read_link(token: str) -> Token | None:
    """Whose link it is; None unless one of our keys made it."""
    try:
        return Token(*signing.Signer(salt=SALT).unsign_object(token))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _address_of(token: Token) -> str | None:
    """The address that the link is about; None when it is gone."""
    rows = Standing.objects.filter(tenant=token.tenant, pk=token.standing)
    mails = Message.objects.filter(tenant=token.tenant, pk=token.message)
    found = mails if token.message else rows
    return found.values_list("address", flat=True).first()


def _asked(row: Standing) -> Asked:
    return Asked(row.tenant.name, row.address, _wanted(row))


def _wanted(row: Standing) -> Wanted:
    if row.declined_at is not None:
        return Wanted(DECLINED, row.declined_at, row.asked_at)
    if row.confirmed_at is not None:
        return Wanted(CONFIRMED, row.confirmed_at, row.asked_at)
    return Wanted(UNCONFIRMED, row.asked_at, row.asked_at)


def _say(found: Standing, *, is_yes: bool, now: datetime) -> None:
    found.confirmed_at, found.declined_at = (now, None) if is_yes else (None, now)
    found.asked_at = found.asked_at or now
    found.save(update_fields=["asked_at", "confirmed_at", "declined_at"])
    action = "recipient.confirmed" if is_yes else "recipient.declined"
    audit.record(Actor(None, found.tenant), action, found.address, now=now)


def _may_again(found: Standing, now: datetime) -> bool:
    if found.asked_at is None or now - found.asked_at >= FORGOTTEN_AFTER:
        return True
    return now - found.asked_at >= AGAIN_AFTER and found.asked_count < ASKS_MAX


def _post(tenant: Tenant, found: Standing, language: str, now: datetime) -> None:
    today = Standing.objects.filter(tenant=tenant, asked_at__gt=now - AGAIN_AFTER)
    if today.count() >= ASKED_A_DAY_MAX:
        raise NotAsked(
            _("確認メールは1日に%(n)d通までです。明日もう一度お試しください。")
            % {"n": ASKED_A_DAY_MAX}
        )
    if found.asked_at is not None and now - found.asked_at >= FORGOTTEN_AFTER:
        found.asked_count = 0
    found.asked_at, found.asked_count = now, found.asked_count + 1
    found.save(update_fields=["asked_at", "asked_count"])
    post_all([_mail(tenant, found, language, now)], now=now)


def _mail(tenant: Tenant, found: Standing, language: str, now: datetime) -> NewMessage:
    known = language if language in LANGUAGES else LANGUAGES[0]
    said = {
        "tenant": one_line(tenant.name),
        "address": found.address,
        "link": f"{settings.BASE_URL}{link_of(tenant.pk, found.pk)}",
        "may_answer": bool(settings.RETURN_DOMAIN),
    }
    with translation.override(known):
        written = render_to_string(f"outbox/consent.{known}.txt", said)
    subject, _rest, body = written.partition("\n")
    return NewMessage(
        tenant_id=tenant.pk,
        kind=KIND,
        about="",
        address=found.address,
        subject=one_line(subject)[:SUBJECT_CHARS_MAX],
        body=body.strip() + "\n",
        message_id=f"consent.{found.pk}.{now:%Y%m%d%H%M%S}@{mail_domain()}",
        thread_id="",
        language=known,
    )
