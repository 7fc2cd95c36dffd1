"""The mail server of the recipients: takes every mail and remembers it."""

import email
import email.policy
import threading
from dataclasses import dataclass

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as it came over SMTP."""

    message_id: str
    to: str
    subject: str
    body: str


class PostOffice:
    """Listens on a free port of 127.0.0.1 between `open` and `close`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._mails: list[Received] = []
        self._lock = threading.Lock()
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    def open(self) -> None:
        """Begin to listen."""
        self._controller.start()

    def close(self) -> None:
        """End."""
        self._controller.stop()

    @property
    def mails(self) -> list[Received]:
        """What came so far, in order."""
        with self._lock:
            return list(self._mails)

    def forget(self) -> None:
        """Throw away what came so far."""
        with self._lock:
            self._mails.clear()

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep one mail."""
        content = envelope.content or b""
        octets = content.encode() if isinstance(content, str) else content
        mail = email.message_from_bytes(octets, policy=email.policy.default)
        body = mail.get_body(("plain",))
        kept = Received(
            message_id=str(mail["Message-ID"]),
            to=", ".join(envelope.rcpt_tos),
            subject=str(mail["Subject"]),
            body=str(body.get_content()) if body is not None else "",
        )
        with self._lock:
            self._mails.append(kept)
        return "250 2.0.0 taken"
