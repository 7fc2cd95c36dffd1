"""The embedded server for real: created, adopted, killed, its port and password file lost."""

import os
import pwd
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from noroshi.jobs.postgres import DatabaseUnavailable, Embedded


@pytest.fixture
def data() -> Iterator[Path]:
    # Pytest's own folders are closed to the server's account; then the data would go elsewhere.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "var" / "postgres"
        yield data
        Embedded(data).stop()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def kill(server: Embedded) -> None:
    pid = server.status.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.status.running:
        time.sleep(0.01)


def test_a_new_server_has_passwords_checksums_and_the_right_locale(data: Path) -> None:
    url = Embedded(data).start()
    assert ask(url, "SHOW data_checksums") == "on"
    assert ask(url, "SHOW fsync") == "on"
    assert ask(url, "SELECT datlocale FROM pg_database WHERE datname = 'noroshi'") == "C.UTF-8"
    assert ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    password_file = data.with_name("postgres.pgpass")
    assert password_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(url.replace("noroshi:", "noroshi:x", 1), "SELECT 1")


def test_data_outlive_a_stop_and_a_second_starter_adopts_the_server(data: Path) -> None:
    server = Embedded(data)
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    assert Embedded(data).start() == url
    server.stop()
    assert not server.status.running
    assert ask(Embedded(data).start(), "SELECT n FROM kept") == 7


def test_a_killed_server_recovers_on_the_next_round(data: Path) -> None:
    server = Embedded(data)
    with psycopg.connect(server.start()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    kill(server)
    server.keep_running()
    assert ask(server.start(), "SELECT n FROM kept") == 7


def test_a_stale_pid_file_whose_number_is_in_use_again_does_not_stop_a_start(data: Path) -> None:
    server = Embedded(data)
    server.start()
    pid_file = server.status.cluster / "postmaster.pid"
    lines = pid_file.read_text(encoding="utf-8").splitlines()
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n", encoding="utf-8")
    server.place.account.owns(pid_file)
    assert ask(server.start(), "SELECT 1") == 1


def test_a_lost_password_file_is_made_anew(data: Path) -> None:
    old = Embedded(data).start()
    data.with_name("postgres.pgpass").unlink()
    new = Embedded(data).start()
    assert new != old
    assert ask(new, "SELECT 1") == 1


def test_another_port_is_taken_when_the_last_one_is_in_use(data: Path) -> None:
    server = Embedded(data)
    server.start()
    port = server.status.port
    server.stop()
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        assert ask(server.start(), "SELECT 1") == 1
        assert server.status.port != port


def test_a_broken_cluster_is_told_in_one_line(data: Path) -> None:
    server = Embedded(data)
    server.start()
    server.stop()
    (server.status.cluster / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseUnavailable) as refusal:
        server.start()
    assert "PostgreSQL did not start:" in str(refusal.value)
    assert str(server.log) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the server another account")
def test_as_root_the_server_has_its_own_account_and_no_parent_is_opened(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    server = Embedded(private / "var" / "postgres")
    try:
        server.start()
        assert private.stat().st_mode & 0o777 == 0o700
        assert Path("/var/lib/noroshi") in server.place.cluster.parents
        note = (private / "var" / "postgres-is-elsewhere.txt").read_text(encoding="utf-8")
        assert str(server.place.home) in note
        owner = server.place.cluster.stat().st_uid
        assert pwd.getpwuid(owner).pw_name in {"noroshi", "nobody"}
    finally:
        server.stop()
        server.place.account.run(["/bin/rm", "-rf", str(server.place.cluster)])
        (server.place.home / "port").unlink(missing_ok=True)
        server.place.socket_dir.rmdir()
        server.place.home.rmdir()
