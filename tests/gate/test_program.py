"""The program `noroshi gate`: starts with one clear line, stops without losing a sender's word."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop

from noroshi.gate.main import serve
from noroshi.gate.protocol import House
from noroshi.inbox.models import Entry
from tests.gate.conftest import (
    ask,
    connect_to,
    database_url,
    make_connection,
    read_response,
    request_bytes,
    settings_of,
)

START_S_MAX = 15.0
CLIENTS = 8

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(transactional_db: None, tmp_path: Path) -> Iterator[Start]:
    """Starts the program; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(port: int, **settings: str) -> "subprocess.Popen[str]":
        told = {
            "DATABASE_URL": database_url(),
            "NOROSHI_GATE_PORT": str(port),
            "NOROSHI_VAR": str(tmp_path),
        } | settings
        process = subprocess.Popen(
            [sys.executable, "-m", "noroshi", "gate"],
            env=os.environ | told,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def free_port() -> int:
    """A port nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(port: int) -> None:
    """Wait for the gate to say that it is well."""
    until = time.monotonic() + START_S_MAX
    while True:
        try:
            if ask(port, request_bytes("GET", "/healthz")).status == 200:
                return
        except ConnectionError:
            pass
        assert time.monotonic() < until
        time.sleep(0.02)


@dataclass
class Load:
    """Senders that post as fast as they are answered, until the gate hangs up."""

    port: int
    token: str
    acknowledged: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        self.threads = [threading.Thread(target=self._post, args=(n,)) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        for thread in self.threads:
            thread.join(START_S_MAX)
            assert not thread.is_alive()

    def until_acknowledged(self, count: int) -> None:
        """Wait for so many answers."""
        until = time.monotonic() + START_S_MAX
        while len(self.acknowledged) < count:
            assert time.monotonic() < until
            time.sleep(0.005)

    def _post(self, client_number: int) -> None:
        with closing(connect_to(self.port)) as client:
            for number in range(100_000):
                name = f"{client_number}-{number}"
                body = b'{"id":"%s","counter":1}' % name.encode()
                try:
                    client.sendall(request_bytes("POST", f"/in/{self.token}", body))
                    response, _ = read_response(client)
                except ConnectionError:
                    return
                if response.status != 200:
                    self.failures.append(f"{name}: {response.status}")
                    return
                self.acknowledged.append(name)
                if response.headers.get("connection") == "close":
                    return


def stored() -> set[str]:
    """The devices of all entries."""
    return set(Entry.objects.values_list("address", flat=True))


def test_a_gate_killed_under_load_has_stored_all_it_said_yes_to(start: Start) -> None:
    _row, token = make_connection("json")
    port = free_port()
    for _ in range(3):
        process = start(port)
        wait_until_up(port)
        load = Load(port, token)
        load.begin()
        load.until_acknowledged(100)
        process.send_signal(signal.SIGKILL)
        process.wait(START_S_MAX)
        load.end()
        assert set(load.acknowledged) <= stored()
        assert load.failures == []
        Entry.objects.all().delete()


def test_a_gate_asked_to_stop_answers_what_it_has_and_ends_in_peace(start: Start) -> None:
    _row, token = make_connection("json")
    port = free_port()
    process = start(port)
    wait_until_up(port)
    load = Load(port, token)
    load.begin()
    load.until_acknowledged(100)
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert process.wait(START_S_MAX) == 0
    assert time.monotonic() - begun < 5
    load.end()
    assert load.failures == []
    assert set(load.acknowledged) <= stored()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()


def test_a_second_gate_takes_over_as_soon_as_the_first_is_gone(start: Start) -> None:
    _row, token = make_connection("json")
    port = free_port()
    first = start(port)
    wait_until_up(port)
    first.kill()
    first.wait(START_S_MAX)
    begun = time.monotonic()
    start(port)
    wait_until_up(port)
    assert time.monotonic() - begun < 10
    assert ask(port, request_bytes("POST", f"/in/{token}", b'{"id":"a"}')).status == 200


def test_what_keeps_it_from_starting_is_told_in_one_line(start: Start) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        used = int(taken.getsockname()[1])
        wrong_name = database_url().rsplit("/", 1)[0] + "/no_such_database"
        cases = [
            (start(used), f"noroshi gate: cannot listen on 127.0.0.1:{used}: "),
            (
                start(free_port(), NOROSHI_VAR="/proc"),
                "noroshi gate: cannot keep a spool in /proc/spool: ",
            ),
            (start(free_port(), DATABASE_URL=""), "noroshi gate: DATABASE_URL is not set"),
            (
                start(free_port(), DATABASE_URL=wrong_name),
                'noroshi gate: the database cannot be used: database "no_such_database"',
            ),
        ]
        for process, wanted in cases:
            _out, said = process.communicate(timeout=START_S_MAX)
            assert process.returncode == 1
            lines = said.strip().split("\n")
            assert len(lines) == 1, said
            assert lines[0].startswith(wanted)


def test_without_a_database_it_waits_and_says_so_to_senders(start: Start) -> None:
    port = free_port()
    nobody = f"postgresql://u:p@127.0.0.1:{free_port()}/x"
    start(port, DATABASE_URL=nobody)
    until = time.monotonic() + START_S_MAX
    while True:
        try:
            answer = ask(port, request_bytes("POST", "/in/token", b"{}"))
            break
        except ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.02)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert ask(port, request_bytes("GET", "/healthz")).status == 503


def test_a_gate_of_which_a_part_failed_ends_so_that_it_is_started_again(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def fail(house: House) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(House, "sweep", fail)
    with pytest.raises(SystemExit, match="started again"):
        uvloop.run(serve(settings_of(tmp_path)))
