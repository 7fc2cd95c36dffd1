"""All that the listener says to PostgreSQL besides rows: brokers, turns, reports, the pulse."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg
import msgspec

from noroshi.base.heartbeat import BEAT, instance
from noroshi.base.sealing import Sealer, Unreadable
from noroshi.gate.store import (
    CONNECT_S_MAX,
    HOPELESS,
    MARK,
    OUTAGE,
    SESSION,
    STATEMENT_S_MAX,
    BadDatabase,
    one_line,
)
from noroshi.listen.broker import Broker, Report
from noroshi.mqtt.link import Place
from noroshi.mqtt.packets import V3, V5, Login

TURN = 0x6E6D  # "nm": the class of locks by connection; who holds one is its listener

AS_LISTENER = SESSION | {"application_name": "noroshi listen"}
BROKERS = """
SELECT c.id, c.kind, c.settings::text, b.host, b.port, b.version, b.is_tls, b.ca, b.user,
       b.sealed_password, b.client_id, b.topics
FROM inbox_broker b JOIN inbox_connection c ON c.id = b.connection_id
WHERE c.is_open ORDER BY c.id
"""
REPORT = """
INSERT INTO inbox_listening (connection_id, state, why, detail, changed_at, heard_at, messages,
                             passed_over)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
                     $6::timestamptz[], $7::bigint[], $8::bigint[])
ON CONFLICT (connection_id) DO UPDATE SET state = excluded.state, why = excluded.why,
    detail = excluded.detail, changed_at = excluded.changed_at,
    heard_at = coalesce(excluded.heard_at, inbox_listening.heard_at),
    messages = excluded.messages, passed_over = excluded.passed_over
"""
PULSE = BEAT.format("$1", "$2", "$3", "$4")
NOTE_CHARS_MAX = 200


class Away(Exception):
    """PostgreSQL cannot be asked now; the turns that were held are held no more."""


class Desk:
    """The listener's own connection to PostgreSQL."""

    def __init__(self, database_url: str, sealer: Sealer) -> None:
        """Nothing is opened before the first call."""
        self.changed = asyncio.Event()  # connections were changed, or this one was lost
        self._url = database_url
        self._sealer = sealer
        self._pg: asyncpg.Connection | None = None
        self._held: set[int] = set()
        self._was_there = False

    async def mark(self) -> UUID:
        """By which this database is known again. Raises Away, BadDatabase."""
        async with self._asked() as connection:
            mark = await connection.fetchval(MARK, timeout=STATEMENT_S_MAX)
            if mark is None:
                raise BadDatabase("the database has no mark; run `noroshi migrate`")
            return mark  # type: ignore[no-any-return]

    async def brokers(self) -> list[Broker]:
        """Those of all open connections. Raises Away, BadDatabase."""
        async with self._asked() as connection:
            rows = await connection.fetch(BROKERS, timeout=STATEMENT_S_MAX)
            return [self._broker(row) for row in rows]

    async def take_turn(self, connection_id: int) -> bool:
        """Whether this listener is now the one of that connection. Raises Away."""
        if connection_id in self._held:
            return True
        async with self._asked() as connection:
            has_turn = bool(
                await connection.fetchval(
                    "SELECT pg_try_advisory_lock($1, $2)", TURN, connection_id
                )
            )
        if has_turn:
            self._held.add(connection_id)
        return has_turn

    async def give_turn(self, connection_id: int) -> None:
        """Let another listener have the connection. Raises Away."""
        if connection_id in self._held:
            self._held.discard(connection_id)
            async with self._asked() as connection:
                await connection.execute("SELECT pg_advisory_unlock($1, $2)", TURN, connection_id)

    async def tell(self, reports: Sequence[Report], note: str) -> None:
        """Write what changed, and that this program lives. Raises Away."""
        async with self._asked() as connection:
            if reports:
                columns = zip(*[_columns(each) for each in reports], strict=True)
                await connection.execute(REPORT, *columns)
            await connection.execute(PULSE, "listen", instance(), note[:NOTE_CHARS_MAX], "{}")

    def close(self) -> None:
        """Cut the connection, and let all turns go with it."""
        self._held.clear()
        if self._pg is not None:
            self._pg.terminate()
            self._pg = None

    @contextlib.asynccontextmanager
    async def _asked(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            async with asyncio.timeout(STATEMENT_S_MAX):
                yield await self._connected()
        except OUTAGE as error:
            self.close()
            if isinstance(error, HOPELESS) and not self._was_there:
                raise BadDatabase(one_line(error)) from None
            raise Away(one_line(error)) from None

    async def _connected(self) -> asyncpg.Connection:
        if self._pg is None or self._pg.is_closed():
            self.close()
            self._pg = await asyncpg.connect(
                self._url, timeout=CONNECT_S_MAX, server_settings=AS_LISTENER
            )
            self._pg.add_termination_listener(lambda _connection: self.changed.set())
            self._was_there = True
            await self._pg.add_listener("noroshi_connections", lambda *_told: self.changed.set())
        return self._pg

    def _broker(self, row: asyncpg.Record) -> Broker:
        settings = msgspec.json.decode(row["settings"])
        password, is_sealed = "", False
        if row["sealed_password"]:
            try:
                password = self._sealer.unseal(row["sealed_password"])
            except Unreadable:
                is_sealed = True
        return Broker(
            connection_id=row["id"],
            kind=row["kind"],
            settings=settings if isinstance(settings, dict) else {},
            place=Place(row["host"], row["port"], row["is_tls"], row["ca"]),
            login=Login(
                client_id=row["client_id"],
                user=row["user"],
                password=password,
                version=V5 if row["version"] == "5" else V3,
            ),
            topics=tuple(row["topics"]),
            is_sealed=is_sealed,
        )


def _columns(report: Report) -> tuple[object, ...]:
    return (
        report.connection_id,
        str(report.state),
        report.why,
        report.detail,
        report.changed_at,
        report.heard_at,
        report.messages,
        report.passed_over,
    )
