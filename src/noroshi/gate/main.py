"""The program `noroshi gate`: takes in what the networks send until told to stop."""

import asyncio
import contextlib
import logging
import resource
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import uvloop

from noroshi.base import environment
from noroshi.base.logs import Line
from noroshi.gate.connections import Register
from noroshi.gate.intake import Intake
from noroshi.gate.protocol import CONNECTIONS_MAX, Conversation, House
from noroshi.gate.store import BadDatabase, Side, Store

BACKLOG = 1024
STOP_S_MAX = 8.0
SPARE_FILES = 64

log = logging.getLogger("noroshi.gate")


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate that listens; `port` is the one it got."""

    port: int
    store: Store
    house: House
    broken: asyncio.Event  # set when one of its tasks ended by a fault of ours


def main() -> None:
    """Serve until SIGTERM or SIGINT; every reason not to start is one line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    env = environment.read()
    if not env.database_url:
        raise SystemExit("noroshi gate: DATABASE_URL is not set; name the PostgreSQL to write to.")
    allow_many_files()
    try:
        uvloop.run(serve(env.database_url, env.host, env.gate_port))
    except BadDatabase as error:
        raise SystemExit(f"noroshi gate: the database cannot be used: {error}") from None
    except OSError as error:
        raise SystemExit(
            f"noroshi gate: cannot listen on {env.host}:{env.gate_port}: {error.strerror}"
        ) from None


async def serve(database_url: str, host: str, port: int) -> None:
    """Run a gate until a signal asks it to stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, stop.set)
    async with opened(database_url, host, port) as gate:
        log.info("listening on %s:%s", host, gate.port)
        ends = [asyncio.create_task(event.wait()) for event in (stop, gate.broken)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        log.info("stopping")
    if gate.broken.is_set():
        raise SystemExit("noroshi gate: a part of it failed, see above; it must be started again.")


@contextlib.asynccontextmanager
async def opened(database_url: str, host: str, port: int) -> AsyncIterator[Gate]:
    """A gate that takes requests; at the end it answers what it has and closes.

    `port` 0 takes a free one. Raises OSError when the port is in use, BadDatabase.
    """
    register = Register()
    store, side = Store(database_url), Side(database_url, register.load)
    house = House(Intake(register, store, side), connections_max=CONNECTIONS_MAX)
    await side.open()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(house), host, port, backlog=BACKLOG)
    broken = asyncio.Event()
    tasks = [asyncio.create_task(work) for work in (store.run(), side.run(), house.sweep())]
    for task in tasks:
        task.add_done_callback(lambda ended: note_fault(ended, broken))
    try:
        yield Gate(server.sockets[0].getsockname()[1], store, house, broken)
    finally:
        server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S_MAX):
                await house.close()
                await store.drain()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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
