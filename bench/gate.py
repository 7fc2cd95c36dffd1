"""The gate's group commit against one INSERT per request, and its cost of CPU.

`python -m bench.gate` measures on DATABASE_URL; `… insert <url> <port>` is the gate to compare.
"""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import asyncpg
import psycopg
import uvloop

from noroshi.gate.book import Book
from noroshi.gate.connections import Register
from noroshi.gate.intake import Intake
from noroshi.gate.keeper import Told
from noroshi.gate.protocol import Conversation, House
from noroshi.gate.row import Row
from noroshi.gate.store import Side

ROOT = Path(__file__).resolve().parent.parent
WIDTHS = (1, 16, 64, 256)  # connections, each with one request under way
POOL = 16
WARM_S = 0.5
ROUND_S = 1.0
ROUNDS = 4
START_S_MAX = 10.0
PAGE_BYTES = 8192
SYNCS = 200
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")

ONE = """
INSERT INTO inbox_entry (key, slice, connection_id, received_at, event, address,
                         content_type, query, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key) DO NOTHING
"""


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure in about a minute; returns name → (value, unit)."""
    group = [sys.executable, "-m", "noroshi.gate.main"]
    insert = [sys.executable, "-m", "bench.gate", "insert"]
    with (
        a_connection(database_url) as token,
        a_gate(group, database_url) as (gate_pid, gate_port),
        a_gate(insert, database_url) as (_pid, insert_port),
    ):
        sides = Sides(token, gate_pid, gate_port, insert_port, postmaster_of(database_url))
        sides.warm()
        rounds = {width: [sides.round(width) for _ in range(ROUNDS)] for width in WIDTHS}
    for width, found in rounds.items():
        for each in found:
            print(f"{width:4d} {each}")
    return figures(rounds)


def figures(rounds: "dict[int, list[Round]]") -> dict[str, tuple[float, str]]:
    """What is told of all rounds.

    Neighbours on the machine disturb both sides of a round alike, and only ever add CPU.
    """
    found: dict[str, tuple[float, str]] = {}
    for width, tail in ((64, ""), (256, "_256")):
        some = rounds[width]
        found |= {
            f"gate_vs_insert_{width}": (statistics.median(each.ratio() for each in some), "times"),
            f"gate_cpu_us{tail}": (min(each.cpu_us for each in some), "µs"),
            f"gate_uplinks_per_s{tail}": (max(rate(each.gate) for each in some), "1/s"),
            f"gate_p99_ms{tail}": (statistics.median(each.gate["p99_ms"] for each in some), "ms"),
        }
    alone, every = rounds[1], [each for some in rounds.values() for each in some]
    syncs = statistics.median(each.gate["p50_ms"] * 1000 / each.sync_us for each in alone)
    return found | {
        "gate_vs_insert_16": (statistics.median(each.ratio() for each in rounds[16]), "times"),
        "gate_one_p50_ms": (min(each.gate["p50_ms"] for each in alone), "ms"),
        "gate_one_p50_fdatasyncs": (syncs, "fdatasyncs"),
        "fdatasync_us": (statistics.median(each.sync_us for each in every), "µs"),
    }


def fdatasync_us() -> float:
    """The floor: one page written and made durable where the server's files lie, the median."""
    page, took = bytes(PAGE_BYTES), []
    with tempfile.NamedTemporaryFile(prefix="noroshi-bench-", buffering=0) as file:
        file.write(page * SYNCS)  # WAL is written over files that are there already
        os.fsync(file.fileno())
        for number in range(SYNCS):
            begun = time.perf_counter()
            os.pwrite(file.fileno(), page, number * PAGE_BYTES)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1e6


@dataclass(frozen=True)
class Sides:
    """The gate and what it is compared with, both at work on the same server."""

    token: str
    gate_pid: int
    gate_port: int
    insert_port: int
    postmaster: int

    def warm(self) -> None:
        """Let both of them have done everything once."""
        for port in (self.gate_port, self.insert_port):
            load(port, self.token, WIDTHS[-1], WARM_S)

    def round(self, connections: int) -> "Round":
        """One after the other; what the load generator costs is not counted."""
        before_us = cpu_us([self.gate_pid, *family(self.postmaster)])
        gate = load(self.gate_port, self.token, connections, ROUND_S)
        cost_us = cpu_us([self.gate_pid, *family(self.postmaster)]) - before_us
        single = load(self.insert_port, self.token, connections, ROUND_S)
        assert not gate["refusals"] + single["refusals"]
        return Round(gate, single, cost_us / gate["answers"], fdatasync_us())


@dataclass(frozen=True)
class Round:
    """One round: the gate, one INSERT a request, one fdatasync; CPU of gate and PostgreSQL."""

    gate: dict[str, float]
    single: dict[str, float]
    cpu_us: float
    sync_us: float

    def ratio(self) -> float:
        """How many times more the gate takes."""
        return rate(self.gate) / rate(self.single)

    def __str__(self) -> str:
        return (
            f"gate {rate(self.gate):6.0f}/s, p50 {self.gate['p50_ms']:4.1f} ms, {self.cpu_us:.0f} "
            f"µs; insert {rate(self.single):6.0f}/s, p50 {self.single['p50_ms']:4.1f} ms;"
            f" fdatasync {self.sync_us:.0f} µs"
        )


def rate(told: dict[str, float]) -> float:
    """Answers per second."""
    return told["answers"] / told["seconds"]


def load(port: int, token: str, connections: int, seconds: float) -> dict[str, float]:
    """Run the load generator in a process of its own."""
    program = [sys.executable, str(ROOT / "bench" / "load.py")]
    told = subprocess.run(
        [*program, str(port), token, str(connections), str(seconds)],
        check=True,
        capture_output=True,
        timeout=seconds + START_S_MAX,
    )
    found: dict[str, float] = json.loads(told.stdout)
    return found


@contextlib.contextmanager
def a_connection(database_url: str) -> Iterator[str]:
    """An open ChirpStack connection; it and what came over it is gone afterwards."""
    token = secrets.token_urlsafe(24)
    with psycopg.connect(database_url, autocommit=True) as pg:
        row = pg.execute(
            "INSERT INTO inbox_connection (name, kind, token_hash, token_hint, factor, "
            "factor_header, settings, is_open, created_at) "
            "VALUES ('bench', 'chirpstack', %s, '', '', '', '{}', true, %s) RETURNING id",
            [sha256(token.encode()).digest(), datetime.now(UTC)],
        ).fetchone()
        assert row is not None
        try:
            yield token
        finally:
            pg.execute("DELETE FROM inbox_entry WHERE connection_id = %s", row)
            pg.execute("DELETE FROM inbox_exception WHERE connection_id = %s", row)
            pg.execute("DELETE FROM inbox_connection WHERE id = %s", row)


@contextlib.contextmanager
def a_gate(program: list[str], database_url: str) -> Iterator[tuple[int, int]]:
    """Start a gate on a free port; yields its process id and the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {
        "DATABASE_URL": database_url,
        "NOROSHI_GATE_PORT": str(port),
        "NOROSHI_HOST": "127.0.0.1",
        "NOROSHI_RATE_PER_CONNECTION": "0",
    }
    # A spool of its own: what a gate leaves there would go into the next gate's database.
    with tempfile.TemporaryDirectory() as var:
        told["NOROSHI_VAR"] = var
        yield from _running(program, told, port)


def _running(program: list[str], told: dict[str, str], port: int) -> Iterator[tuple[int, int]]:
    process = subprocess.Popen(program, cwd=ROOT, env=os.environ | told, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_S_MAX
        while not is_open(port):
            assert process.poll() is None, f"{program} ended"
            assert time.monotonic() < until, f"{program} does not listen"
            time.sleep(0.02)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(START_S_MAX)


def is_open(port: int) -> bool:
    """Whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def postmaster_of(database_url: str) -> int:
    """The process id of the server, which must run on this machine."""
    with psycopg.connect(database_url) as pg:
        row = pg.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        return int(Path(f"/proc/{row[0]}/stat").read_text().rsplit(")", 1)[1].split()[1])


def family(parent: int) -> list[int]:
    """A process and its children."""
    found = [parent]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def cpu_us(pids: list[int]) -> float:
    """User and system time of processes so far."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks * TICK_US


class SingleStore:
    """What the gate is compared with: one INSERT and one COMMIT a request, over a pool."""

    is_up = True
    is_spooling = False

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._writing: set[asyncio.Task[None]] = set()

    def take(self, row: Row, told: Told) -> None:
        """Write one row."""

        async def insert() -> None:
            await self._pool.execute(ONE, *row)
            told(None)

        task = asyncio.create_task(insert())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)


async def serve_single() -> None:
    """The same protocol and the same checks over SingleStore."""
    url, port = os.environ["DATABASE_URL"], int(os.environ["NOROSHI_GATE_PORT"])
    register = Register()

    async def learn(book: Book) -> None:
        register.load(book.connections)

    side = Side(url, learn)
    await side.open()
    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:
        house = House(Intake(register, SingleStore(pool), side))  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Conversation(house), "127.0.0.1", port)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["insert"]:
        uvloop.run(serve_single())
    else:
        for name, (value, unit) in run(os.environ["DATABASE_URL"]).items():
            print(f"{name} {value:.2f} {unit}")
