"""Rows into the journal: one statement a batch, each row once, over a connection of its own."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

from noroshi.base import failpoints
from noroshi.gate.bell import Bell
from noroshi.gate.columns import arrays
from noroshi.gate.pipe import BadRow, Lost, Pipe, Repeated
from noroshi.gate.row import Row
from noroshi.gate.store import (
    ASK_AGAIN_S,
    ASKS,
    CONNECT_S_MAX,
    DEAD_MS,
    MARK,
    SESSION,
    SILENT_S,
    STATEMENT_S_MAX,
    one_line,
)

JOURNAL_LOCK = 0x6E6F726F7368  # "norosh": one writer of the journal at a time gets its ids
CHANNEL = "noroshi_inbox"
ONCE, AGAIN, RING = b"once", b"again", b"ring"
LOOKING_S = 60.0  # so long after a repetition each key is looked for first

log = logging.getLogger(__name__)

# The lock is taken before the first id and let go after the commit is visible, so that ids
# become visible in their order over any number of gates and a reader's watermark skips none.
JOURNAL = f"""
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock({JOURNAL_LOCK})),
stored AS (
    INSERT INTO inbox_entry (key, slice, connection_id, received_at, event, address,
                             content_type, query, body)
    SELECT sent.* FROM turn, unnest($1::uuid[], $2::smallint[], $3::integer[], $4::timestamptz[],
                                    $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[]
                                   ) AS sent
    {{}}
    RETURNING 1
), counted AS (
    INSERT INTO base_tally (stage, slot, count)
    SELECT 'stored', 0, count(*) FROM stored HAVING count(*) > 0
    ON CONFLICT (stage, slot) DO UPDATE SET count = base_tally.count + excluded.count
)
SELECT count(*), CASE WHEN count(*) >= $10::integer THEN pg_notify('{CHANNEL}', '') END FROM stored
"""
# Looking for each key before it is written costs a fifth of the statement, and few are there
# already: the first look is the unique index's own, and who met one looks for a while.
STATEMENTS = {
    ONCE: JOURNAL.format(""),
    AGAIN: JOURNAL.format("ON CONFLICT (key) DO NOTHING"),
    RING: f"SELECT 1, pg_notify('{CHANNEL}', '')",
}
# As store.AS_GATE, for a connection that is libpq's.
AS_WRITER: dict[str, str | int] = {
    "application_name": "noroshi gate",
    "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
    "keepalives_idle": SILENT_S,
    "keepalives_interval": ASK_AGAIN_S,
    "keepalives_count": ASKS,
    "tcp_user_timeout": DEAD_MS,
}
# The row itself is what PostgreSQL or the encoder will not take: every other error is an outage.
BAD_ROW = (BadRow, ValueError, OverflowError)  # what cannot be encoded never reaches the server
WRITER_OUTAGE = (Lost, psycopg.Error, OSError, TimeoutError)


class Away(Exception):
    """PostgreSQL did not take the rows, or not in time; it may have stored them all the same."""


class Refused(Exception):
    """PostgreSQL will never take this row."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: rows new in the journal, and which ones it will never take."""

    stored: int
    refused: tuple[Row, ...] = ()

    def __add__(self, other: "Written") -> "Written":
        return Written(self.stored + other.stored, self.refused + other.refused)


class Writer:
    """The gate's first connection: carries batches of rows into the journal."""

    def __init__(self, database_url: str) -> None:
        """Nothing is opened before the first `write`."""
        self.is_up = True
        self._url = database_url
        self._pipe: Pipe | None = None
        self._mark: UUID | None = None
        self._loop = asyncio.get_running_loop()
        self._looks_until = 0.0
        self._turn = asyncio.Lock()  # of who uses the pipe
        self._bell = Bell(self._begin_to_ring)
        self._ringing: asyncio.Task[None] | None = None

    async def write(
        self, rows: Sequence[Row], *, of: UUID | None, seconds_max: float = STATEMENT_S_MAX
    ) -> Written:
        """Return when all rows, or ones of the same keys, are durable in the database of a mark.

        `of` None = in whichever it is. Raises Away, also for another database.
        """
        try:
            async with asyncio.timeout(seconds_max), self._turn:
                way = await self._connected(of)
                written = await self._insert(way, rows)
        except WRITER_OUTAGE as error:
            if self.is_up:
                log.warning("database is away or slow: %s", one_line(error))
            self.is_up = False
            self.close()
            raise Away from None
        failpoints.at("gate.stored")
        if not self.is_up:
            log.warning("database is back")
        self.is_up = True
        return written

    def close(self) -> None:
        """Cut the connection; the next `write` makes another."""
        self._bell.hush()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    async def _insert(self, way: Pipe, rows: Sequence[Row]) -> Written:
        try:
            return Written(await self._store(way, arrays(rows)))
        except BAD_ROW as error:
            if len(rows) > 1:
                middle = len(rows) // 2
                first = await self._insert(way, rows[:middle])
                return first + await self._insert(way, rows[middle:])
            row = rows[0]
            log.error("entry %s of connection %s refused: %s", row.key, row.connection_id, error)
            return Written(0, (row,))

    async def _store(self, way: Pipe, columns: list[bytes]) -> int:
        least = self._bell.least()
        values = [*columns, least.to_bytes(4, "big")]
        if self._loop.time() < self._looks_until:
            told = await way.run(AGAIN, values)
        else:
            try:
                told = await way.run(ONCE, values)
            except Repeated:
                self._looks_until = self._loop.time() + LOOKING_S
                told = await way.run(AGAIN, values)
        stored = int.from_bytes(told, "big")
        self._bell.note(least, stored)
        return stored

    def _begin_to_ring(self) -> None:
        self._ringing = self._loop.create_task(self._tell())

    async def _tell(self) -> None:
        """Tell the spine of the rows that came last; when that fails it looks by itself."""
        async with self._turn:
            if not self._bell.is_owing or self._pipe is None:
                return
            try:
                async with asyncio.timeout(STATEMENT_S_MAX):
                    await self._pipe.run(RING)
            except WRITER_OUTAGE:
                self.close()
            else:
                self._bell.rest()

    async def _connected(self, mark: UUID | None) -> Pipe:
        if self._pipe is None or self._pipe.is_closed:
            async with asyncio.timeout(CONNECT_S_MAX):
                self._mark, self._pipe = await _piped(self._url)
        if mark not in {None, self._mark}:
            raise Lost("this is another database than the one rows wait for")
        return self._pipe


async def _piped(database_url: str) -> tuple[UUID | None, Pipe]:
    """A new connection for the INSERT, and the mark of the database that it leads to.

    Raises as WRITER_OUTAGE says.
    """
    address = psycopg.conninfo.make_conninfo(database_url, **AS_WRITER)
    made = await psycopg.AsyncConnection.connect(address, autocommit=True, prepare_threshold=None)
    with contextlib.ExitStack() as undo:
        undo.callback(made.pgconn.finish)
        found = await (await made.execute(MARK)).fetchone()
        pipe = Pipe(made)
        undo.callback(pipe.close)
        for name, statement in STATEMENTS.items():
            await pipe.prepare(name, statement)
        undo.pop_all()
    return (found[0] if found else None), pipe
