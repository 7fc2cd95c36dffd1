"""The drill: a backup becomes a database elsewhere, and everything about it is proved."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from noroshi.base import environment
from noroshi.base.roles import APP, ROLE_OF_PROGRAM
from noroshi.jobs.backing import bring_back, manifest, strands
from noroshi.jobs.backing.bring_back import Say
from noroshi.jobs.backing.errors import NotRestored
from noroshi.jobs.backing.manifest import Backup
from noroshi.jobs.backing.replay import Log
from noroshi.jobs.backing.tools import ToolFailed, server_at
from noroshi.jobs.postgres import Embedded
from noroshi.jobs.postgres_files import last_line

CUSTOMERS = "SELECT count(*) FROM tenants_tenant"


def drill(backup: Backup, scratch: Path, say: Say) -> None:
    """Raise NotRestored or BadBackup at the first thing that is not as it must be.

    `scratch` is a folder of the drill's own, which is emptied before and after. Where log goes on
    from a base backup, it is replayed to its end.
    """
    manifest.check_files(backup)
    strand = strands.strand_of(backup)
    log = Log(strand, None) if strand is not None else None
    with _server(backup, log, scratch, say) as server:
        bring_back.compare(backup, server.superuser_url, log, say)
        _check_pages(server, say)
        _migrate(server, scratch, say)
        _check_walls(server, say)
        said = _run(server, scratch, "ledger", "verify")
        say(f"ledger: {said}")


@contextmanager
def _server(backup: Backup, log: Log | None, scratch: Path, say: Say) -> Iterator[Embedded]:
    _clear(scratch)
    scratch.mkdir(parents=True, mode=0o755)
    server = Embedded(scratch / "postgres")
    try:
        if backup.manifest.form == "base":
            bring_back.unpack(backup, scratch / "postgres", log, say)
            server.start()
        else:
            server.start(durable=False)
            bring_back.fill(server_at(server.superuser_url), backup)
        say(f"{backup.folder.name} is a database again")
        yield server
    finally:
        server.stop()
        _clear(scratch)


def _check_pages(server: Embedded, say: Say) -> None:
    """Every page of every table and index, and that each index has every row."""
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        # In a schema of its own: what stands in public is the owner's to change.
        connection.execute("CREATE SCHEMA proof")
        connection.execute("CREATE EXTENSION amcheck SCHEMA proof")
        words = ["--heapallindexed", "--jobs=2", "--no-password"]
        words.append(f"--database={connection.info.dbname}")
        try:
            server_at(server.superuser_url).run("pg_amcheck", words)
        except ToolFailed as error:
            raise NotRestored(str(error)) from None
        connection.execute("DROP SCHEMA proof CASCADE")
    say("amcheck: every table and index is sound")


def _migrate(server: Embedded, scratch: Path, say: Say) -> None:
    """What is said to be done after a restore is done here too."""
    _run(server, scratch, "migrate")
    say("migrate: tables and walls are of this version")


def _check_walls(server: Embedded, say: Say) -> None:
    """The app's role sees no customer unless it says for whom it acts."""
    with psycopg.connect(server.urls.of(APP)) as connection:
        row = connection.execute(CUSTOMERS).fetchone()
    if row != (0,):
        raise NotRestored(f"the walls do not stand: {APP} sees customers it does not act for")
    say("walls: the app's role sees nobody it does not act for")


def _run(server: Embedded, scratch: Path, *words: str) -> str:
    """Run one of our programs on the scratch server; its last line."""
    urls = server.urls
    role = ROLE_OF_PROGRAM.get(words[0])
    own = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", *environment.ROLE_URLS.values()}
    }
    own |= {"DATABASE_URL": urls.of(role) if role else urls.owner, "NOROSHI_VAR": str(scratch)}
    own |= {name: urls.of(role) for role, name in environment.ROLE_URLS.items()}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "noroshi", *words],
        env=own,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        said = last_line(done.stderr or done.stdout)
        raise NotRestored(f"noroshi {' '.join(words)}: {said}")
    return last_line(done.stdout)


def _clear(scratch: Path) -> None:
    """Nothing of a drill stays, wherever its server lived."""
    if scratch.exists():
        place = Embedded(scratch / "postgres").place
        Embedded(scratch / "postgres").stop()
        shutil.rmtree(place.home, ignore_errors=True)
        shutil.rmtree(scratch, ignore_errors=True)
