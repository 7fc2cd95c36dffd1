"""How the server and the receiver of its log stand, and whether commits wait for it."""

from dataclasses import dataclass

import psycopg

from noroshi.base.roles import WAL
from noroshi.jobs.backing.errors import CannotReceive

CONNECT_S_MAX = 5
ANSWER_MS_MAX = 5000
LOOK = """
SELECT s.slot_name IS NOT NULL, coalesce(s.wal_status = 'lost', false),
  pg_wal_lsn_diff(s.restart_lsn, '0/0')::bigint,
  pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint,
  pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
  coalesce(s.active, false),
  current_setting('synchronous_standby_names')
FROM (VALUES (1)) AS one LEFT JOIN pg_replication_slots s ON s.slot_name = %(name)s
"""
# The timeline in which the server writes now: the first part of a segment's name.
SERVER = """
SELECT (SELECT system_identifier FROM pg_control_system()),
  ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int,
  (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size'),
  (SELECT setting::int FROM pg_settings WHERE name = 'max_slot_wal_keep_size')
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """One look at it.

    Attributes:
        has_slot, is_lost: the server keeps log for the receiver; it had to let some go.
        received: how far the receiver has it on disk; None without a slot, or when it is lost.
        written: how far the server has it on disk. inserted: where its last record ends.
        is_streaming: the receiver is there and follows.
        names: for whom commits wait.
    """

    has_slot: bool
    is_lost: bool
    received: int | None
    written: int
    inserted: int
    is_streaming: bool
    names: str

    @property
    def is_sync(self) -> bool:
        """Whether commits wait for the receiver."""
        return self.names == WAL

    @property
    def behind(self) -> int:
        """Bytes that are written and not received."""
        return 0 if self.received is None else max(0, self.written - self.received)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which log it is."""

    system: int
    timeline: int
    segment_bytes: int


def connect(url: str) -> psycopg.Connection:
    """A connection for the receiver's role; each statement its own transaction."""
    connection = psycopg.connect(url, connect_timeout=CONNECT_S_MAX, autocommit=True)
    connection.execute(f"SET statement_timeout = {ANSWER_MS_MAX}")
    return connection


def look(connection: psycopg.Connection) -> Standing:
    """One query."""
    row = connection.execute(LOOK, {"name": WAL}).fetchone()
    if row is None:
        raise CannotReceive("the server does not say how it stands")
    return Standing(*row)


def origin(connection: psycopg.Connection) -> Origin:
    """Whose log it is. Raises CannotReceive when the server would keep log without end."""
    row = connection.execute(SERVER).fetchone()
    if row is None or row[3] < 0:
        raise CannotReceive(
            "a receiver that is dead would fill the server's disk: set max_slot_wal_keep_size "
            "there (say 4GB), and reload it"
        )
    return Origin(*row[:3])


def keep_for_receiver(connection: psycopg.Connection) -> None:
    """A new slot: from now on the server keeps the log until it is received, within its limit."""
    drop_slot(connection)
    connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [WAL])


def drop_slot(connection: psycopg.Connection) -> None:
    """The server keeps no log for the receiver any more."""
    connection.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s",
        [WAL],
    )


def wait_for_receiver(connection: psycopg.Connection) -> None:
    """From now on a commit is acknowledged when the receiver has it on disk."""
    connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{WAL}'")
    connection.execute("SELECT pg_reload_conf()")


def wait_for_nobody(connection: psycopg.Connection) -> None:
    """From now on commits, also those that wait already, go on without the receiver.

    What somebody else set is left alone.
    """
    row = connection.execute("SELECT current_setting('synchronous_standby_names')").fetchone()
    if row == (WAL,):
        connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        connection.execute("SELECT pg_reload_conf()")
