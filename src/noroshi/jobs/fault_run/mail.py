"""A mail server with moods: everything that F22 to F26 say of mail servers."""

import asyncio
import contextlib
import email
import email.policy
import threading
from collections import Counter

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HANG_S = 6.0
DRIP_S = 0.2


class MoodyPostOffice:
    """Listens on a port of 127.0.0.1; in `mood` "" it takes every mail and says so."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mood = ""
        self.taken: Counter[str] = Counter()  # by Message-ID
        self.contents: dict[str, set[bytes]] = {}
        self.refused: Counter[str] = Counter()  # told 550, by recipient
        self.doubtful = 0  # taken, and the sender never heard of it
        self._lock = threading.Lock()
        self._controller: Controller | None = None

    def open(self) -> None:
        """Begin to listen."""
        if self._controller is None:
            self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
            self._controller.start()

    def close(self) -> None:
        """End; lines that are open end too."""
        if self._controller is not None:
            with contextlib.suppress(OSError):
                self._controller.stop()
        self._controller = None

    def bodies(self) -> list[str]:
        """The texts of the mails that came so far, each once."""
        with self._lock:
            raw = [octets for faces in self.contents.values() for octets in faces]
        mails = [email.message_from_bytes(one, policy=email.policy.default) for one in raw]
        parts = [mail.get_body(("plain",)) for mail in mails]
        return [str(part.get_content()) for part in parts if part is not None]

    def forget(self) -> None:
        """Throw away what came so far."""
        with self._lock:
            self.taken.clear()
            self.contents.clear()

    def be(self, mood: str) -> None:
        """Change the mood."""
        self.mood = mood
        if mood == "refuses":
            self.close()
        else:
            self.open()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """One recipient."""
        if self.mood == "later":
            return "451 4.7.1 greylisted"
        if self.mood == "never":
            with self._lock:
                self.refused[address] += 1
            return "550 5.1.1 no such mailbox"
        if self.mood == "slow":
            await drip(server, "25")
            envelope.rcpt_tos.append(address)
            return "0 2.1.5 at last"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """One mail."""
        mood = self.mood
        if mood == "hangs":
            await asyncio.sleep(HANG_S)
        if mood == "later after data":
            return "452 4.3.1 insufficient system storage"
        if mood in {"drops, not having taken", "hangs"}:
            return cut(server)
        self._keep(envelope)
        if mood == "drops, having taken":
            with self._lock:
                self.doubtful += 1
            return cut(server)
        if mood == "slow":
            await drip(server, "25")
            return "0 2.0.0 taken"
        return "250 2.0.0 taken"

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.content or b""
        octets = content.encode() if isinstance(content, str) else content
        name = str(email.message_from_bytes(octets)["Message-ID"]).strip("<>")
        with self._lock:
            self.taken[name] += 1
            self.contents.setdefault(name, set()).add(octets)


async def drip(server: SMTP, text: str) -> None:
    """A byte at a time."""
    for letter in text:
        if isinstance(server.transport, asyncio.Transport):
            server.transport.write(letter.encode())
        await asyncio.sleep(DRIP_S)


def cut(server: SMTP) -> str:
    """Close the line without a word."""
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
    return "421 4.3.2 never heard"
