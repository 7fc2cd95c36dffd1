"""Two gates behind the shipped proxy: one may go, and no sender notices."""

import itertools
import json
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from noroshi.inbox.models import Entry
from tests.committed import transactional_db
from tests.deploy.proxy import INGEST, Ports, ToHost, ask, free_ports, program, render, running
from tests.gate.conftest import ask as ask_gate
from tests.gate.conftest import make_connection, request_bytes
from tests.gate.test_program import START_S_MAX, Start, start, wait_until_up

__all__ = ["start", "transactional_db"]

SENDERS = 6
PAUSE_S = 0.03  # about 150 uplinks a second in all
WATCHED_S = 1.0


@dataclass
class Load:
    """Networks that post at a steady rate, each uplink once, and keep what they heard."""

    port: int
    token: str
    sent: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    is_over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Start posting."""
        self.threads = [threading.Thread(target=self._post, args=(n,)) for n in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        """Stop posting."""
        self.is_over.set()
        for thread in self.threads:
            thread.join(START_S_MAX)

    def _post(self, sender: int) -> None:
        line = ToHost(self.port, INGEST)
        for number in itertools.count():
            if self.is_over.wait(PAUSE_S):
                line.close()
                return
            name = f"{sender}-{number}"
            body = b'{"id":"%s","counter":%d}' % (name.encode(), number)
            begun = time.monotonic()
            try:
                status = ask(line, "POST", f"/in/{self.token}", body).status
            except OSError as error:
                self.failures.append(f"{name}: {error!r}")
                line.close()
                line = ToHost(self.port, INGEST)
                continue
            self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
            if status == 200:
                self.sent[name] += 1
            else:
                self.failures.append(f"{name}: {status}")


@pytest.fixture
def ports(transactional_db: None, tmp_path: Path) -> Iterator[Ports]:
    """nginx before two gates that are not there yet."""
    program()
    found = free_ports()
    folder = tmp_path / "nginx"
    folder.mkdir()
    with running(render(folder, found), found):
        yield found


def stored() -> Counter[str]:
    """How often each uplink stands in the journal."""
    bodies = Entry.objects.values_list("body", flat=True)
    return Counter(json.loads(bytes(body))["id"] for body in bodies)


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGKILL], ids=["restarted", "killed"])
def test_gates_that_go_one_after_the_other_cost_no_callback(
    start: Start, ports: Ports, kind: signal.Signals
) -> None:
    _row, token = make_connection("json")
    gates: dict[int, subprocess.Popen[str]] = {port: start(port) for port in ports.gates}
    for port in ports.gates:
        wait_until_up(port)
    load = Load(ports.https, token)
    load.begin()
    try:
        for port in ports.gates * 2:
            time.sleep(WATCHED_S / 2)
            gates[port].send_signal(kind)
            gates[port].wait(START_S_MAX)
            time.sleep(WATCHED_S if kind == signal.SIGKILL else 0)
            gates[port] = start(port)
            wait_until_up(port)
            assert ask_gate(port, request_bytes("GET", "/readyz")).status == 200
        time.sleep(WATCHED_S / 2)
    finally:
        load.end()
    assert load.failures == []
    assert sum(load.sent.values()) > 100
    assert stored() == load.sent, "each uplink once"
    assert load.slowest_s < 5, "ChirpStack would have given up"
