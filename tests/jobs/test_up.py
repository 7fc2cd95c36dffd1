"""`noroshi up` where it cannot start: one clear line each, and nothing left behind."""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from noroshi.jobs import up_checks
from noroshi.jobs.up_checks import NotStarted, Ports
from noroshi.jobs.up_greeting import box, columns

ANSWER_S_MAX = 60


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        yield squatter.getsockname()[1]


def up(var: Path, *words: str, url: str | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NOROSHI", "DATABASE"))}
    if url is not None:
        environment["DATABASE_URL"] = url
    ports = ["--port=0", "--gate-port=0", "--live-port=0"]
    argv = [sys.executable, "-m", "noroshi", "up", f"--data={var}", *ports, *words]
    return subprocess.run(
        argv, env=environment, capture_output=True, text=True, check=False, timeout=ANSWER_S_MAX
    )


def the_line(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_port_in_use_is_named_with_the_option_that_changes_it(tmp_path: Path, taken: int) -> None:
    line = the_line(up(tmp_path, f"--gate-port={taken}"))
    assert f"port {taken} on 127.0.0.1 cannot be used (Address already in use)" in line
    assert "--gate-port" in line
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://x:secret-word@127.0.0.1:1/x", "Connection refused"),
        ("postgresql://x:secret-word@127.0.0.1:port/x", "invalid integer value"),
        ("postgres//x:secret-word@127.0.0.1/x", "missing"),
    ],
)
def test_a_database_out_of_reach_is_told_without_its_password(
    tmp_path: Path, url: str, reason: str
) -> None:
    line = the_line(up(tmp_path, url=url))
    assert line.startswith("noroshi: the database of DATABASE_URL cannot be used: ")
    assert reason in line
    assert "secret-word" not in line


def test_a_database_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up_checks, "POSTGRES_MIN", 990000)
    with pytest.raises(NotStarted, match=r"is PostgreSQL \d\d; it must be 15 or newer"):
        up_checks.check_database(os.environ["DATABASE_URL"], name="DATABASE_URL")


def test_a_second_instance_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "up.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        first.write("4711\n")
        first.flush()
        line = the_line(up(tmp_path))
    assert f"already running with {tmp_path} (process 4711)" in line


def test_a_port_that_is_no_number_of_a_port_is_refused() -> None:
    ports = Ports(web=0, gate=0, live=70000, smtp=0)
    with pytest.raises(NotStarted, match="--live-port 70000 is not a port"):
        up_checks.settle_ports(ports, host="127.0.0.1", with_mail=False)


def test_one_port_for_two_doors_is_refused() -> None:
    number = up_checks.any_port()
    ports = Ports(web=number, gate=number, live=0, smtp=0)
    with pytest.raises(NotStarted, match="asked for twice; change --gate-port"):
        up_checks.settle_ports(ports, host="127.0.0.1", with_mail=False)


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    secret = up_checks.secret(tmp_path)
    assert len(secret) >= 48
    assert up_checks.secret(tmp_path) == secret
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_the_greeting_is_a_straight_box_in_japanese_and_english() -> None:
    ports = Ports(web=8000, gate=8001, live=8002, smtp=8025)
    text = box("::", ports, sign_in="サインイン: aki@example.jp", is_demo=True)
    assert len({columns(line) for line in text.splitlines()}) == 1
    assert "http://127.0.0.1:8000/" in text
    assert "サインイン: aki@example.jp" in text
