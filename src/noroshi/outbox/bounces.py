"""Read a mail that came back: a bounce, a delay, an automatic answer, or something a person wrote.

Nothing here trusts the mail's words about which message it is about: the signed code of the address
to which it came says that.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from noroshi.outbox.models import Incoming
from noroshi.outbox.models import Message as Sent

ANSWER_CHARS_MAX = 500
TEXT_CHARS_MAX = 20_000
PARTS_MAX = 50
# What Python's parser has been seen to raise for broken mails.
ODD = (ValueError, LookupError, TypeError, AttributeError, RecursionError, MessageError)

Kind, Failure = Incoming.Kind, Sent.Failure

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)[ -]")
_MACHINES = re.compile(r"(mailer-daemon|postmaster|mail-daemon|mail\.daemon)", re.IGNORECASE)
_GONE = re.compile(
    r"user unknown|unknown user|no such user|unknown address|no mailbox here"
    r"|mailbox (is )?(unavailable|not found)|does ?n.t exist|does not exist|host unknown"
    r"|recipient rejected|" + "|".join(("宛先不明", "宛先が見つかりません", "存在しません")),
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"undeliver|delivery (status|failure|has failed)|returned mail|returned to sender"
    r"|could not be delivered|failure notice|qmail-send|"
    + "|".join(("配信できません", "配信不能", "送信できませんでした")),
    re.IGNORECASE,
)
_AUTOMATIC_SUBJECT = re.compile(
    r"^(auto(matic)?[ -]?(reply|response)?:|out of (the )?office|"
    + "|".join(("【?自動(応答|返信|送信)】?", "不在)")),
    re.IGNORECASE,
)
_RELAYING = re.compile("relay", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What a mail is.

    Attributes:
        kind: one of Incoming.Kind.
        failure: what a bounce says of the address, one of Message.Failure; else empty.
        code: three digits of SMTP that stand for the status; None when nothing was said.
        answer: the server's own words, one line.
    """

    kind: str
    failure: str = ""
    code: int | None = None
    answer: str = ""


def read(raw: bytes, *, is_to_envelope: bool, sender: str) -> Found:
    """What the mail is. `is_to_envelope`: it came to an envelope's sender, as bounces do.

    `sender` is that of its own envelope, empty for machines. A mail that cannot be read is OTHER.
    """
    try:
        mail = message_from_bytes(raw, policy=policy.compat32)
        return _report(mail) or _loose(mail, is_to_envelope=is_to_envelope, sender=sender)
    except ODD:
        return Found(Kind.OTHER)


def failure_of(status: str, text: str) -> str:
    """What a refusal says of the address: `status` is `5.1.1`, `550` or empty.

    5.7.x is about us or our text, and so are refusals to relay: none of them stops an address.
    """
    if status.startswith("4"):
        return str(Failure.SOFT)
    if not status.startswith("5"):
        return str(Failure.POLICY)
    if status.startswith("5.7") or _RELAYING.search(text):
        return str(Failure.POLICY)
    return str(Failure.HARD)


def status_in(text: str, code: int | None = None) -> str:
    """The status that a server's words name: `5.1.1`, else the three digits, else empty."""
    found = _STATUS.search(text)
    if found and (code is None or found[0][0] == str(code)[0]):
        return found[0]
    if code is not None:
        return str(code)
    plain = _CODE.search(text)
    return plain[1] if plain else ""


def subject_of(mail: "Message[str, str]") -> str:
    """The subject as a person reads it."""
    words = []
    for piece, charset in decode_header(str(mail.get("Subject", ""))):
        words.append(piece if isinstance(piece, str) else _decoded(piece, charset or "utf-8"))
    return " ".join("".join(words).split())


def text_of(mail: "Message[str, str]") -> str:
    """The plain text of a mail, or nothing when there is none. HTML is never shown."""
    for part in _parts(mail):
        if part.get_content_type() == "text/plain" and not part.get_filename():
            octets = part.get_payload(decode=True)
            if isinstance(octets, bytes):
                return _decoded(octets, part.get_content_charset("utf-8"))[:TEXT_CHARS_MAX]
    return ""


def is_automatic(mail: "Message[str, str]", sender: str) -> bool:
    """Whether a machine wrote it: such a mail is never answered (RFC 3834)."""
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    precedence = str(mail.get("Precedence", "")).strip().lower()
    return (
        not sender
        or submitted != "no"
        or precedence in {"bulk", "junk", "list", "auto_reply"}
        or any(mail.get(name) for name in ("List-Id", "X-Autoreply", "X-Autorespond"))
        or "X-Auto-Response-Suppress" in mail
        or _AUTOMATIC_SUBJECT.search(subject_of(mail)) is not None
    )


def _report(mail: "Message[str, str]") -> Found | None:
    """What a report by the standard says (RFC 3464); None when it is none."""
    blocks = list(_blocks(mail))
    by_action = {str(one.get("Action", "")).strip().lower(): one for one in blocks}
    for action, kind in (("failed", Kind.BOUNCE), ("delayed", Kind.DELAY)):
        block = by_action.get(action)
        if block is not None:
            said = str(block.get("Diagnostic-Code", ""))
            status = status_in(str(block.get("Status", ""))) or status_in(said)
            answer = _line(said.partition(";")[2] or said or status)
            failure = failure_of(status, answer) if kind == Kind.BOUNCE else ""
            return Found(kind, failure, _code_of(status, said), answer)
    if by_action.keys() & {"delivered", "relayed", "expanded"}:
        return Found(Kind.AUTOMATIC)
    return None


def _blocks(mail: "Message[str, str]") -> Iterator["Message[str, str]"]:
    for part in _parts(mail):
        if part.get_content_type() in {"message/delivery-status", "message/global-delivery-status"}:
            payload = part.get_payload()
            if isinstance(payload, list):
                yield from (one for one in payload if isinstance(one, Message))


def _loose(mail: "Message[str, str]", *, is_to_envelope: bool, sender: str) -> Found:
    """A mail that is no report: many servers still bounce in words of their own."""
    text = text_of(mail)
    if is_to_envelope and _is_returned(mail, text, sender):
        status = status_in(text)
        if not status and _GONE.search(text):
            status = "5.1.1"
        lines = [line for line in text.splitlines() if status and status in line]
        answer = _line(lines[0] if lines else subject_of(mail))
        is_over = status.startswith("5")
        failure = failure_of(status, answer) if is_over else Failure.SOFT
        return Found(Kind.BOUNCE, failure, _code_of(status, answer), answer)
    if is_automatic(mail, sender):
        return Found(Kind.AUTOMATIC if _is_answer(mail) else Kind.OTHER)
    return Found(Kind.OTHER if is_to_envelope else Kind.REPLY)


def _is_returned(mail: "Message[str, str]", text: str, sender: str) -> bool:
    """Whether it brings a mail back, and is no person's nor a holiday's answer."""
    if "X-Failed-Recipients" in mail:
        return True
    is_machines = not sender or bool(_MACHINES.search(sender))
    is_machines = is_machines or bool(_MACHINES.search(str(mail.get("From", ""))))
    if not is_machines or _AUTOMATIC_SUBJECT.search(subject_of(mail)):
        return False
    return bool(_RETURNED.search(subject_of(mail)) or _RETURNED.search(text) or _GONE.search(text))


def _is_answer(mail: "Message[str, str]") -> bool:
    """Whether a machine answered our mail, rather than wrote something of its own."""
    submitted = str(mail.get("Auto-Submitted", "")).lower()
    is_replied = submitted.startswith("auto-replied")
    is_receipt = mail.get_param("report-type") == "disposition-notification"
    has_subject = _AUTOMATIC_SUBJECT.search(subject_of(mail)) is not None
    is_known = any(name in mail for name in ("X-Autoreply", "X-Autorespond"))
    return is_replied or is_receipt or has_subject or is_known


def _parts(mail: "Message[str, str]") -> Iterator["Message[str, str]"]:
    for number, part in enumerate(mail.walk()):
        if number >= PARTS_MAX:
            return
        yield part


def _code_of(status: str, said: str) -> int | None:
    found = _CODE.search(said)
    if found:
        return int(found[1])
    return {"4": 450, "5": 550}.get(status[:1]) if status else None


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:ANSWER_CHARS_MAX]


def _decoded(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset, "replace")
    except LookupError:
        return octets.decode("utf-8", "replace")
