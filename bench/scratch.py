"""A database of its own for a bench, made on a server and dropped at the end."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
DROP_TRIES = 20


@contextlib.contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """The address of an empty database called `name` on the server."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        drop(connection, name)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urllib.parse.urlsplit(server_url)._replace(path=f"/{name}").geturl()
        finally:
            drop(connection, name)


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


def child(module: str, database_url: str) -> str:
    """Run a module of the bench in a process of its own on that database; what it printed last.

    Django can be set up only once in a process.
    """
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "noroshi.config.settings",
        "NOROSHI_SECRET_KEY": "only for the bench: " + "b" * 32,
    }
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{module} failed: {done.stderr[-2000:]}")
    return done.stdout.splitlines()[-1]
