"""Read the mails that the demo's mail server keeps as files."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.utils import timezone

_ID = re.compile(r"\d{20}-\d{6}")


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One mail as it was received; `id` names it, newer ones are greater."""

    id: str
    received_at: datetime
    to: str
    subject: str
    message_id: str
    in_reply_to: str


@dataclass(frozen=True, slots=True)
class CaughtText:
    """One mail with its body."""

    mail: CaughtMail
    sender: str
    body: str


def list_mails(folder: Path, limit: int) -> list[CaughtMail]:
    """The newest `limit` mails, newest first."""
    found = []
    for path in sorted(folder.glob("*.eml"), reverse=True)[:limit]:
        text = read_mail(folder, path.stem)
        if text is not None:
            found.append(text.mail)
    return found


def read_mail(folder: Path, id: str) -> CaughtText | None:  # noqa: A002 - the mail's own word
    """One mail; None when there is none of this id, or no longer."""
    if not _ID.fullmatch(id):
        return None
    try:
        octets = (folder / f"{id}.eml").read_bytes()
    except FileNotFoundError:
        return None
    message = message_from_bytes(octets, _class=EmailMessage, policy=policy.default)
    part = message.get_body(preferencelist=("plain",))
    return CaughtText(
        mail=CaughtMail(
            id=id,
            received_at=_received_at(id),
            to=_header(message, "To"),
            subject=_header(message, "Subject"),
            message_id=_header(message, "Message-ID").strip("<>"),
            in_reply_to=_header(message, "In-Reply-To").strip("<>"),
        ),
        sender=_header(message, "From"),
        body="" if part is None else str(part.get_content()),
    )


def _received_at(mail_id: str) -> datetime:
    digits = mail_id.partition("-")[0]
    return datetime.strptime(f"{digits}+0000", "%Y%m%d%H%M%S%f%z").astimezone(
        timezone.get_current_timezone()
    )


def _header(message: EmailMessage, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())
