"""The mails to one person about the own account, in the person's language, through the outbox."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import is_sendable
from noroshi.tenants import access
from noroshi.tenants.middleware import zone_of
from noroshi.tenants.models import SignIn, User, new_code
from noroshi.ui.words import instant_words

LANGUAGES = ("ja", "en")


def post_new_device(user: User, line: SignIn) -> None:
    """Somebody signed in from a browser that was never seen with this id."""
    context = {"line": line, "at": line.at}
    post(user, "new_device", context, now=line.at)


def post_reset(user: User, path: str, *, now: datetime) -> None:
    """The link that sets a new password; good once, for an hour."""
    post(user, "reset", {"link": f"{settings.BASE_URL}{path}", "at": now}, now=now)


def post_confirm(user: User, address: str, path: str, *, now: datetime) -> None:
    """To the new address: press the link if it is yours."""
    link = f"{settings.BASE_URL}{path}"
    post(user, "confirm", {"link": link, "at": now}, now=now, address=address)


def post_change(user: User, what: str, *, now: datetime, address: str = "") -> None:
    """Something about the way in was changed: `password`, `mail`, `totp_activated`, …"""
    post(user, "changed", {"what": what, "at": now}, now=now, address=address)


def post(
    user: User,
    name: str,
    context: Mapping[str, object],
    *,
    now: datetime,
    address: str = "",
) -> None:
    """Write one mail; nothing happens when the person has no address."""
    to = address or user.email
    if not is_sendable(to):
        return
    language = user.language if user.language in LANGUAGES else LANGUAGES[0]
    message_id = f"account.{name}.{new_code()}@{mail_domain()}"
    at, line = context["at"], context.get("line")
    with translation.override(language), timezone.override(zone_of(user.zone)):
        more = {
            "user": user,
            "when": instant_words(at) if isinstance(at, datetime) else "",
            "place": gettext(line.place) if isinstance(line, SignIn) and line.place else "",
            "account_url": f"{settings.BASE_URL}{reverse('account')}",
        }
        text = render_to_string(f"account/mail/{name}.{language}.txt", {**context, **more})
    subject, _, body = text.partition("\n")
    message = NewMessage(
        tenant_id=None,
        kind=f"account.{name}",
        about="",
        address=to,
        subject=subject,
        body=body.strip() + "\n",
        message_id=message_id,
        thread_id=message_id,
        language=language,
    )
    # A mail of no tenant belongs to the provider: it is written as the provider's.
    with access.in_office(user.pk):
        post_all([message], now=now)
