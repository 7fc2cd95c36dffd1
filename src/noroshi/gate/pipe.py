"""One connection to PostgreSQL that says prepared statements, without a detour in between.

The values go in as bytes: at a batch of a few dozen rows, a driver that looks at each of them costs
more than the statement itself.
"""

import asyncio
from collections.abc import Sequence

import psycopg
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

BINARY = 1
REPEATED = b"23505"  # a unique key is there already
FAULTS_OF_A_ROW = frozenset({b"22", b"23", b"54"})  # data, integrity, a limit of the server


class Lost(Exception):
    """The connection or the statement failed, whatever the rows were."""


class BadRow(Exception):
    """PostgreSQL will never take one of the rows."""


class Repeated(BadRow):
    """A row of the same key is there already."""


class Pipe:
    """Used by one task at a time; not to be used again after Lost."""

    def __init__(self, connection: "psycopg.AsyncConnection[tuple[object, ...]]") -> None:
        """Listen to an open connection from now on, which nobody else may use any more."""
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._pg = connection.pgconn
        self._socket = self._pg.socket
        self._result: PGresult | None = None
        self._waiter: asyncio.Future[PGresult] | None = None
        self._has_rest = False  # of what is to be sent
        self._loop.add_reader(self._socket, self._on_readable)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, from here or from there."""
        return self._socket < 0

    async def prepare(self, name: bytes, sql: str) -> None:
        """Name a statement for `run`. Raises Lost."""
        try:
            self._pg.send_prepare(name, sql.encode())
        except psycopg.Error as error:
            raise Lost(str(error)) from None
        await self._answer(ExecStatus.COMMAND_OK)

    async def run(self, name: bytes, values: Sequence[bytes] = ()) -> bytes:
        """Say a statement with values in binary; the first value of its answer, also in binary.

        Raises Lost, BadRow, Repeated.
        """
        if self.is_closed:
            raise Lost("the connection is closed")
        try:
            self._pg.send_query_prepared(name, values, [BINARY] * len(values), BINARY)
        except psycopg.Error as error:
            raise Lost(str(error)) from None
        told = await self._answer(ExecStatus.TUPLES_OK)
        return told.get_value(0, 0) or b""

    def close(self) -> None:
        """Cut the connection; who waits for an answer hears of it."""
        if self.is_closed:
            return
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket = -1
        self._pg.finish()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Lost("the connection was closed"))

    async def _answer(self, wanted: ExecStatus) -> PGresult:
        self._waiter = self._loop.create_future()
        try:
            self._send()
            told = await self._waiter
        finally:
            self._waiter = None
        if told.status != wanted:
            code = told.error_field(DiagnosticField.SQLSTATE) or b""
            raise _kind(code)(told.get_error_message().strip())
        return told

    def _send(self) -> None:
        """Send on; what the network does not take at once goes when it takes more."""
        try:
            has_rest = bool(self._pg.flush())
        except psycopg.Error as error:
            self._lose(str(error))
            return
        if has_rest and not self._has_rest:
            self._loop.add_writer(self._socket, self._send)
        elif self._has_rest and not has_rest:
            self._loop.remove_writer(self._socket)
        self._has_rest = has_rest

    def _on_readable(self) -> None:
        pg = self._pg
        try:
            pg.consume_input()
            while not pg.is_busy():
                told = pg.get_result()
                if told is None:
                    break
                self._result = told
            else:
                return
        except psycopg.Error as error:
            self._lose(str(error))
            return
        waiter, result, self._result = self._waiter, self._result, None
        if pg.status != ConnStatus.OK:
            self._lose("the server ended the connection")
        elif result is not None and waiter is not None and not waiter.done():
            waiter.set_result(result)

    def _lose(self, why: str) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Lost(why))
        self.close()


def _kind(code: bytes) -> type[Exception]:
    if code == REPEATED:
        return Repeated
    return BadRow if code[:2] in FAULTS_OF_A_ROW else Lost
