"""A test mail to a recipient: a person wants to see whether mails arrive there."""

from datetime import datetime, timedelta

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.models import Message, Standing
from noroshi.outbox.visit_mails import LANGUAGES, SUBJECT_CHARS_MAX, one_line
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor

KIND = "recipient.test"
AN_HOUR_MAX = 3  # to one address
HOUR = timedelta(hours=1)


class NotTried(Exception):
    """No test mail goes there; the message is for who wanted it."""


@transaction.atomic
def send(address: str, language: str, *, by: Actor, now: datetime) -> int:
    """Post a test mail; its number in the journal. Written down. Raises NotTried."""
    if by.tenant is None:
        raise NotTried(_("契約者を選んでください。"))
    known = Standing.objects.filter(tenant=by.tenant, address=address).first()
    if known and (known.declined_at or (known.asked_at and not known.confirmed_at)):
        raise NotTried(_("この宛先の人が受け取りを確認してから、試してください。"))
    rows = Message.objects.filter(tenant=by.tenant, address=address, kind=KIND)
    if rows.filter(created_at__gt=now - HOUR).count() >= AN_HOUR_MAX:
        words = _("テストメールは、1つの宛先に1時間に%(n)d通まで送れます。")
        raise NotTried(words % {"n": AN_HOUR_MAX})
    new = _mail(address, language, by, now)
    post_all([new], now=now)
    audit.record(by, "recipient.tested", address, now=now)
    return Message.objects.get(message_id=new.message_id).pk


def _mail(address: str, language: str, by: Actor, now: datetime) -> NewMessage:
    known = language if language in LANGUAGES else LANGUAGES[0]
    name = by.tenant.name if by.tenant else ""
    said = {"tenant": one_line(name), "who": one_line(by.user.name if by.user else ""), "at": now}
    with translation.override(known):
        written = render_to_string(f"outbox/trial.{known}.txt", said)
    subject, _rest, body = written.partition("\n")
    tag = now.strftime("%Y%m%d%H%M%S%f")
    number = by.tenant.code if by.tenant else ""
    return NewMessage(
        tenant_id=by.tenant.pk if by.tenant else None,
        kind=KIND,
        about="",
        address=address,
        subject=one_line(subject)[:SUBJECT_CHARS_MAX],
        body=body.strip() + "\n",
        message_id=f"trial.{number}.{tag}@{mail_domain()}",
        thread_id="",
        language=known,
    )
