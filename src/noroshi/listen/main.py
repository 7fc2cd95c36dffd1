"""The program `noroshi listen`: fetches uplinks from brokers until told to stop."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from noroshi.base import environment
from noroshi.base.logs import Line as LogLine
from noroshi.gate.keeper import Keeper, end
from noroshi.gate.spool import Spool
from noroshi.gate.store import BadDatabase
from noroshi.gate.writer import Writer
from noroshi.inbox.sealing import sealer
from noroshi.listen.listener import Listener
from noroshi.listen.store import Desk

MB = 1 << 20
DRAIN_S_MAX = 8.0

log = logging.getLogger("noroshi.listen")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a listener writes and what opens its passwords; `spool_bytes_max` 0 = no spool."""

    database_url: str
    secret_keys: tuple[str, ...]
    spool: Path
    spool_bytes_max: int


def main() -> None:
    """Listen until SIGTERM or SIGINT; every reason not to start is one line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogLine())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    env = environment.read()
    if not env.database_url:
        raise SystemExit("noroshi listen: DATABASE_URL is not set; name the PostgreSQL to use.")
    if not env.secret_key:
        raise SystemExit("noroshi listen: NOROSHI_SECRET_KEY is not set; it opens the passwords.")
    settings = Settings(
        database_url=env.database_url,
        secret_keys=(env.secret_key, *env.old_secret_keys),
        spool=env.var / "spool",
        spool_bytes_max=env.spool_mb * MB,
    )
    try:
        uvloop.run(serve(settings))
    except BadDatabase as error:
        raise SystemExit(f"noroshi listen: the database cannot be used: {error}") from None
    except OSError as error:
        raise SystemExit(
            f"noroshi listen: cannot keep a spool in {settings.spool}: {error.strerror}; set "
            "NOROSHI_VAR to a folder on a local disk, or NOROSHI_SPOOL_MB=0 to do without."
        ) from None


async def serve(settings: Settings) -> None:
    """Run a listener until a signal asks it to stop, or a part of it fails."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, stop.set)
    async with opened(settings) as tasks:
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for task in tasks:
            if task.done():
                task.result()  # nothing but a fault ends one of them
        log.info("stopping")


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """A listener at work; at the end it leaves its brokers and keeps what it has.

    Gives its tasks, which end only by a fault. Raises OSError when the spool cannot be used.
    """
    with contextlib.closing(Spool(settings.spool, settings.spool_bytes_max)) as spool:
        spool.prepare()
        keeper = Keeper(Writer(settings.database_url), spool)
        desk = Desk(settings.database_url, sealer(settings.secret_keys))
        listener = Listener(desk, keeper)
        keeping = asyncio.create_task(keeper.run())
        listening = asyncio.create_task(listener.run())
        try:
            yield [keeping, listening]
        finally:
            await end([listening])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_S_MAX):
                    await keeper.drain()
            await end([keeping])


if __name__ == "__main__":
    main()
