"""What a database holds, seen through one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from noroshi.jobs.backing.manifest import Holding, Ledger
from noroshi.tenants import ledger

TABLES = """
SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
SCHEMA = "SELECT app, max(name) FROM django_migrations GROUP BY app ORDER BY app"
# What the run itself writes while a base backup is made, and what no backup needs to be right in.
NOT_COUNTED = {"base_backuprun", "base_pulse", "base_cache"}


@contextmanager
def snapshot(url: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """A transaction that sees one instant, and the name by which other sessions see the same."""
    with psycopg.connect(url) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        yield connection, str(row[0]) if row else ""


def held(connection: psycopg.Connection) -> Holding:
    """All of what the database holds; the connection sees every row, in one snapshot."""
    names = [str(name) for (name,) in connection.execute(TABLES).fetchall()]
    rows = {name: counted(connection, name) for name in names if name not in NOT_COUNTED}
    heads = []
    if "tenants_intent" in rows:
        heads = [ledger.Head(*row) for row in connection.execute(ledger.HEADS).fetchall()]
    links = sum(head.number for head in heads)
    return Holding(rows, Ledger(len(heads), links, ledger.heads_hash(heads)))


def counted(connection: psycopg.Connection, table: str) -> int:
    """The rows of one table with its partitions."""
    query = sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def schema_of(connection: psycopg.Connection) -> dict[str, str]:
    """App → its last migration."""
    return {str(app): str(name) for app, name in connection.execute(SCHEMA).fetchall()}


def is_empty(connection: psycopg.Connection) -> bool:
    """Whether there is no table in the database."""
    return not connection.execute(TABLES).fetchall()


def others_inside(connection: psycopg.Connection) -> int:
    """How many other sessions work in this database."""
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ).fetchone()
    return int(row[0]) if row else 0
