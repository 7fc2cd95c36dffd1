"""Bring a backup back: into a server, or into a folder of a product that does not run."""

import os
import shutil
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from noroshi.base.roles import APP, OWNER, PIPELINE
from noroshi.jobs import up_checks
from noroshi.jobs.backing import holding, manifest, replay, take
from noroshi.jobs.backing.errors import NotRestored
from noroshi.jobs.backing.manifest import Backup
from noroshi.jobs.backing.replay import Log
from noroshi.jobs.backing.tools import Server, ToolFailed, server_at
from noroshi.jobs.postgres import Embedded
from noroshi.jobs.postgres_place import Account, find_place

JOBS = 2
ROLES = "SELECT rolname::text FROM pg_roles WHERE rolname = ANY(%s)"
ANEW = (
    "DROP SCHEMA public CASCADE",
    "CREATE SCHEMA public AUTHORIZATION pg_database_owner",
    "GRANT USAGE ON SCHEMA public TO PUBLIC",
    "COMMENT ON SCHEMA public IS 'standard public schema'",
)

Say = Callable[[str], None]


def into_server(backup: Backup, url: str, *, replace: bool, say: Say) -> None:
    """Fill the database at an address from a dump. Raises NotRestored, BadBackup, CannotBackUp."""
    if backup.manifest.form != "dump":
        raise NotRestored("a base backup is a whole cluster: bring it back with --data FOLDER")
    server = server_at(url)
    _make_room(server, replace=replace)
    say(f"reading {backup.folder.name} ({backup.manifest.size} bytes)")
    manifest.check_files(backup)
    fill(server, backup)
    compare(backup, url, None, say)


def into_folder(backup: Backup, var: Path, log: Log | None, *, replace: bool, say: Say) -> None:
    """Make the embedded database of a product's folder from a backup; it is stopped afterwards.

    With a log, a base backup is carried on through it. With `replace` an older database there is
    moved aside, never deleted.
    """
    with up_checks.only_one(var):
        manifest.check_files(backup)
        _put_aside(var, replace=replace, say=say)
        server = Embedded(var / "postgres", say=say)
        say(f"reading {backup.folder.name} ({backup.manifest.size} bytes)")
        try:
            if backup.manifest.form == "base":
                unpack(backup, var / "postgres", log, say)
                server.start()
            else:
                server.start()
                fill(server_at(server.superuser_url), backup)
            compare(backup, server.superuser_url, log, say)
        finally:
            server.stop()
    _mind_secret(backup, var, say)


def compare(backup: Backup, url: str, log: Log | None, say: Say) -> None:
    """Raise NotRestored unless the database holds what the backup and the log say."""
    with holding.snapshot(url) as (connection, _):
        found, schema = holding.held(connection), holding.schema_of(connection)
    if log is None:
        wrong = manifest.compared(backup.manifest, found)
    else:
        wrong = manifest.grown(backup.manifest, found, schema)
    if wrong:
        raise NotRestored(f"not all came back: {'; '.join(wrong)}")
    rows, chains = sum(found.rows.values()), found.ledger.chains
    say(f"all is there: {rows} rows in {len(found.rows)} tables, {chains} chains")


def unpack(backup: Backup, data: Path, log: Log | None, say: Say) -> None:
    """Lay the files of a base backup where the embedded server of this folder looks for them.

    What cannot be carried on through its log is removed again.
    """
    place = find_place(data)
    if backup.manifest.server // 10000 != int(place.cluster.name):
        raise NotRestored(
            f"it is of PostgreSQL {backup.manifest.server // 10000}, and {place.cluster.name} is "
            "here: install that version's server, or take a dump"
        )
    half = place.cluster.with_name(f"{place.cluster.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    for name, inside in (("base.tar.gz", half), ("pg_wal.tar.gz", half / "pg_wal")):
        inside.mkdir(mode=0o700, exist_ok=True)
        with tarfile.open(backup.folder / name, "r:gz") as tar:
            tar.extractall(inside, filter="data")
    _wait_for_nobody(half)
    _own(half, place.account)
    half.rename(place.cluster)
    if log is None:
        return
    try:
        replay.carry_on(place, backup, log, say)
    except BaseException:
        shutil.rmtree(place.cluster)
        raise


def _wait_for_nobody(cluster: Path) -> None:
    """No receiver follows a restored server yet: no commit may wait for one."""
    file = cluster / "postgresql.auto.conf"
    if file.is_file():
        lines = file.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("synchronous_standby_names")]
        file.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _own(folder: Path, account: Account) -> None:
    """Only the server's account gets in."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o700)
        account.owns(Path(parent))
        for name in files:
            path = Path(parent) / name
            path.chmod(0o600)
            account.owns(path)


def fill(server: Server, backup: Backup) -> None:
    """Run the dump into an empty database. Raises NotRestored."""
    words = ["--exit-on-error", f"--jobs={JOBS}", "--no-password"]
    try:
        with psycopg.connect(server.url) as connection:
            name = connection.info.dbname
        words.append(f"--dbname={name}")
        server.run("pg_restore", [*words, str(backup.folder / take.DUMP)])
    except ToolFailed as error:
        raise NotRestored(str(error)) from None
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _make_room(server: Server, *, replace: bool) -> None:
    """Raise NotRestored unless the database is empty, or may be emptied and nobody works in it."""
    with psycopg.connect(server.url) as connection:
        there = {name for (name,) in connection.execute(ROLES, [[OWNER, APP, PIPELINE]])}
        missing = [name for name in (OWNER, APP, PIPELINE) if name not in there]
        if missing:
            raise NotRestored(
                f"the roles {', '.join(missing)} are missing: make them first "
                "(docs/operators.md, roles)"
            )
        if holding.is_empty(connection):
            return
        if not replace:
            raise NotRestored("the database has tables already; --replace removes them first")
        if holding.others_inside(connection):
            raise NotRestored("others work in this database: stop all programs first")
        for line in ANEW:
            connection.execute(line)


def _put_aside(var: Path, *, replace: bool, say: Say) -> None:
    place = find_place(var / "postgres")
    if not place.cluster.exists():
        return
    if not replace:
        raise NotRestored(f"there is a database in {place.cluster}; --replace moves it aside first")
    server = Embedded(var / "postgres")
    if server.status.running:
        raise NotRestored("its database still runs: stop the product first")
    aside = place.cluster.with_name(f"{place.cluster.name}.before-{int(time.time())}")
    place.cluster.rename(aside)
    (var / "postgres.pgpass").unlink(missing_ok=True)
    say(f"the database that was there is now {aside}")


def _mind_secret(backup: Backup, var: Path, say: Say) -> None:
    """Second factors open only with the key that sealed them."""
    wanted, file = backup.manifest.secret, var / "secret"
    if not wanted:
        return
    known = file.read_text(encoding="ascii").strip() if file.is_file() else ""
    if not known or manifest.fingerprint(known) != wanted:
        say(
            f"the secret key of this backup is not in {file}: put it there before the first start, "
            "or people cannot use their second factors"
        )
