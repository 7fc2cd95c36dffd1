"""The tests' PostgreSQL: one server for all runs in this checkout, one database for each run."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psycopg
from django.db import connection
from psycopg import sql

from noroshi.base import environment, roles
from noroshi.jobs.postgres import Embedded
from noroshi.jobs.up_roles import urls_of_own_server

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "var" / "test-pg"
SLOTS_MAX = 32
# Not the product's own names: a program that a test starts is told one address, its own.
ROLE_URLS = {roles.APP: "NOROSHI_TEST_APP_URL", roles.PIPELINE: "NOROSHI_TEST_PIPELINE_URL"}

_held: list[IO[str]] = []


def provide() -> str:
    """Set DATABASE_URL and return the name of this run's test database.

    A server named by DATABASE_URL is used as it is. Otherwise the embedded one is started without
    fsync, or shared with the other runs that are going on. Two runs at a time never share a
    database: each holds a numbered slot until it ends. Workers of one run inherit its choice.
    """
    chosen = os.environ.get("NOROSHI_TEST_DATABASE")
    if chosen is None:
        if "DATABASE_URL" not in os.environ:
            DATA.parent.mkdir(parents=True, exist_ok=True)
            _hold("users", fcntl.LOCK_SH)
            server = Embedded(DATA)
            os.environ["DATABASE_URL"] = server.start(durable=False)
            os.environ["NOROSHI_TEST_OWN_SERVER"] = "1"
            urls = server.urls
        else:
            own = dict(os.environ) | {"NOROSHI_VAR": str(DATA.with_name(f"{DATA.name}-roles"))}
            urls = urls_of_own_server(environment.read(own))
        for role, name in ROLE_URLS.items():
            os.environ[name] = urls.of(role)
        slot = _slot()
        chosen = f"test_noroshi_{slot}"
        _forget_old_shape(slot, chosen)
        os.environ["NOROSHI_TEST_DATABASE"] = chosen
    return chosen


def url_of(role: str) -> str:
    """The address of the database that this test writes to, for APP or PIPELINE."""
    return _of_this_run(os.environ[ROLE_URLS[role]])


def owner_url() -> str:
    """The same for the owner, who may change tables."""
    return _of_this_run(os.environ["DATABASE_URL"])


def _of_this_run(url: str) -> str:
    return urlsplit(url)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def release() -> None:
    """Stop the embedded server when this was its last user; NOROSHI_TEST_PG_KEEP=1 keeps it."""
    if not _held:
        return
    keep = os.environ.get("NOROSHI_TEST_PG_KEEP") == "1"
    is_ours = os.environ.get("NOROSHI_TEST_OWN_SERVER") == "1"
    if is_ours:
        # A later run of this process must not take the address of a server that is gone.
        names = ("DATABASE_URL", "NOROSHI_TEST_OWN_SERVER", "NOROSHI_TEST_DATABASE")
        for name in (*names, *ROLE_URLS.values()):
            os.environ.pop(name, None)
    if is_ours and not keep:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(_held[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
            Embedded(DATA).stop()
    while _held:
        _held.pop().close()


def _slot() -> int:
    for number in range(SLOTS_MAX):
        with contextlib.suppress(BlockingIOError):
            _hold(f"slot-{number}", fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number
    raise SystemExit(f"more than {SLOTS_MAX} test runs at a time in this checkout")


def _hold(name: str, kind: int) -> None:
    DATA.parent.mkdir(parents=True, exist_ok=True)
    file = DATA.with_name(f"{DATA.name}.{name}").open("a+")
    try:
        fcntl.flock(file, kind)
    except BlockingIOError:
        file.close()
        raise
    _held.append(file)


def _forget_old_shape(slot: int, name: str) -> None:
    """Drop the slot's databases when a migration was changed since they were made."""
    shape = hashlib.blake2b(os.environ["DATABASE_URL"].encode(), digest_size=16)
    for file in sorted(ROOT.glob("src/noroshi/**/migrations/*.py")):
        shape.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    note = DATA.with_name(f"{DATA.name}.shape-{slot}")
    if note.exists() and note.read_text(encoding="ascii") == shape.hexdigest():
        return
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for old in _databases(connection, name):
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old))
            connection.execute(drop)
    note.write_text(shape.hexdigest(), encoding="ascii")


def _databases(connection: "psycopg.Connection[tuple[str]]", name: str) -> Iterator[str]:
    rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    return (row[0] for row in rows if row[0] == name or row[0].startswith(f"{name}_gw"))
