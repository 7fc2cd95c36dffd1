"""The program `noroshi receive`: take in what comes back by mail, keep it, understand it."""

import asyncio
import logging
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parseaddr

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from noroshi.alarms import replies
from noroshi.base.pulse import Heart
from noroshi.outbox import codes, incoming
from noroshi.outbox.incoming import MAIL_BYTES_MAX, Arrived, NoRoom

LINES_MAX = 100
LINE_S_MAX = 60.0
COMMANDS_MAX = 100  # of one kind, on one line
MAILS_PER_S, MAILS_AT_ONCE = 20.0, 200.0
PAUSE_S = 5.0
NULL = "<>"  # aiosmtpd takes an empty sender for none at all
ALWAYS_OURS = frozenset({"postmaster", "abuse"})

log = logging.getLogger(__name__)


def main() -> None:
    """Listen until told to stop."""
    if not settings.RETURN_DOMAIN:
        sys.exit(
            "noroshi: NOROSHI_RETURN_DOMAIN is not set, so no mail comes back; "
            "set it as docs/operators.md says, or do not start `noroshi receive`."
        )
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    host, port = settings.HOST, settings.RECEIVE_PORT
    try:
        asyncio.run(serve(host, port))
    except OSError as error:
        sys.exit(f"noroshi: no mail can be received at {host}:{port}: {error.strerror}.")


async def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; what was promised is kept first."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    door = Door()
    server = await loop.create_server(door.line, host, port)
    reader = asyncio.create_task(door.work_off(stop))
    log.info("receiving mail for %s at %s:%d", settings.RETURN_DOMAIN, host, port)
    await stop.wait()
    server.close()
    door.news.set()
    await reader
    door.close()


class Door:
    """Says yes to our own addresses, keeps each mail before it says so, and has bounds."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self._threads = ThreadPoolExecutor(2, "receive")
        self._room = Room(time.monotonic())
        self._lines = 0

    def line(self) -> "Line":
        """A new connection."""
        return Line(self)

    def come(self) -> bool:
        """Count a line that begins; False when there are enough."""
        self._lines += 1
        return self._lines <= LINES_MAX

    def gone(self) -> None:
        """Count a line that has ended."""
        self._lines -= 1

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls these so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A mail begins."""
        envelope.mail_from = address or NULL
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """One recipient, and one of ours."""
        if not is_ours(address):
            return "550 5.1.1 no such address here"
        if envelope.rcpt_tos:
            return "452 4.5.3 one recipient a mail"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail, then say so."""
        if not self._room.take(time.monotonic()):
            return "451 4.3.2 too many mails just now, come again"
        content = envelope.content or b""
        sender = envelope.mail_from or ""
        mail = Arrived(
            peer=str((session.peer or ("",))[0]),
            sender="" if sender == NULL else sender,
            recipient=envelope.rcpt_tos[0],
            raw=content.encode() if isinstance(content, str) else content,
        )
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, _keep, mail)
        self.news.set()
        return answer

    async def work_off(self, stop: asyncio.Event) -> None:
        """Understand what was kept, at once and every PAUSE_S, until there is a stop."""
        loop = asyncio.get_running_loop()
        heart = Heart("receive", started_at=timezone.now())
        while not stop.is_set():
            self.news.clear()
            if await loop.run_in_executor(self._threads, _work_off, heart):
                continue
            try:
                await asyncio.wait_for(self.news.wait(), PAUSE_S)
            except TimeoutError:
                continue

    def close(self) -> None:
        """Let what was begun end."""
        self._threads.shutdown()


class Line(SMTP):
    """One connection, with bounds on time, size and commands."""

    def __init__(self, door: Door) -> None:
        super().__init__(
            door,
            data_size_limit=MAIL_BYTES_MAX,
            hostname=settings.RETURN_DOMAIN,
            ident="Noroshi",
            timeout=LINE_S_MAX,
            command_call_limit=COMMANDS_MAX,
            loop=asyncio.get_running_loop(),
        )
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or say that there are too many."""
        is_room = self._door.come()
        if not is_room and isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 too many lines, come again\r\n")
            transport.close()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        self._door.gone()
        super().connection_lost(error)


class Room:
    """How many mails may come: MAILS_PER_S for long, MAILS_AT_ONCE for once."""

    def __init__(self, at: float) -> None:
        self._left, self._at = MAILS_AT_ONCE, at

    def take(self, at: float) -> bool:
        """Whether one more may come at this time of the monotonic clock."""
        self._left = min(self._left + (at - self._at) * MAILS_PER_S, MAILS_AT_ONCE)
        self._at = at
        if self._left < 1:
            return False
        self._left -= 1
        return True


def is_ours(address: str) -> bool:
    """Whether mail to the address is for us: a code that we signed, the sender, the postmaster."""
    local, _at, domain = address.lower().rpartition("@")
    if address.lower() == parseaddr(settings.MAIL_FROM)[1].lower():
        return True
    if domain != settings.RETURN_DOMAIN:
        return False
    return local in ALWAYS_OURS or codes.read(local) is not None


def _keep(mail: Arrived) -> str:
    """What the sender is told."""
    try:
        kept = incoming.keep(mail, now=timezone.now())
    except NoRoom as reason:
        log.warning("a mail was put off: %s", reason)
        return "452 4.3.1 no room just now, come again"
    except Error as error:
        connection.close()  # this thread's own; the next mail makes a new one
        log.warning("a mail was put off: %s", str(error).strip().split("\n")[0])
        return "451 4.3.0 cannot keep it just now, come again"
    return f"250 2.0.0 kept as {kept.pk}"


def _work_off(heart: Heart) -> int:
    try:
        heart.beat(timezone.now())
        return incoming.work_off(timezone.now(), replies.take)
    except Error as error:
        connection.close()
        log.warning("database is away, trying again: %s", str(error).strip().split("\n")[0])
        return 0


if __name__ == "__main__":
    main()
