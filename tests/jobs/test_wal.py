"""The received log for real: what comes back of it, to its end, to a moment, and of a lost disk."""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from noroshi.jobs import restore, wal
from noroshi.jobs.backing import course, receiving, standing, strands, take
from noroshi.jobs.backing.manifest import Backup
from noroshi.jobs.backing.receiving import Receiving, Told
from noroshi.jobs.backing.tools import server_at
from noroshi.jobs.postgres import Embedded
from noroshi.jobs.postgres_files import users_of

JST = ZoneInfo("Asia/Tokyo")
WAIT_S_MAX = 15.0


@dataclass(slots=True)
class Desk:
    """A server with one table, the folder of its backups, and a receiver that a thread tends."""

    folder: Path
    server: Embedded
    told: list[Told] = field(default_factory=list)

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    def write(self, *numbers: int) -> None:
        """Each its own commit."""
        with psycopg.connect(self.server.urls.owner, autocommit=True) as connection:
            for number in numbers:
                connection.execute("INSERT INTO acts VALUES (%s)", [number])

    def base(self) -> Backup:
        server = server_at(self.server.superuser_url)
        return take.take(server, self.backups, form="base", secret="", now=datetime.now(UTC))

    @contextmanager
    def received(self, *, is_sync: bool = False) -> Iterator[Receiving]:
        """The receiver at work, until it is told to end."""
        url = self.server.receiver_url
        programs = self.server.place.programs
        at_work = Receiving(url, programs, self.backups, is_sync=is_sync)
        ended = threading.Event()

        def tend() -> None:
            while not ended.is_set():
                self.told.append(at_work.step(datetime.now(UTC)))
                ended.wait(0.05)
            at_work.stop()

        self.told = []
        thread = threading.Thread(target=tend)
        thread.start()
        try:
            self.until(lambda told: told.is_streaming and told.is_sync == is_sync)
            yield at_work
        finally:
            ended.set()
            thread.join()

    def until(self, is_so: Callable[[Told], bool]) -> Told:
        """Wait until the receiver tells so."""
        deadline = time.monotonic() + WAIT_S_MAX
        while not self.told or not is_so(self.told[-1]):
            assert time.monotonic() < deadline, self.told[-1:]
            time.sleep(0.02)
        return self.told[-1]

    def restored(self, *words: str) -> list[int]:
        """What the table holds after `noroshi restore`."""
        var = self.folder / "again"
        assert restore.main([str(self.backups), "--data", str(var), *words]) == 0
        return rows_of(var)


def rows_of(var: Path) -> list[int]:
    server = Embedded(var / "postgres")
    try:
        with psycopg.connect(server.start()) as connection:
            found = connection.execute("SELECT n FROM acts ORDER BY n").fetchall()
    finally:
        server.stop()
        shutil.rmtree(var)
    return [n for (n,) in found]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(receiving, "FOLDER_EVERY_S", 0.1)
    # Pytest's own folders are closed to the server's account; then the data would go elsewhere.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Embedded(folder / "var" / "postgres")
        with psycopg.connect(server.start()) as connection:
            connection.execute("CREATE TABLE acts (n int PRIMARY KEY)")
            connection.execute("CREATE TABLE django_migrations (app text, name text)")
        try:
            yield Desk(folder, server)
        finally:
            server.stop()


def test_what_was_committed_after_the_backup_comes_back_to_the_last_commit(desk: Desk) -> None:
    with desk.received():
        desk.write(1)
        desk.base()
        desk.write(2, 3)
    assert desk.restored() == [1, 2, 3]
    assert desk.restored("--alone") == [1]


def test_a_moment_between_two_commits_brings_exactly_the_first(desk: Desk) -> None:
    with desk.received():
        desk.base()
        time.sleep(1.2)  # the command line knows whole seconds
        desk.write(1)
        time.sleep(1.1)
        between = f"{datetime.now(JST):%Y-%m-%d %H:%M:%S}"
        time.sleep(0.1)
        desk.write(2)
    assert desk.restored("--at", between) == [1]


def test_no_acknowledged_row_is_missing_when_the_disk_is_lost_under_load(desk: Desk) -> None:
    with desk.received(is_sync=True):
        desk.base()
        writers = [Writer(desk.server.urls.owner, start) for start in (0, 1_000_000)]
        while min(len(one.acknowledged) for one in writers) < 200:
            time.sleep(0.01)
        lose(desk.server)
        acknowledged = sorted(n for one in writers for n in one.ended())
    found = desk.restored()
    assert set(acknowledged) - set(found) == set()
    assert len(found) - len(acknowledged) <= len(writers)  # a commit that nobody heard of yet


class Writer(threading.Thread):
    """Writes row after row, and keeps what was acknowledged."""

    def __init__(self, url: str, first: int) -> None:
        super().__init__()
        self.url, self.first = url, first
        self.acknowledged: list[int] = []
        self.start()

    def run(self) -> None:
        try:
            with psycopg.connect(self.url, autocommit=True) as connection:
                for n in range(self.first, self.first + 1_000_000):
                    connection.execute("INSERT INTO acts VALUES (%s)", [n])
                    self.acknowledged.append(n)
        except psycopg.OperationalError:
            return

    def ended(self) -> list[int]:
        self.join()
        return self.acknowledged


def lose(server: Embedded) -> None:
    """Kill every process of the server at once, and its whole folder with them."""
    cluster = server.status.cluster
    for pid in users_of(cluster):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(cluster)


def test_a_receiver_that_dies_stops_no_commit_for_long_and_is_waited_for_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "PATIENCE_S", 1.0)
    monkeypatch.setattr(course, "CALM_S", 0.5)
    with desk.received(is_sync=True) as at_work:
        programs, at_work.receiver.programs = at_work.receiver.programs, Path("/nowhere")
        assert at_work.receiver.pid is not None
        os.kill(at_work.receiver.pid, signal.SIGKILL)
        begun = time.monotonic()
        desk.write(1)
        waited = time.monotonic() - begun
        assert 0.5 < waited < 3
        alone = desk.until(lambda told: not told.is_sync and bool(told.said))
        assert alone.alone_s > 0
        assert "No such file" in alone.said
        at_work.receiver.programs = programs
        assert desk.until(lambda told: told.is_sync).alone_s == 0


def test_a_receiver_that_holds_the_line_and_does_nothing_is_replaced(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "PATIENCE_S", 1.0)
    monkeypatch.setattr(course, "STUCK_S", 2.0)
    monkeypatch.setattr(course, "CALM_S", 0.2)
    with desk.received(is_sync=True) as at_work:
        stuck = at_work.receiver.pid
        assert stuck is not None
        os.kill(stuck, signal.SIGSTOP)
        desk.write(1)
        desk.until(lambda told: told.is_sync and at_work.receiver.pid not in {None, stuck})


def test_with_nobody_left_to_tend_it_an_operator_lets_commits_go_on(desk: Desk) -> None:
    with standing.connect(desk.server.receiver_url) as connection:
        standing.keep_for_receiver(connection)
        standing.wait_for_receiver(connection)
        waiting = threading.Thread(target=desk.write, args=(1,))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        url, args = desk.server.receiver_url, wal.arguments().parse_args(["--go-on"])
        assert wal.once(url, args) == 0
        waiting.join(5)
        assert not waiting.is_alive()
        assert standing.look(connection).names == ""
        assert wal.once(url, wal.arguments().parse_args(["--end"])) == 0
        assert not standing.look(connection).has_slot


def test_a_dead_receiver_cannot_fill_the_disk_and_the_gap_is_told(desk: Desk) -> None:
    with desk.received():
        desk.base()
        desk.until(lambda told: told.uncovered_s == 0)
    with psycopg.connect(desk.server.superuser_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'")
        connection.execute("ALTER SYSTEM SET min_wal_size = '32MB'")
        connection.execute("SELECT pg_reload_conf()")
        for number in range(4):
            connection.execute("INSERT INTO acts VALUES (%s)", [number])
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
    with standing.connect(desk.server.receiver_url) as connection:
        lost = standing.look(connection)
        assert lost.is_lost
        assert "LOST" in wal.words_of(lost)
    with desk.received():
        assert desk.until(lambda told: told.uncovered_s > 0).is_lost is False
        assert len(strands.all_in(desk.backups)) == 2
        desk.base()
        desk.write(9)
        desk.until(lambda told: told.uncovered_s == 0)
    assert desk.restored() == [0, 1, 2, 3, 9]


def test_a_damaged_segment_in_the_middle_is_told_and_nothing_is_left_half(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk.received():
        desk.base()
        for number in range(3):
            desk.write(number)
            with psycopg.connect(desk.server.superuser_url) as connection:
                connection.execute("SELECT pg_switch_wal()")
        desk.write(7)
        desk.until(lambda told: told.behind == 0)
        time.sleep(1.2)  # it is written down once a second
    (strand,) = strands.all_in(desk.backups)
    with strand.segments()[-1].open("r+b") as file:
        file.write(b"\0" * 8192)
    var = desk.folder / "again"
    assert restore.main([str(desk.backups), "--data", str(var)]) == 1
    assert "a segment is damaged or missing" in capsys.readouterr().err
    assert not Embedded(var / "postgres").place.cluster.exists()


def test_a_restored_server_begins_a_strand_of_its_own(desk: Desk) -> None:
    with desk.received():
        desk.base()
        desk.write(1)
    var = desk.folder / "again"
    assert restore.main([str(desk.backups), "--data", str(var)]) == 0
    again = Desk(desk.folder, Embedded(var / "postgres"))
    again.server.start()
    try:
        with again.received():
            assert again.until(lambda told: told.is_streaming).uncovered_s > 0
            first, second = strands.all_in(desk.backups)
            assert (first.system, first.timeline) == (second.system, 1)
            assert second.timeline == 2
            again.base()
            again.write(2)
    finally:
        again.server.stop()
    shutil.rmtree(var)
    assert desk.restored() == [1, 2]
