"""A database of its own for a bench, made on a server and dropped at the end."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from noroshi.base.environment import ROLE_URLS
from noroshi.base.roles import PIPELINE

ROOT = Path(__file__).resolve().parent.parent
DROP_TRIES = 20
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "noroshi.config.settings",
    "NOROSHI_SECRET_KEY": "only for the bench: " + "b" * 32,
}
OWNER_URL = "NOROSHI_BENCH_OWNER_URL"
SERVER: "list[Callable[[], None]]" = []  # how to make it cold


def chill() -> None:
    """Start the server anew and let its files go out of the page cache; a no-op for a foreign one.

    run.py says which server it is.
    """
    if SERVER:
        SERVER[0]()


@contextlib.contextmanager
def owner() -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
    """In the child: a connection as the tables' owner, for tables of the bench's own."""
    with psycopg.connect(os.environ[OWNER_URL], autocommit=True) as connection:
        yield connection


def analyze() -> None:
    """In the child: what only the tables' owner may do."""
    with psycopg.connect(os.environ[OWNER_URL], autocommit=True) as connection:
        connection.execute("ANALYZE")


@contextlib.contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """The address of an empty database called `name` on the server."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        drop(connection, name)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urllib.parse.urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:  # by a connection of its own: the server may have been started anew
        with psycopg.connect(server_url, autocommit=True) as connection:
            drop(connection, name)


def migrated(owner_url: str) -> str:
    """Make tables and walls in this database; its address for the pipeline, which does the work."""
    path = urllib.parse.urlsplit(owner_url).path
    roles = {
        name: urllib.parse.urlsplit(os.environ[name])._replace(path=path).geturl()
        for name in ROLE_URLS.values()
    }
    told = os.environ | SETTINGS | roles | {"DATABASE_URL": owner_url}
    program = [sys.executable, "-m", "noroshi", "migrate"]
    subprocess.run(program, cwd=ROOT, env=told, check=True, stdout=subprocess.DEVNULL)
    return roles[ROLE_URLS[PIPELINE]]


def drop(connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    """Drop it; the server's own vacuum may hold it for a moment."""
    for attempt in range(DROP_TRIES):
        try:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(statement.format(sql.Identifier(name)))
            return
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
            if attempt == DROP_TRIES - 1:
                raise
            time.sleep(0.5)


def child(module: str, owner_url: str, *words: str) -> str:
    """Run a module of the bench in a process of its own on that database; what it printed last.

    It works as the pipeline, on tables that are made here. Django can be set up only once in a
    process.
    """
    told = {"DATABASE_URL": migrated(owner_url), OWNER_URL: owner_url}
    environment = os.environ | SETTINGS | told
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{module} failed: {done.stderr[-2000:]}")
    return done.stdout.splitlines()[-1]
