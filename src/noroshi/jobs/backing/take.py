"""Make a backup: into a folder beside its name first, which it gets when it is whole."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg

from noroshi.jobs.backing import holding, manifest
from noroshi.jobs.backing.errors import CannotBackUp
from noroshi.jobs.backing.manifest import Backup, Holding, Manifest
from noroshi.jobs.backing.tools import Server, ToolFailed

DUMP = "database.dump"
LOCK = "lock"
LOCK_WAIT = "--lock-wait-timeout=60s"  # who waits for a lock makes all others wait behind
COMPRESSED = "--compress=gzip:3"  # read by every PostgreSQL, on every machine


def take(server: Server, folder: Path, *, form: str, secret: str, now: datetime) -> Backup:
    """Make one backup in the folder of backups; `form` is dump or base. Raises CannotBackUp."""
    name = f"{manifest.PREFIX}{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with alone(folder):
            for left in folder.glob(f"*{manifest.HALF}"):
                shutil.rmtree(left)
            half = folder / f"{name}{manifest.HALF}"
            half.mkdir(mode=0o700)
            try:
                made = _fill(server, half, form=form, secret=secret, now=now)
            except BaseException:
                shutil.rmtree(half, ignore_errors=True)
                raise
            _settle(half, folder / name)
    except ToolFailed as error:
        raise CannotBackUp(str(error)) from None
    except psycopg.Error as error:
        raise CannotBackUp(f"the database: {' '.join(str(error).split())}") from None
    except OSError as error:
        raise CannotBackUp(f"{error.filename or folder}: {error.strerror}") from None
    return Backup(folder / name, made)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Only one backup or drill at a time works in the folder. Raises CannotBackUp."""
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotBackUp(f"another backup is at work in {folder}") from None
        yield


def _fill(server: Server, half: Path, *, form: str, secret: str, now: datetime) -> Manifest:
    begun = time.monotonic()
    with holding.snapshot(server.url) as (connection, shot):
        before = after = holding.held(connection)
        schema = holding.schema_of(connection)
        if form == "dump":
            words = ["--format=custom", COMPRESSED, LOCK_WAIT, "--no-sync", f"--snapshot={shot}"]
            server.run("pg_dump", [*words, f"--file={half / DUMP}"])
    if form == "base":
        after = _copy_cluster(server, half)
    made = Manifest(
        form=form,
        made_at=now,
        took_s=round(time.monotonic() - begun, 1),
        version=version("noroshi"),
        server=server.version,
        schema=schema,
        secret=manifest.fingerprint(secret) if secret else "",
        before=before,
        after=after,
        files=[manifest.file_of(path) for path in sorted(half.iterdir())],
    )
    manifest.write(half, made)
    return made


def _copy_cluster(server: Server, half: Path) -> Holding:
    """The whole cluster with the log written meanwhile; what the database holds after it."""
    with psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tablespace").fetchone()
    if row != (2,):
        raise CannotBackUp("there are tablespaces; make backups of this server by its own means")
    words = ["--format=tar", "--compress=client-gzip:3", "--wal-method=stream", "--no-sync"]
    words += ["--checkpoint=fast", "--manifest-checksums=SHA256", f"--pgdata={half}"]
    server.run("pg_basebackup", words)
    with holding.snapshot(server.url) as (connection, _):
        return holding.held(connection)


def _settle(half: Path, whole: Path) -> None:
    """Durable first, then under its own name."""
    for path in (*half.iterdir(), half):
        path.chmod(0o700 if path.is_dir() else 0o600)
        _sync(path)
    half.rename(whole)
    _sync(whole.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
