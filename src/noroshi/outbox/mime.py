"""The bytes of a mail: a plain text in UTF-8 and small files, by hand: most mails are alike."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from noroshi.outbox.charsets import UTF_8, encoded, fits, full_kana

JST = ZoneInfo("Asia/Tokyo")
WORD_BYTES_MAX = 45  # UTF-8 bytes of one encoded word: 60 characters of base64 and 12 around them
PLAIN_CHARS_MAX = 60
SHIFT_BYTES = 3  # more or less, what ISO-2022-JP may need to come to a character and back
LINE_BYTES_MAX = 900
NAME_PIECE_CHARS_MAX = 60  # of a file's name after percent-encoding, on one line

_PLAIN = re.compile(r"[!-~]([ -~]*[!-~])?")
_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class File:
    """A small file to go with a mail; `content_type` is e.g. `application/pdf`.

    The outbox refuses control characters in a name and content types that are none.
    """

    name: str
    content_type: str
    body: bytes


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
    files: Sequence[File] = field(default=())
    reply_to: str = ""
    stop_link: str = ""  # a page on which the reader can say that no more shall come
    charset: str = UTF_8  # what is wished; text that does not fit goes as UTF-8


def to_bytes(mail: Mail) -> bytes:
    """The mail in RFC 5322 form with CRLF, lines of at most 998 bytes, all ASCII.

    Made from the mail alone, so that a mail sent twice is the same to the byte.
    """
    thread = ""
    if mail.thread_id and mail.thread_id != mail.message_id:
        thread = f"In-Reply-To: <{mail.thread_id}>\r\nReferences: <{mail.thread_id}>\r\n"
    charset = mail.charset
    if not all(fits(text, charset) for text in (mail.subject, mail.body, mail.sender_name)):
        charset = UTF_8
    stop = f"List-Unsubscribe: <{mail.stop_link}>\r\n" if mail.stop_link else ""
    reply = f"Reply-To: <{mail.reply_to}>\r\n" if mail.reply_to else ""
    sender = f"<{mail.sender}>"
    if mail.sender_name:
        sender = f"{_words(mail.sender_name, charset)} {sender}"
    head = (
        f"From: {sender}\r\n"
        f"To: {mail.address}\r\n"
        f"Subject: {header_text(mail.subject, charset)}\r\n"
        f"Date: {format_datetime(mail.written_at.astimezone(JST))}\r\n"
        f"Message-ID: <{mail.message_id}>\r\n"
        f"{thread}{reply}{stop}"
        "Auto-Submitted: auto-generated\r\n"
        f"Content-Language: {mail.language}\r\n"
        "MIME-Version: 1.0\r\n"
    ).encode("ascii")
    text = _text(_BREAK.sub("\r\n", mail.body), charset)
    if not mail.files:
        return head + text
    # No line of base64 or of a part's head has an underscore after an equals sign.
    boundary = f"=_{hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]}"
    kind = f'Content-Type: multipart/mixed;\r\n boundary="{boundary}"\r\n\r\n'
    parts = [text, *(_part(_file_head(one), one.body) for one in mail.files)]
    pieces = [f"--{boundary}\r\n".encode() + part for part in parts]
    return head + kind.encode() + b"".join(pieces) + f"--{boundary}--\r\n".encode()


def _text(body: str, charset: str) -> bytes:
    """The text as it stands when seven bits and short lines will do, else in base64."""
    octets = encoded(body, charset) or b""
    head = f"Content-Type: text/plain; charset={charset}"
    is_short = max(map(len, octets.split(b"\r\n"))) <= LINE_BYTES_MAX
    if charset == UTF_8 or not is_short or not octets.endswith(b"\r\n"):
        return _part(head, octets)
    return f"{head}\r\nContent-Transfer-Encoding: 7bit\r\n\r\n".encode() + octets


def _part(head: str, body: bytes) -> bytes:
    octets = base64.encodebytes(body).replace(b"\n", b"\r\n")
    return f"{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + octets


def _file_head(one: File) -> str:
    """Type and name of a file; the name in pieces of percent-encoded UTF-8 (RFC 2231)."""
    pieces = ["utf-8''"]
    for character in one.name:
        octets = quote(character, safe="")
        if len(pieces[-1]) + len(octets) > NAME_PIECE_CHARS_MAX:
            pieces.append("")
        pieces[-1] += octets
    named = ";\r\n ".join(f"filename*{number}*={piece}" for number, piece in enumerate(pieces))
    return f"Content-Type: {one.content_type}\r\nContent-Disposition: attachment;\r\n {named}"


def header_text(text: str, charset: str = UTF_8) -> str:
    """A header's value: as it is when short and plain ASCII, else in encoded words (RFC 2047)."""
    if len(text) <= PLAIN_CHARS_MAX and "=?" not in text and _PLAIN.fullmatch(text):
        return text
    return _words(text, charset)


def _words(text: str, charset: str) -> str:
    """Encoded words; none splits a character, because each is decoded alone."""
    octets = [encoded(piece, charset) or b"" for piece in _pieces(text, charset)]
    return "\r\n ".join(f"=?{charset}?B?{base64.b64encode(one).decode()}?=" for one in octets)


def _pieces(text: str, charset: str) -> list[str]:
    """The text in pieces that fit into a word; escapes of ISO-2022-JP count for 6 bytes a run."""
    pieces, used = [""], 0
    shift = 0 if charset == UTF_8 else SHIFT_BYTES
    text = text if charset == UTF_8 else full_kana(text)
    for character in text:
        cost = len(character.encode()) + shift
        if used + cost > WORD_BYTES_MAX:
            pieces.append("")
            used = 0
        pieces[-1] += character
        used += cost
    return pieces
