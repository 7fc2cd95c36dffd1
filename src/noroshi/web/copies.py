"""The copy of an act of intent: a PDF, the same whenever it is made, and the mail with it."""

from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from noroshi.base import papers
from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import is_sendable
from noroshi.outbox.mime import File
from noroshi.tenants.models import Intent

TEMPLATE = Path(__file__).parent / "papers" / "intent.typ"
CONTENT_TYPE = "application/pdf"
LANGUAGES = ("ja", "en")
JST = ZoneInfo("Asia/Tokyo")


def paper(intent: Intent) -> bytes:
    """The PDF, in Japanese, with the exact text and all that proves it.

    Raises papers.PaperError.
    """
    return papers.render(TEMPLATE, contents(intent))


def file_name(intent: Intent) -> str:
    """What the file is called."""
    return f"noroshi-act-{intent.number:04d}-{intent.hash[:8]}.pdf"


def contents(intent: Intent) -> dict[str, object]:
    """Everything the template says."""
    tenant = intent.tenant
    return {
        "made_at": intent.at,
        "language": "ja",
        "provider": parseaddr(settings.MAIL_FROM)[0] or "Noroshi",
        "kind": _kind(intent, "ja"),
        "text": intent.text,
        "tenant": tenant.name,
        "tenant_code": tenant.code,
        "number": str(intent.number),
        "name": intent.user_name,
        "login": intent.user_login,
        "register": intent.enrolment_code or "—",
        "method": _method(intent.method),
        "at": _time(intent.at),
        "address": intent.address or "—",
        "agent": intent.agent or "—",
        "text_sha256": intent.text_sha256,
        "hash": intent.hash,
        "previous": intent.previous,
        "link": settings.BASE_URL + reverse("act-kept", args=[intent.code]),
    }


def post(intent: Intent, *, now: datetime) -> None:
    """Mail the copy to the contract's contact and to the person."""
    file = File(file_name(intent), CONTENT_TYPE, paper(intent))
    domain = mail_domain()
    messages = []
    for number, (address, language) in enumerate(_readers(intent)):
        subject, body = _written(intent, language)
        messages.append(
            NewMessage(
                tenant_id=intent.tenant_id,
                kind="intent.copy",
                about=intent.code,
                address=address,
                subject=subject,
                body=body,
                message_id=f"{intent.code}.copy.{number}@{domain}",
                thread_id="",
                language=language,
                files=[file],
            )
        )
    post_all(messages, now=now)


def _readers(intent: Intent) -> list[tuple[str, str]]:
    """(address, language) of the contract's contact and of the person; each address once."""
    tenant = intent.tenant
    wanted = {intent.user.email: intent.user.language}
    if tenant.party is not None:
        wanted[tenant.party.contact_email] = tenant.language
    return [(address, language) for address, language in wanted.items() if is_sendable(address)]


def _written(intent: Intent, language: str) -> tuple[str, str]:
    """Subject and body; the template's first line is the subject."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    context = {
        "intent": intent,
        "kind": _kind(intent, known),
        "at": _time(intent.at),
        "link": settings.BASE_URL + reverse("act-kept", args=[intent.code]),
    }
    with translation.override(known):
        written = render_to_string(f"web/mail/intent.{known}.txt", context)
    subject, _end, body = written.partition("\n")
    return subject.strip(), body.strip() + "\n"


def _kind(intent: Intent, language: str) -> str:
    with translation.override(language):
        return str(intent.get_kind_display())


def _method(method: str) -> str:
    with translation.override("ja"):
        return {"password": _("パスワード"), "passkey": _("パスキー")}.get(method, method)


def _time(at: datetime) -> str:
    return at.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S.%f") + " JST"
