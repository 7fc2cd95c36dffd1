"""The journal's writer: groups what waits into one INSERT, and says when it is durable."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from noroshi.base.heartbeat import BEAT, EVERY_S, instance
from noroshi.gate.connections import Connection

JOURNAL_LOCK = 0x6E6F726F7368  # "norosh": one writer of the journal at a time gets its ids
DOWNLINK_LOCK = 0x6E6F  # "no": the class of locks by BIDIR request
BATCH_ROWS_MAX = 1000
WAITING_ROWS_MAX = 20_000
WAITING_BYTES_MAX = 64 << 20
WAIT_S_MAX = 4.0  # ChirpStack and The Things Stack give up after 5 s
STATEMENT_S_MAX = 10.0
CONNECT_S_MAX = 2.0
RETRY_S = 0.25
RELOAD_S = EVERY_S  # a net below the notices, and the pulse

PULSE = BEAT.format("$1", "$2", "$3")

log = logging.getLogger(__name__)

# The lock is taken before the first id and let go after the commit is visible, so that ids
# become visible in their order over any number of gates and a reader's watermark skips none.
INSERT = """
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock($10)),
stored AS (
    INSERT INTO inbox_entry (key, slice, connection_id, received_at, event, address,
                             content_type, query, body)
    SELECT sent.* FROM turn, unnest($1::uuid[], $2::smallint[], $3::integer[], $4::timestamptz[],
                                    $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[]
                                   ) AS sent
    ON CONFLICT (key) DO NOTHING
    RETURNING 1
)
SELECT pg_notify('noroshi_inbox', '') WHERE EXISTS (SELECT FROM stored)
"""
CONNECTIONS = """
SELECT id, tenant_id, kind, token_hash, factor, factor_header, factor_hash, settings::text
FROM inbox_connection WHERE is_open
"""
DOWNLINK_TURN = "SELECT pg_advisory_xact_lock($1, hashtext($2::text))"
DOWNLINK = """
WITH again AS (
    SELECT payload FROM devices_downlink WHERE entry_key = $1 ORDER BY id LIMIT 1
), oldest AS (
    SELECT downlink.id
    FROM devices_downlink downlink JOIN devices_device device ON device.id = downlink.device_id
    WHERE NOT EXISTS (SELECT FROM again)
      AND downlink.state = 'queued' AND octet_length(downlink.payload) = 8
      AND device.space = 'sigfox' AND device.address = $2 AND device.retired_at IS NULL
      AND ($3::bigint IS NULL OR device.tenant_id = $3)
    ORDER BY downlink.id LIMIT 1
    FOR UPDATE OF downlink SKIP LOCKED
), given AS (
    UPDATE devices_downlink SET state = 'answered', answered_at = $4, entry_key = $1
    FROM oldest WHERE devices_downlink.id = oldest.id
    RETURNING payload
)
SELECT payload FROM again UNION ALL SELECT payload FROM given
"""

AS_GATE = {"server_settings": {"application_name": "noroshi gate", "jit": "off"}}

# The row itself is what PostgreSQL or the encoder will not take: every other error is an outage.
BAD_ROW = (
    asyncpg.DataError,  # class 22
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,  # what cannot be encoded never reaches the server
    OverflowError,
)
OUTAGE = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection cut in the middle of a statement's preparation
    OSError,
    TimeoutError,
)
# Waiting does not help against these: the operator must.
HOPELESS = (
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.ClientConfigurationError,
)


class BadDatabase(Exception):
    """The database cannot be used; the message is the server's own line."""


class Full(Exception):
    """Too much waits for PostgreSQL already."""


class TooLate(Exception):
    """PostgreSQL did not take the row within WAIT_S_MAX."""


class Refused(Exception):
    """PostgreSQL will never take this row."""


class Row(NamedTuple):
    """One entry of the journal; the order is that of the INSERT."""

    key: UUID
    slice: int
    connection_id: int
    received_at: datetime
    event: str
    address: str
    content_type: str
    query: str
    body: bytes


class _Waiting(NamedTuple):
    row: Row
    since: float
    stored: "asyncio.Future[None]"


class Store:
    """Takes rows at any time; one task writes all that wait whenever the last write is done."""

    def __init__(self, database_url: str) -> None:
        """Nothing is opened before `run`."""
        self.is_up = True
        self._url = database_url
        self._waiting: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []
        self._bytes = 0
        self._more = asyncio.Event()
        self._pg: asyncpg.Connection | None = None

    def put(self, row: Row) -> "asyncio.Future[None]":
        """Return a future that is done when the row, or one of the same key, is durable.

        It fails with TooLate or Refused. Raises Full.
        """
        if len(self._waiting) >= WAITING_ROWS_MAX or self._bytes >= WAITING_BYTES_MAX:
            raise Full
        loop = asyncio.get_running_loop()
        stored = loop.create_future()
        self._waiting.append(_Waiting(row, loop.time(), stored))
        self._bytes += len(row.body)
        self._more.set()
        return stored

    async def run(self) -> None:
        """Write until cancelled; an outage is waited for."""
        sweep = asyncio.create_task(self._give_up_on_late())
        try:
            while True:
                await self._more.wait()
                # The last batch's answers leave first, and who is heard meanwhile joins this one.
                await asyncio.sleep(0)
                self._take()
                await self._write_until_done()
        finally:
            sweep.cancel()
            self._disconnect()

    async def drain(self) -> None:
        """Return when nothing waits any more; WAIT_S_MAX bounds it."""
        while self._waiting or self._batch:
            await asyncio.sleep(0.01)

    def _take(self) -> None:
        waiting = self._waiting
        count = min(len(waiting), BATCH_ROWS_MAX)
        self._batch = [waiting.popleft() for _ in range(count)]
        self._bytes -= sum(len(each.row.body) for each in self._batch)
        if not waiting:
            self._more.clear()

    async def _write_until_done(self) -> None:
        while self._batch:
            try:
                connection = await self._connected()
                await self._write(connection, self._batch)
            except OUTAGE as error:
                self._note_outage(error)
                self._disconnect()
                await asyncio.sleep(RETRY_S)
                # Those who were told "try later" will send again.
                self._batch = [each for each in self._batch if not each.stored.done()]
            else:
                self._batch = []
                if not self.is_up:
                    log.warning("database is back")
                self.is_up = True

    async def _write(self, connection: asyncpg.Connection, batch: Sequence[_Waiting]) -> None:
        try:
            columns = zip(*(each.row for each in batch), strict=True)
            await connection.execute(INSERT, *columns, JOURNAL_LOCK, timeout=STATEMENT_S_MAX)
        except BAD_ROW as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._write(connection, batch[:middle])
                await self._write(connection, batch[middle:])
                return
            row = batch[0].row
            log.error("entry %s of connection %s refused: %s", row.key, row.connection_id, error)
            _fail(batch[0], Refused())
        else:
            for each in batch:
                if not each.stored.done():
                    each.stored.set_result(None)

    async def _connected(self) -> asyncpg.Connection:
        if self._pg is None or self._pg.is_closed():
            self._pg = await asyncpg.connect(self._url, timeout=CONNECT_S_MAX, **AS_GATE)
        return self._pg

    def _disconnect(self) -> None:
        if self._pg is not None:
            self._pg.terminate()
            self._pg = None

    def _note_outage(self, error: BaseException) -> None:
        if self.is_up:
            log.warning("database is away, rows wait: %s", one_line(error))
        self.is_up = False

    async def _give_up_on_late(self) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            latest = asyncio.get_running_loop().time() - WAIT_S_MAX
            for each in self._batch:
                if each.since < latest:
                    _fail(each, TooLate())
            while self._waiting and self._waiting[0].since < latest:
                late = self._waiting.popleft()
                self._bytes -= len(late.row.body)
                _fail(late, TooLate())


class Side:
    """The gate's second connection: hears of changed connections and hands out downlinks."""

    def __init__(
        self, database_url: str, on_connections: Callable[[list[Connection]], None]
    ) -> None:
        """Nothing is opened before `open` or `run`; `on_connections` is given every load."""
        self._url = database_url
        self._on_connections = on_connections
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._pg: asyncpg.Connection | None = None

    async def run(self) -> None:
        """Load the connections at each NOTIFY and every RELOAD_S until cancelled."""
        try:
            while True:
                self._changed.clear()
                try:
                    async with self._turn:
                        connection = await self._connected()
                        await self._load(connection)
                        await connection.execute(PULSE, "gate", instance(), "")
                except OUTAGE as error:
                    log.warning("connections not loaded: %s", one_line(error))
                    self._disconnect()
                    await asyncio.sleep(RETRY_S)
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), RELOAD_S)
        finally:
            self._disconnect()

    async def open(self) -> None:
        """Try once to connect and load. Raises BadDatabase when waiting would not help."""
        try:
            await self._load(await self._connected())
        except HOPELESS as error:
            raise BadDatabase(one_line(error)) from None
        except OUTAGE as error:
            log.warning("database is away, trying again: %s", one_line(error))
            self._disconnect()

    async def downlink(
        self, key: UUID, address: str, *, tenant_id: int | None, now: datetime
    ) -> bytes | None:
        """Give the oldest queued downlink of a Sigfox device to this request: 8 bytes, or None.

        The same request asked again gets the same bytes. An outage gives None: the uplink is
        stored, and the downlink waits for the device's next call.
        """
        try:
            async with asyncio.timeout(WAIT_S_MAX), self._turn:
                connection = await self._connected()
                async with connection.transaction():
                    await connection.execute(DOWNLINK_TURN, DOWNLINK_LOCK, str(key))
                    payload: bytes | None = await connection.fetchval(
                        DOWNLINK, key, address, tenant_id, now
                    )
                    return payload
        except OUTAGE as error:
            log.warning("no downlink for entry %s: %s", key, one_line(error))
            return None

    async def _load(self, connection: asyncpg.Connection) -> None:
        rows = await connection.fetch(CONNECTIONS, timeout=STATEMENT_S_MAX)
        self._on_connections([_connection(row) for row in rows])

    async def _connected(self) -> asyncpg.Connection:
        if self._pg is None or self._pg.is_closed():
            self._pg = await asyncpg.connect(self._url, timeout=CONNECT_S_MAX, **AS_GATE)
            self._pg.add_termination_listener(lambda _connection: self._changed.set())
            await self._pg.add_listener("noroshi_connections", lambda *_told: self._changed.set())
        return self._pg

    def _disconnect(self) -> None:
        if self._pg is not None:
            self._pg.terminate()
            self._pg = None


def one_line(error: BaseException) -> str:
    """The first line of an error, or its name when it says nothing."""
    return (str(error).strip().split("\n") or [""])[0] or type(error).__name__


def _connection(row: asyncpg.Record) -> Connection:
    settings = msgspec.json.decode(row["settings"])
    return Connection(
        id=row["id"],
        tenant_id=row["tenant_id"],
        kind=row["kind"],
        token_hash=row["token_hash"],
        factor=row["factor"],
        factor_header=row["factor_header"],
        factor_hash=row["factor_hash"],
        settings=settings if isinstance(settings, dict) else {},
    )


def _fail(waiting: _Waiting, reason: Exception) -> None:
    if not waiting.stored.done():
        waiting.stored.set_exception(reason)
