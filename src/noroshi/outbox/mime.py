"""The bytes of a mail: a plain text in UTF-8, built by hand because most mails are alike."""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")
WORD_BYTES_MAX = 45  # UTF-8 bytes of one encoded word: 60 characters of base64 and 12 around them
PLAIN_CHARS_MAX = 60

_PLAIN = re.compile(r"[!-~]([ -~]*[!-~])?")
_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says. Header texts have no control characters: the outbox refuses them."""

    sender_name: str
    sender: str
    address: str
    subject: str
    body: str
    message_id: str
    thread_id: str
    language: str
    written_at: datetime


def to_bytes(mail: Mail) -> bytes:
    """The mail in RFC 5322 form with CRLF, lines of at most 998 bytes, all ASCII.

    Made from the mail alone, so that a mail sent twice is the same to the byte.
    """
    thread = ""
    if mail.thread_id and mail.thread_id != mail.message_id:
        thread = f"In-Reply-To: <{mail.thread_id}>\r\nReferences: <{mail.thread_id}>\r\n"
    sender = f"<{mail.sender}>"
    if mail.sender_name:
        sender = f"{_words(mail.sender_name)} {sender}"
    head = (
        f"From: {sender}\r\n"
        f"To: {mail.address}\r\n"
        f"Subject: {header_text(mail.subject)}\r\n"
        f"Date: {format_datetime(mail.written_at.astimezone(JST))}\r\n"
        f"Message-ID: <{mail.message_id}>\r\n"
        f"{thread}"
        "Auto-Submitted: auto-generated\r\n"
        f"Content-Language: {mail.language}\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        "\r\n"
    )
    body = base64.encodebytes(_BREAK.sub("\r\n", mail.body).encode())
    return head.encode("ascii") + body.replace(b"\n", b"\r\n")


def header_text(text: str) -> str:
    """A header's value: as it is when short and plain ASCII, else in encoded words (RFC 2047)."""
    if len(text) <= PLAIN_CHARS_MAX and "=?" not in text and _PLAIN.fullmatch(text):
        return text
    return _words(text)


def _words(text: str) -> str:
    """Encoded words; none splits a character, because each is decoded alone."""
    pieces: list[bytearray] = [bytearray()]
    for character in text:
        octets = character.encode()
        if len(pieces[-1]) + len(octets) > WORD_BYTES_MAX:
            pieces.append(bytearray())
        pieces[-1] += octets
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(piece).decode()}?=" for piece in pieces)
