"""The program `noroshi gate`: takes in what the networks send until told to stop."""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from noroshi.base import environment
from noroshi.base.logs import Line
from noroshi.base.shipping import Shipper
from noroshi.gate.book import Book, Shelf
from noroshi.gate.connections import Register
from noroshi.gate.intake import Intake, Terms
from noroshi.gate.keeper import Keeper, end
from noroshi.gate.protocol import CONNECTIONS_MAX, Conversation, House
from noroshi.gate.spool import Spool
from noroshi.gate.store import BadDatabase, Side
from noroshi.gate.writer import Writer

BACKLOG = 1024
STOP_S_MAX = 8.0
SPARE_FILES = 64
MB = 1 << 20
GARBAGE_MIN = 20_000  # objects more before they are looked over: an uplink leaves no cycle behind

log = logging.getLogger("noroshi.gate")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a gate stands and what it takes.

    `port` 0 takes a free one, `spool_bytes_max` 0 = no spool, `rate_per_connection` 0 = any.
    """

    database_url: str
    host: str
    port: int
    spool: Path
    spool_bytes_max: int
    rate_per_connection: int = 0  # uplinks/s
    metrics_token: str = ""  # of who may read the figures; empty = nobody


class BadSpool(Exception):
    """The spool's folder cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate that listens; `port` is the one it got."""

    port: int
    keeper: Keeper
    house: House
    broken: asyncio.Event  # set when one of its tasks ended by a fault of ours


def main() -> None:
    """Serve until SIGTERM or SIGINT; every reason not to start is one line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    env = environment.read()
    shipper = Shipper(env.syslog, "noroshi-gate")
    logging.basicConfig(level=logging.INFO, handlers=[handler, shipper])
    if not env.database_url:
        raise SystemExit("noroshi gate: DATABASE_URL is not set; name the PostgreSQL to write to.")
    allow_many_files()
    settings = Settings(
        database_url=env.database_url,
        host=env.host,
        port=env.gate_port,
        spool=env.var / "spool",
        spool_bytes_max=env.spool_mb * MB,
        rate_per_connection=env.rate_per_connection,
        metrics_token=env.metrics_token,
    )
    try:
        uvloop.run(serve(settings))
    except BadDatabase as error:
        raise SystemExit(f"noroshi gate: the database cannot be used: {error}") from None
    except BadSpool as error:
        raise SystemExit(
            f"noroshi gate: cannot keep a spool in {error}; set NOROSHI_VAR to a folder on a local "
            "disk, or NOROSHI_SPOOL_MB=0 to do without."
        ) from None
    except OSError as error:
        raise SystemExit(
            f"noroshi gate: cannot listen on {env.host}:{env.gate_port}: {error.strerror}"
        ) from None


async def serve(settings: Settings) -> None:
    """Run a gate until a signal asks it to stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, stop.set)
    async with opened(settings) as gate:
        gc.freeze()
        gc.set_threshold(GARBAGE_MIN)
        log.info("listening on %s:%s", settings.host, gate.port)
        ends = [asyncio.create_task(event.wait()) for event in (stop, gate.broken)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        log.info("stopping")
    if gate.broken.is_set():
        raise SystemExit("noroshi gate: a part of it failed, see above; it must be started again.")


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Gate]:
    """A gate that takes requests; at the end it answers what it has and closes.

    Raises OSError when the port is in use, BadDatabase, BadSpool.
    """
    register = Register()
    with contextlib.closing(prepared_spool(settings)) as spool:
        keeper = Keeper(Writer(settings.database_url), spool)
        mind = Mind(settings, register, keeper)
        side = Side(settings.database_url, mind.learn, keeper.figures)
        intake = Intake(register, keeper, side, terms_of(settings))
        house = House(intake, connections_max=CONNECTIONS_MAX)
        await side.open()
        if not register.is_loaded:
            await mind.remember()
        async with working(keeper, side, house) as broken, listening(settings, house) as port:
            yield Gate(port, keeper, house, broken)


def terms_of(settings: Settings) -> Terms:
    """What the intake asks of senders and readers."""
    return Terms(settings.rate_per_connection, settings.metrics_token)


class Mind:
    """What the gate knows of its database: learnt from it, else remembered from the disk."""

    def __init__(self, settings: Settings, register: Register, keeper: Keeper) -> None:
        self._place = settings.spool
        self._shelf = Shelf(settings.spool) if settings.spool_bytes_max else None
        self._register = register
        self._keeper = keeper

    async def learn(self, book: Book) -> None:
        """Go by what the database says, and lay it on the disk. Raises BadSpool."""
        await self._go_by(book)
        if self._shelf is None:
            return
        try:
            await asyncio.to_thread(self._shelf.lay, book)
        except OSError as error:
            log.error("the connections cannot be kept in %s: %s", self._shelf.file, error)

    async def remember(self) -> None:
        """Go by what the database said last, if that is known. Raises BadSpool."""
        book = None if self._shelf is None else await asyncio.to_thread(self._shelf.find)
        if book is not None:
            log.warning("going by the %s connections known last", len(book.connections))
            await self._go_by(book)

    async def _go_by(self, book: Book) -> None:
        try:
            await self._keeper.belong(book.mark)
        except OSError as error:
            raise BadSpool(f"{self._place}: {error.strerror}") from None
        self._register.load(book.connections)


def prepared_spool(settings: Settings) -> Spool:
    """A spool with a place to be in, not open yet. Raises BadSpool."""
    spool = Spool(settings.spool, settings.spool_bytes_max)
    try:
        spool.prepare()
    except OSError as error:
        raise BadSpool(f"{settings.spool}: {error.strerror}") from None
    return spool


@contextlib.asynccontextmanager
async def listening(settings: Settings, house: House) -> AsyncIterator[int]:
    """Let clients in, until the end; gives the port."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Conversation(house), settings.host, settings.port, backlog=BACKLOG
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.asynccontextmanager
async def working(keeper: Keeper, side: Side, house: House) -> AsyncIterator[asyncio.Event]:
    """Everybody at work; at the end all that was asked is answered. Gives the event of a fault."""
    broken = asyncio.Event()
    tasks = [asyncio.create_task(work) for work in (keeper.run(), side.run(), house.sweep())]
    for task in tasks:
        task.add_done_callback(lambda ended: note_fault(ended, broken))
    try:
        yield broken
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S_MAX):
                await house.close()
                await keeper.drain()
        await end(tasks)


def note_fault(ended: "asyncio.Task[None]", broken: asyncio.Event) -> None:
    """A gate without its writer would say neither yes nor no: better to end and be started."""
    if ended.cancelled():
        return
    error = ended.exception()
    if error is not None:
        log.error("a part of the gate failed: %r", error, exc_info=error)
        broken.set()


def allow_many_files() -> None:
    """Raise the limit of open files to what the connections need, as far as it is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + SPARE_FILES
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    main()
