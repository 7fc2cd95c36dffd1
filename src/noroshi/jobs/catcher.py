"""The program `noroshi catcher`: the demo's mail server; it keeps mails as files, sends none on."""

import asyncio
import itertools
import logging
import signal
import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from noroshi.base import environment
from noroshi.outbox.send import BadServerAddress, server_of

MAILS_MAX = 1000
BYTES_MAX = 1_000_000

log = logging.getLogger(__name__)


def main() -> None:
    """Take in mail at the address of NOROSHI_SMTP_URL until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    env = environment.read()
    try:
        server = server_of(env.smtp_url)
    except BadServerAddress as error:
        sys.exit(f"noroshi: NOROSHI_SMTP_URL cannot be used: {error}.")
    try:
        asyncio.run(serve(server.host, server.port, Folder(env.var / "mails")))
    except OSError as error:
        sys.exit(f"noroshi: no mail server at {server.host}:{server.port}: {error.strerror}.")


async def serve(host: str, port: int, folder: "Folder") -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: SMTP(folder, data_size_limit=BYTES_MAX, enable_SMTPUTF8=True, loop=loop),
        host,
        port,
    )
    log.info("catching mail at %s:%d", host, port)
    await stop.wait()
    server.close()


class Folder:
    """Keeps the newest MAILS_MAX mails, each in a file that is either whole or not there."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        for half in path.glob("*.half"):
            half.unlink(missing_ok=True)
        self._path = path
        self._kept = deque(sorted(path.glob("*.eml")))
        self._numbers = itertools.count()

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail; aiosmtpd calls this for each."""
        content = envelope.content or b""
        octets = content.encode() if isinstance(content, str) else content
        try:
            self.keep(octets, now=datetime.now(UTC))
        except OSError as error:
            log.warning("cannot keep a mail: %s", error.strerror)
            return "451 4.3.0 cannot keep it now"
        return "250 2.0.0 kept"

    def keep(self, octets: bytes, *, now: datetime) -> Path:
        """Write one mail and prune the oldest ones; the path it got."""
        number = next(self._numbers) % 1_000_000
        path = self._path / f"{now.astimezone(UTC):%Y%m%d%H%M%S%f}-{number:06d}.eml"
        half = path.with_suffix(".half")
        half.write_bytes(octets)
        half.replace(path)
        self._kept.append(path)
        while len(self._kept) > MAILS_MAX:
            self._kept.popleft().unlink(missing_ok=True)
        return path


if __name__ == "__main__":
    main()
