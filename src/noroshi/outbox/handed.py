"""Hand an account over: the letter or the link, and a mail that says so without any secret."""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import is_sendable
from noroshi.tenants.accounts import Handed
from noroshi.tenants.letter import day, letter
from noroshi.tenants.models import IssuedCredential, Tenant

LANGUAGES = ("ja", "en")


@dataclass(frozen=True, slots=True)
class Given:
    """What the issuer gets, once: a PDF to print, or an address to pass on by another way."""

    handed: Handed
    pdf: bytes = field(default=b"", repr=False)
    link: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Text:
    """What the templates say."""

    name: str
    until: str
    is_letter: bool


def give(handed: Handed, tenant: Tenant | None, *, now: datetime) -> Given:
    """Print the letter or write out the link, and tell the person by mail.

    To be called in the transaction that issued: what could not be printed was not issued. Raises
    papers.PaperError.
    """
    tell(handed, tenant, now=now)
    if handed.credential.way == IssuedCredential.Way.LINK:
        path = reverse("first-link", args=[handed.secret])
        return Given(handed, link=f"{settings.BASE_URL}{path}")
    return Given(handed, pdf=letter(handed, tenant, now=now))


def tell(handed: Handed, tenant: Tenant | None, *, now: datetime) -> int:
    """Write the mail where the person has an address; returns how many, 0 or 1."""
    user, credential = handed.user, handed.credential
    if not user.email or not is_sendable(user.email):
        return 0
    language = user.language if user.language in LANGUAGES else LANGUAGES[0]
    with translation.override(language):
        is_letter = credential.way == IssuedCredential.Way.LETTER
        text = Text(" ".join(user.name.split()), day(credential.expires_at), is_letter)
        written = render_to_string(f"outbox/mail/handed.{language}.txt", {"mail": text})
    subject, _, body = written.partition("\n")
    message_id = f"credential-{credential.pk}.handed@{mail_domain()}"
    message = NewMessage(
        tenant_id=tenant.pk if tenant else None,
        kind="account.handed",
        about="",
        address=user.email,
        subject=subject,
        body=body.strip() + "\n",
        message_id=message_id,
        thread_id=message_id,
        language=language,
    )
    return post_all([message], now=now)
