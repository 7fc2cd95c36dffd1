"""Backups for real: a dump and a base backup, spoiled ones, and what comes back of them."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from noroshi.base import environment
from noroshi.base.environment import Backup as Wanted
from noroshi.base.models import BackupRun
from noroshi.base.roles import APP, ROLE_OF_PROGRAM, Urls
from noroshi.jobs import up
from noroshi.jobs.backing import keep, manifest, runs, strands, take, timed
from noroshi.jobs.backing.errors import BadBackup, CannotBackUp
from noroshi.jobs.backing.manifest import Backup
from noroshi.jobs.backing.runs import Came
from noroshi.jobs.backing.tools import server_at, source_of
from noroshi.jobs.postgres import Embedded

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # noon in Japan
SECRET = "s" * 40
WANTED = Wanted(Path("/nowhere"), "dump", (2, 30), 7, 5, 7, "")


@dataclass(frozen=True, slots=True)
class House:
    """An embedded server with the house's tables and one account, in a folder of its own."""

    folder: Path
    server: Embedded

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """One of the programs on this server."""
        argv = [sys.executable, "-m", "noroshi", *words]
        env = self.environment(words[0], **more)
        return subprocess.run(
            argv, env=env, capture_output=True, text=True, check=False, timeout=120
        )

    def environment(self, program: str, **more: str) -> dict[str, str]:
        """What a program on this server is told."""
        role = ROLE_OF_PROGRAM.get(program)
        urls = self.server.urls
        env = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("NOROSHI", "DATABASE", "DJANGO"))
        }
        env |= {"DATABASE_URL": urls.of(role) if role else urls.owner}
        env |= {name: urls.of(role) for role, name in environment.ROLE_URLS.items()}
        return env | {
            "NOROSHI_VAR": str(self.folder / "var"),
            "NOROSHI_SECRET_KEY": SECRET,
            **more,
        }

    def taken(self, form: str = "dump") -> Backup:
        """A new backup."""
        name = f"backups-{len(list(self.folder.iterdir()))}"
        server = server_at(self.server.superuser_url)
        return take.take(server, self.folder / name, form=form, secret=SECRET, now=NOW)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    # Pytest's own folders are closed to the server's account; then the data would go elsewhere.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Embedded(folder / "var" / "postgres")
        server.start()
        made = House(folder, server)
        try:
            assert made.run("migrate").returncode == 0
            assert made.run("add-staff", "kei", "--make-password").returncode == 0
            yield made
        finally:
            server.stop()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def restored(house: House, backup: Backup) -> Iterator[Embedded]:
    var = house.folder / f"again-{backup.manifest.form}"
    done = house.run("restore", str(backup.folder), "--data", str(var))
    assert done.returncode == 0, done.stderr
    server = Embedded(var / "postgres")
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(var)


@pytest.mark.parametrize("form", ["dump", "base"])
def test_what_was_copied_comes_back_behind_its_walls(house: House, form: str) -> None:
    for server in restored(house, house.taken(form)):
        urls = server.urls
        logins = "SELECT string_agg(login, ',') FROM tenants_user"
        assert ask(urls.pipeline, logins) == "kei"
        assert ask(urls.owner, "SELECT count(*) FROM tenants_kindswitch") == 0  # FORCE: no row
        assert ask(urls.of(APP), "SELECT count(*) FROM tenants_kindswitch") != 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(urls.of(APP), "DELETE FROM tenants_kindswitch RETURNING 1")
        again = House(house.folder, server)
        verified = again.run("ledger", "verify")
        assert verified.returncode == 0, verified.stderr  # role, walls and chains, all at once


def test_a_drill_proves_a_backup_and_says_so_to_the_office(house: House) -> None:
    backup = house.taken()
    done = house.run("drill", str(backup.folder))
    assert done.returncode == 0, done.stderr
    for word in ("all is there", "amcheck", "migrate", "walls", "ledger: 0 links", "is whole"):
        assert word in done.stdout
    assert not (house.folder / "var" / "drill").exists()
    newest = "SELECT is_good FROM base_backuprun WHERE kind = 'drill' ORDER BY id DESC LIMIT 1"
    assert ask(house.server.urls.pipeline, newest) is True


def test_the_program_receives_the_log_tells_so_and_the_drill_replays_it(house: House) -> None:
    folder = house.folder / "with-log"
    wanted = {
        "NOROSHI_BACKUP_FOLDER": str(folder),
        "NOROSHI_BACKUP_FORM": "base",
        "NOROSHI_WAL": "1",
        "NOROSHI_WAL_SYNC": "1",
    }
    url = house.server.urls.pipeline
    program = subprocess.Popen(
        [sys.executable, "-m", "noroshi", "wal"],
        env=house.environment("wal", **wanted),
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        figures = "SELECT max((figures->>'is_sync')::int) FROM base_pulse WHERE program = 'wal'"
        while ask(url, figures) != 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert house.run("backup", **wanted).returncode == 0
        said = house.run("wal", "--status", **wanted).stdout
        assert "the receiver follows" in said
        assert "commits wait for it" in said
    finally:
        program.terminate()
        assert program.wait(20) == 0
    assert ask(url, "SHOW synchronous_standby_names") == ""
    assert house.run("wal", "--end").returncode == 0
    done = house.run("drill", str(folder))
    assert done.returncode == 0, done.stderr
    for word in ("the log was replayed", "all is there", "amcheck", "is whole"):
        assert word in done.stdout


def spoil(backup: Backup, *, rows: bool) -> None:
    if rows:
        text = (backup.folder / manifest.NAME).read_text(encoding="utf-8")
        wrong = text.replace('"tenants_user": 1', '"tenants_user": 2')
        assert wrong != text
        (backup.folder / manifest.NAME).write_text(wrong, encoding="utf-8")
        return
    with (backup.folder / take.DUMP).open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize(
    ("rows", "said"),
    [(False, "is not what was written"), (True, "tenants_user has 1 rows, it had 2")],
)
def test_a_spoiled_backup_fails_its_drill_in_one_line(house: House, rows: bool, said: str) -> None:  # noqa: FBT001
    backup = house.taken()
    spoil(backup, rows=rows)
    done = house.run("drill", str(backup.folder))
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    newest = "SELECT said FROM base_backuprun WHERE kind = 'drill' ORDER BY id DESC LIMIT 1"
    assert said in str(ask(house.server.urls.pipeline, newest))


def test_nothing_is_written_over_unasked(house: House) -> None:
    backup = house.taken()
    var, url = house.folder / "var", house.server.superuser_url
    refused = house.run("restore", str(backup.folder), "--into", url)
    assert refused.returncode == 1
    assert "the database has tables already" in refused.stderr
    assert url not in refused.stderr
    there = house.run("restore", str(backup.folder), "--data", str(var))
    assert there.returncode == 1
    assert "there is a database in" in there.stderr


def test_a_dump_fills_an_empty_database_and_replaces_one_when_told(house: House) -> None:
    backup, url = house.taken(), house.server.superuser_url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE other OWNER noroshi")
    other = url.removesuffix("/noroshi") + "/other"
    with psycopg.connect(other) as connection:
        connection.execute("CREATE TABLE old AS SELECT 1")
    done = house.run("restore", str(backup.folder), "--into", other, "--replace")
    assert done.returncode == 0, done.stderr
    assert ask(other, "SELECT count(*) FROM tenants_user") == 1
    assert ask(other, "SELECT to_regclass('public.old')") is None
    with psycopg.connect(other) as busy:
        busy.execute("SELECT 1")
        done = house.run("restore", str(backup.folder), "--into", other, "--replace")
    assert "others work in this database" in done.stderr


def test_a_backup_that_fails_leaves_nothing_behind(house: House) -> None:
    folder = house.folder / "full"
    server = server_at(house.server.superuser_url)
    broken = type(server)(server.url, Path("/bin"), server.version)
    with pytest.raises(CannotBackUp):
        take.take(broken, folder, form="dump", secret="", now=NOW)
    assert manifest.all_in(folder) == []
    assert [path.name for path in folder.iterdir()] == [take.LOCK]


def test_a_role_that_does_not_see_every_row_makes_no_backup(house: House) -> None:
    with pytest.raises(CannotBackUp, match="does not see every row"):
        server_at(house.server.urls.owner)


def test_the_program_finds_the_embedded_database_and_writes_down_what_came(house: House) -> None:
    folder = house.folder / "by-program"
    made = [house.run("backup", "--prune", NOROSHI_BACKUP_FOLDER=str(folder)) for _ in range(2)]
    assert [done.returncode for done in made] == [0, 0], made[-1].stderr
    assert "1 kept" in made[-1].stdout  # one a day, and the newest
    (only,) = manifest.all_in(folder)
    kept = "SELECT place FROM base_backuprun WHERE kind = 'backup' ORDER BY id DESC LIMIT 1"
    assert ask(house.server.urls.pipeline, kept) == only.folder.name
    assert only.manifest.secret == manifest.fingerprint(SECRET)
    assert SECRET not in (only.folder / manifest.NAME).read_text(encoding="utf-8")


def test_without_a_role_for_it_an_own_server_is_told_what_to_set() -> None:
    env = environment.read({"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "NOROSHI_VAR": "/x"})
    with pytest.raises(CannotBackUp, match="NOROSHI_BACKUP_URL"):
        source_of(env)


def test_only_the_program_that_starts_backups_learns_their_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    urls = Urls("postgresql://owner", "postgresql://app", "postgresql://pipeline")
    monkeypatch.setenv(environment.BACKUP_URL, "postgresql://all-seeing")
    monkeypatch.setenv(environment.WAL_URL, "postgresql://noroshi_wal@127.0.0.1/postgres")
    settings = {name: up.program(name, urls).settings for name in up.START_ORDER}
    told = [name for name, own in settings.items() if environment.BACKUP_URL in own]
    assert told == ["tick"]
    assert [name for name, own in settings.items() if environment.WAL_URL in own] == ["wal"]
    options = up.read_options(["--data", str(tmp_path)])
    shared = up.program_settings(options, options.ports)
    assert environment.BACKUP_URL not in shared
    assert environment.WAL_URL not in shared


def test_something_that_is_no_backup_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BadBackup, match="is no backup"):
        manifest.read(tmp_path)
    (tmp_path / manifest.NAME).write_text("{}", encoding="utf-8")
    with pytest.raises(BadBackup, match="cannot be read"):
        manifest.read(tmp_path)


def test_days_and_weeks_are_kept_and_the_newest_always() -> None:
    times = [NOW - timedelta(hours=12 * n) for n in range(100)]
    stays = kept = keep.kept(times, daily=3, weekly=4)
    assert sorted(stays, reverse=True)[0] == NOW
    days = {time.astimezone(keep.JST).date() for time in kept}
    assert len(days) == len(kept)  # one a day
    assert {(NOW - timedelta(days=n)).astimezone(keep.JST).date() for n in range(3)} <= days
    assert len({day.isocalendar()[:2] for day in days}) == 4
    assert keep.kept(times, daily=0, weekly=0) == {NOW}


def run_of(kind: str, hours_ago: float, *, is_good: bool = True) -> None:
    at = NOW - timedelta(hours=hours_ago)
    BackupRun.objects.create(kind=kind, started_at=at, ended_at=at, is_good=is_good)


def test_what_is_due_when(db: None) -> None:
    assert timed.due(WANTED, NOW) == "backup"
    run_of("backup", 10)  # two in the morning: before its time
    assert timed.due(WANTED, NOW) == "backup"
    run_of("backup", 9)
    assert timed.due(WANTED, NOW) == "drill"
    run_of("drill", 24 * 6)
    assert timed.due(WANTED, NOW) is None
    run_of("drill", 25, is_good=False)
    assert timed.due(WANTED, NOW) == "drill"
    run_of("backup", 0.5, is_good=False)
    assert timed.due(WANTED, NOW) is None
    assert timed.due(WANTED, NOW + timedelta(hours=1)) == "backup"


def test_log_that_goes_on_from_no_backup_asks_for_one(db: None, tmp_path: Path) -> None:
    wanted = replace(WANTED, folder=tmp_path, is_wal=True)
    run_of("backup", 5)
    run_of("drill", 4)
    assert timed.due(wanted, NOW) is None
    strands.begin(tmp_path, 1, 1, NOW - timedelta(hours=1))
    assert timed.due(wanted, NOW) == "backup"
    run_of("backup", 0.5)
    assert timed.due(wanted, NOW) is None


def test_a_run_that_died_is_told_by_the_next_one(db: None) -> None:
    BackupRun.objects.create(kind="backup", started_at=NOW - timedelta(days=1))
    runs.written_down("backup", NOW, lambda: Came(is_good=True, said="fine", size=7, rows=8))
    said = list(BackupRun.objects.order_by("pk").values_list("is_good", "said", "size"))
    assert said == [(False, runs.LOST, 0), (True, "fine", 7)]
    assert runs.prune(NOW + timedelta(days=401)) == 2
