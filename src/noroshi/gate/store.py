"""What the gate asks of PostgreSQL besides the journal: connections and downlinks."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from noroshi.base.heartbeat import BEAT, EVERY_S, instance
from noroshi.gate.book import Book
from noroshi.gate.connections import Connection

DOWNLINK_LOCK = 0x6E6F  # "no": the class of locks by BIDIR request
STATEMENT_S_MAX = 10.0
CONNECT_S_MAX = 1.5
DOWNLINK_S_MAX = 4.0  # ChirpStack and The Things Stack give up after 5 s
RETRY_S = 0.25
NOTED = ("received", "stored", "duplicate", "refused", "spooled", "drained")
RELOAD_S = EVERY_S  # a net below the notices, and the pulse

PULSE = BEAT.format("$1", "$2", "$3", "$4")

log = logging.getLogger(__name__)

CONNECTIONS = """
SELECT id, tenant_id, kind, token_hash, factor, factor_header, factor_hash, settings::text
FROM inbox_connection WHERE is_open
"""
MARK = "SELECT mark FROM base_installation"
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

# A silent network is noticed by both ends: the server's lets go of the journal's lock then.
SILENT_S, ASK_AGAIN_S, ASKS = 10, 3, 3
DEAD_MS = 20_000
SESSION = {
    "jit": "off",
    "tcp_keepalives_idle": str(SILENT_S),
    "tcp_keepalives_interval": str(ASK_AGAIN_S),
    "tcp_keepalives_count": str(ASKS),
    "tcp_user_timeout": str(DEAD_MS),
}
AS_GATE = {
    "command_timeout": STATEMENT_S_MAX,
    "server_settings": SESSION | {"application_name": "noroshi gate"},
}
KEPT_ALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, ASK_AGAIN_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, ASKS),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_MS),
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


async def connected(database_url: str) -> asyncpg.Connection:
    """A new connection, on which a dead network is noticed. Raises as OUTAGE and HOPELESS say."""
    made = await asyncpg.connect(database_url, timeout=CONNECT_S_MAX, **AS_GATE)
    wire = made._transport.get_extra_info("socket")
    if wire.family != socket.AF_UNIX:
        for option in KEPT_ALIVE:
            wire.setsockopt(*option)
    return made


class Side:
    """The gate's second connection: hears of changed connections and hands out downlinks."""

    def __init__(
        self,
        database_url: str,
        on_load: Callable[[Book], Awaitable[None]],
        figures: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        """Nothing is opened before `open` or `run`.

        `on_load` is given every load; `figures` gives what the pulse tells of the gate.
        """
        self._url = database_url
        self._on_load = on_load
        self._figures = figures
        self.is_up = True
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
                        await self._beat(connection)
                except OUTAGE as error:
                    if self.is_up:
                        log.warning("connections not loaded: %s", one_line(error))
                    self.is_up = False
                    self._disconnect()
                    await asyncio.sleep(RETRY_S)
                    continue
                self.is_up = True
                # wait_for of Python 3.11 may swallow the cancelling at the end.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RELOAD_S):
                        await self._changed.wait()
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
            self.is_up = False
            self._disconnect()

    async def downlink(
        self, key: UUID, address: str, *, tenant_id: int | None, now: datetime
    ) -> bytes | None:
        """Give the oldest queued downlink of a Sigfox device to this request: 8 bytes, or None.

        The same request asked again gets the same bytes. An outage gives None: the uplink is
        stored, and the downlink waits for the device's next call.
        """
        try:
            async with asyncio.timeout(DOWNLINK_S_MAX), self._turn:
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

    async def _beat(self, connection: asyncpg.Connection) -> None:
        figures = self._figures()
        note = ", ".join(f"{name} {figures[name]}" for name in NOTED if name in figures)
        told = msgspec.json.encode(figures).decode()
        await connection.execute(PULSE, "gate", instance(), note, told)

    async def _load(self, connection: asyncpg.Connection) -> None:
        mark = await connection.fetchval(MARK)
        if mark is None:
            raise asyncpg.InterfaceError("the database has no mark; run `noroshi migrate`")
        rows = await connection.fetch(CONNECTIONS)
        await self._on_load(Book(mark, tuple(_connection(row) for row in rows)))

    async def _connected(self) -> asyncpg.Connection:
        if self._pg is None or self._pg.is_closed():
            self._pg = await connected(self._url)
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
