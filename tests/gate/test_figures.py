"""The figures add up at every moment, whatever happens to the uplinks."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from noroshi.base.metrics import CONTENT_TYPE, Figure, may_read, text
from noroshi.base.models import Pulse
from noroshi.gate import keeper as gate_keeper
from noroshi.inbox import flow
from noroshi.inbox.models import Entry
from tests.gate.conftest import (
    Response,
    RunningGate,
    Sender,
    ask,
    database_url,
    make_connection,
    request_bytes,
)
from tests.gate.test_program import Start, free_port, start, wait_until_up
from tests.gate.test_spool import until, uplink
from tests.gate.wire import Wire, a_wire

__all__ = ["start"]

TOKEN = "a-token-of-24-characters-and-more"
LOAD_S = 5.0


@pytest.fixture
def wire(transactional_db: None) -> Iterator[Wire]:
    """A wire to the tests' PostgreSQL."""
    with a_wire() as made:
        yield made


def metrics_of(port: int, token: str = TOKEN) -> Response:
    """What a gate tells Prometheus."""
    return ask(port, request_bytes("GET", "/metrics", headers={"Authorization": f"Bearer {token}"}))


def numbers(told: bytes) -> dict[str, float]:
    """Metric, with its label if any, → value."""
    lines = [line for line in told.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def outcomes(found: dict[str, float]) -> dict[str, float]:
    """What became of the uplinks."""
    return {
        name: found[f'noroshi_gate_uplinks_total{{outcome="{name}"}}']
        for name in ("stored", "duplicate", "refused", "spooled")
    }


def test_figures_are_written_as_prometheus_reads_them() -> None:
    told = text(
        [
            Figure("a_total", "counter", "What.", {"": 12}),
            Figure("b", "gauge", "Which.", {"x": 0.5, "y": 1e12}, "kind"),
        ]
    )
    assert told == (
        "# HELP a_total What.\n# TYPE a_total counter\na_total 12\n"
        '# HELP b Which.\n# TYPE b gauge\nb{kind="x"} 0.5\nb{kind="y"} 1000000000000\n'
    )


@pytest.mark.parametrize(
    ("shown", "token", "may"),
    [
        (f"Bearer {TOKEN}", TOKEN, [True]),
        (f"Bearer {TOKEN}x", TOKEN, [False]),
        (TOKEN, TOKEN, [False]),
        ("", TOKEN, [False]),
        ("Bearer ", "", [False]),
        ("Bearer \udcff", TOKEN, [False]),
    ],
)
def test_only_who_shows_the_token_reads_them(shown: str, token: str, may: list[bool]) -> None:
    assert [may_read(shown, token)] == may


def test_a_gate_tells_its_figures_to_who_shows_the_token(
    start_gate: Callable[..., RunningGate],
) -> None:
    row, token = make_connection("json")
    port = start_gate(metrics_token=TOKEN).port
    network = Sender(port, token, row)
    for number in (1, 2, 2):
        assert network.send(uplink(number)).status == 200
    assert ask(port, request_bytes("POST", "/in/nobody", b"{}")).status == 404
    told = metrics_of(port)
    assert (told.status, told.headers["content-type"]) == (200, CONTENT_TYPE)
    found = numbers(told.body)
    assert found["noroshi_gate_received_total"] == 3
    assert outcomes(found) == {"stored": 2, "duplicate": 1, "refused": 0, "spooled": 0}
    assert found['noroshi_gate_turned_away_total{reason="not_found"}'] == 1
    assert found["noroshi_gate_unaccounted"] == 0
    assert found["noroshi_gate_loaded"] == 1
    assert row.name not in told.body.decode().replace("noroshi", "")
    assert token not in told.body.decode()
    assert metrics_of(port, "wrong").status == 404
    assert metrics_of(start_gate().port, "").status == 404, "no token set, no reader"


def test_every_uplink_is_accounted_for_by_the_running_programs_under_load(
    start: Start, wire: Wire
) -> None:
    """Real gates and a real worker, an outage in the middle; looked at all the time."""
    row, token = make_connection("json")
    ports = free_port(), free_port()
    for port in ports:
        start(port, DATABASE_URL=wire.url, NOROSHI_METRICS_TOKEN=TOKEN)
    for port in ports:
        wait_until_up(port)
    over = threading.Event()
    sent: list[int] = []

    def post(sender: int) -> None:
        network = Sender(ports[sender % 2], token, row)
        number = 0
        while not over.is_set():
            body = b"no json" if number % 10 == 9 else uplink(number // 2, f"d{sender}")
            sent.append(network.send(body).status)
            number += 1

    posting = [threading.Thread(target=post, args=(n,)) for n in range(4)]
    with working():
        for thread in posting:
            thread.start()
        looks = looked_at(ports, wire)
        over.set()
        for thread in posting:
            thread.join()
        until(lambda: flow.account().waiting == 0 and spools(ports) == 0, 30)
    assert looks > 20
    assert set(sent) == {200}
    found = [numbers(metrics_of(port).body) for port in ports]
    assert sum(each["noroshi_gate_received_total"] for each in found) == len(sent)
    assert all(
        sum(outcomes(each).values()) == each["noroshi_gate_received_total"] for each in found
    )
    assert sum(outcomes(each)["spooled"] for each in found) > 0
    assert sum(outcomes(each)["duplicate"] for each in found) > 0
    entries = flow.account()
    assert entries.unaccounted == 0
    assert entries.stored == Entry.objects.count()
    assert entries.failed == entries.stored, "nobody registered these devices"


def looked_at(ports: tuple[int, int], wire: Wire) -> int:
    """Look at all figures for a while, cutting the gates off in the middle; how often."""
    looks, begun = 0, time.monotonic()
    while (passed_s := time.monotonic() - begun) < LOAD_S:
        if LOAD_S * 0.3 < passed_s < LOAD_S * 0.6:
            wire.cut()
        else:
            wire.mend()
        for port in ports:
            found = numbers(metrics_of(port).body)
            assert found["noroshi_gate_unaccounted"] == 0, found
            waiting = found["noroshi_gate_waiting"]
            assert sum(outcomes(found).values()) + waiting == found["noroshi_gate_received_total"]
        assert flow.account().unaccounted == 0
        looks += 1
        time.sleep(0.02)
    wire.mend()
    return looks


def spools(ports: tuple[int, int]) -> float:
    """Bytes that wait in the spools."""
    return sum(numbers(metrics_of(port).body)["noroshi_gate_spool_bytes"] for port in ports)


@contextlib.contextmanager
def working() -> Iterator[None]:
    """A worker at work meanwhile."""
    told = {"DATABASE_URL": database_url(), "NOROSHI_SECRET_KEY": "x" * 40}
    process = subprocess.Popen(
        [sys.executable, "-m", "noroshi", "work"],
        env=os.environ | told | {"DJANGO_SETTINGS_MODULE": "noroshi.config.settings"},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_the_pulse_carries_the_figures_for_the_office(
    start_gate: Callable[..., RunningGate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noroshi.gate.store.RELOAD_S", 0.1)
    row, token = make_connection("json")
    network = Sender(start_gate().port, token, row)
    assert network.send(uplink(1)).status == 200
    until(lambda: latest().get("stored") == 1)
    told = latest()
    assert told["received"] == 1
    assert told["waiting"] == told["is_spooling"] == told["spool_bytes"] == 0
    assert re.fullmatch(r"[a-z_]+", "".join(told))


def latest() -> dict[str, int]:
    """The figures of the newest pulse of a gate."""
    pulse = Pulse.objects.filter(program="gate").order_by("-seen_at").first()
    return pulse.figures if pulse else {}


def test_what_waits_is_counted_wherever_it_is(
    start_gate: Callable[..., RunningGate], wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_keeper, "SLOW_S", 60.0)
    monkeypatch.setattr(gate_keeper, "WAIT_S_MAX", 60.0)
    row, token = make_connection("json")
    gate = start_gate(database_url=wire.url, metrics_token=TOKEN)
    wire.hold()
    posting = [
        threading.Thread(target=Sender(gate.port, token, row).send, args=(uplink(number),))
        for number in range(5)
    ]
    for thread in posting:
        thread.start()
    until(lambda: numbers(metrics_of(gate.port).body)["noroshi_gate_waiting"] == 5)
    wire.mend()
    for thread in posting:
        thread.join()
    assert numbers(metrics_of(gate.port).body)["noroshi_gate_waiting"] == 0
