"""What people do with webhooks: add one, be given its secret, test it, take it off.

A webhook gets alarms once a test to it succeeded: that is its receiver's word that it wants them.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from noroshi.base import places
from noroshi.base.places import BadPlace
from noroshi.outbox import hook_secrets
from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import BadAddress
from noroshi.outbox.channels import Channel
from noroshi.outbox.models import Hook, Message
from noroshi.outbox.standing import locked
from noroshi.outbox.trial import AN_HOUR_MAX, HOUR, KIND, NotTried
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

HOOKS_MAX = 20  # of one tenant
OVERLAP = timedelta(hours=24)  # in which the old secret signs beside the new one


class TooMany(Exception):
    """The tenant has as many webhooks as it may; the message is for who wanted one more."""


def clean_url(text: str) -> str:
    """The URL without spaces around it. Raises BadAddress."""
    url = text.strip()
    try:
        places.place_of(url, ports=settings.WEBHOOK_PORTS, trusted=settings.WEBHOOK_TRUSTED)
    except BadPlace as flaw:
        raise BadAddress(_words(str(flaw))) from None
    return url


@transaction.atomic
def make(tenant: Tenant, url: str, *, now: datetime) -> None:
    """Give the URL a secret that nobody has seen yet; nothing goes there before a test succeeded.

    To be called in the transaction that adds the recipient, which holds the tenant. Raises TooMany.
    """
    if Hook.objects.filter(tenant=tenant).count() >= HOOKS_MAX:
        raise TooMany(_("Webhookは%(n)d件までです。") % {"n": HOOKS_MAX})
    Hook.objects.create(
        tenant=tenant,
        address=url,
        secret=hook_secrets.seal(hook_secrets.new_secret()),
        created_at=now,
    )
    found = locked(tenant.pk, url)
    found.asked_at, found.confirmed_at, found.declined_at, found.stopped_at = now, None, None, None
    found.counted_from = now
    found.save()


@transaction.atomic
def remove(tenant_id: int, url: str) -> None:
    """Forget the secrets; what waits is given up. After its recipient is gone."""
    Hook.objects.filter(tenant=tenant_id, address=url).delete()
    waiting = Message.objects.filter(
        tenant=tenant_id, address=url, state=Message.State.WAITING, channel=Channel.WEBHOOK
    )
    waiting.update(state=Message.State.GIVEN_UP)


@transaction.atomic
def issue(url: str, *, by: Actor, now: datetime) -> str | None:
    """A new secret, to be shown once; None when there is no such webhook. Written down.

    One that somebody was given before still signs beside it for OVERLAP.
    """
    found = Hook.objects.select_for_update().filter(tenant=by.tenant, address=url).first()
    if found is None:
        return None
    if found.shown_at is not None:
        found.old_secret, found.old_until = found.secret, now + OVERLAP
    secret = hook_secrets.new_secret()
    found.secret, found.shown_at = hook_secrets.seal(secret), now
    found.save(update_fields=["secret", "shown_at", "old_secret", "old_until"])
    audit.record(by, "webhook.secret_issued", url, now=now)
    return secret


def find(tenant_id: int, url: str) -> Hook | None:
    """The webhook of this URL."""
    return Hook.objects.filter(tenant=tenant_id, address=url).first()


@transaction.atomic
def test(url: str, *, by: Actor, now: datetime) -> int:
    """Post a test; its number in the journal. Written down. Raises NotTried."""
    found = Hook.objects.filter(tenant=by.tenant, address=url).first()
    if by.tenant is None or found is None:
        raise NotTried(_("契約者を選んでください。"))
    if found.shown_at is None:
        raise NotTried(_("はじめに署名の鍵を発行して、受け取る側に入れてください。"))
    rows = Message.objects.filter(tenant=by.tenant, address=url, kind=KIND)
    if rows.filter(created_at__gt=now - HOUR).count() >= AN_HOUR_MAX:
        words = _("テストは、1つの宛先に1時間に%(n)d回まで送れます。")
        raise NotTried(words % {"n": AN_HOUR_MAX})
    tag = now.strftime("%Y%m%d%H%M%S%f")
    new = NewMessage(
        tenant_id=by.tenant.pk,
        kind=KIND,
        about="",
        address=url,
        subject=_("Webhookのテスト"),
        body=body_of("webhook.test", now, {"customer": by.tenant.code}),
        message_id=f"trial.{found.pk}.{tag}@{mail_domain()}",
        thread_id="",
        language="ja",
        channel=str(Channel.WEBHOOK),
    )
    post_all([new], now=now)
    # Somebody waits for the answer: a receiver that rests is asked at once.
    Hook.objects.filter(pk=found.pk).update(rest_until=None)
    audit.record(by, "recipient.tested", url, now=now)
    return Message.objects.get(message_id=new.message_id).pk


def body_of(kind: str, at: datetime, data: Mapping[str, object]) -> str:
    """What is posted: `{"type": …, "timestamp": …, "data": {…}}`."""
    told = {"type": kind, "timestamp": instant(at), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def instant(at: datetime) -> str:
    """A time as machines read it: UTC, ISO 8601."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _words(flaw: str) -> str:
    """What is wrong with a URL, for the person who typed it."""
    if flaw == places.NOT_HTTPS:
        return _("https:// で始まるURLを入れてください。")
    if flaw == places.HAS_SECRET:
        return _("URLに利用者名やパスワードを入れないでください。")
    if flaw == places.BAD_PORT:
        ports = _("、").join(str(one) for one in settings.WEBHOOK_PORTS)
        return _("使えるポートは %(ports)s です。") % {"ports": ports}
    return _("URLの形を確かめてください（例: https://example.jp/hook）。254文字までです。")
