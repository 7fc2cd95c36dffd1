"""While PostgreSQL is away, slow or full, uplinks are said yes to once they lie in the spool."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from noroshi.gate import keeper as gate_keeper
from noroshi.gate import spool as gate_spool
from noroshi.inbox.models import Entry
from tests.gate.conftest import (
    RunningGate,
    Sender,
    ask,
    database_url,
    make_connection,
    request_bytes,
)
from tests.gate.test_downlinks import bidir
from tests.gate.test_journal import away, back
from tests.gate.test_program import Start, free_port, start, wait_until_up
from tests.gate.wire import Wire, a_wire

__all__ = ["start"]

PATIENCE_S = 10.0

StartGate = Callable[..., RunningGate]


@pytest.fixture
def wire(transactional_db: None) -> Iterator[Wire]:
    """A wire to the tests' PostgreSQL."""
    with a_wire() as made:
        yield made


@pytest.fixture
def network(start_gate: StartGate, wire: Wire) -> Sender:
    """A sender to a gate that reaches PostgreSQL over the wire."""
    row, token = make_connection("json")
    return Sender(start_gate(database_url=wire.url).port, token, row)


def uplink(number: int, device: str = "a") -> bytes:
    """One uplink; the same number is the same uplink."""
    return b'{"id":"%s","counter":%d}' % (device.encode(), number)


def counters(device: str = "a") -> list[int]:
    """The counters stored of a device, in the order of the journal."""
    rows = Entry.objects.filter(address=device).order_by("id").values_list("body", flat=True)
    return [json.loads(bytes(body))["counter"] for body in rows]


def until(is_so: Callable[[], bool], seconds: float = PATIENCE_S) -> float:
    """Wait until something is so; returns how long it took."""
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


def said_ready(port: int) -> tuple[int, bytes]:
    """What the gate says of itself."""
    told = ask(port, request_bytes("GET", "/readyz"))
    return told.status, told.body


def test_uplinks_of_an_outage_are_said_yes_to_and_stored_once_in_their_order(
    network: Sender, wire: Wire
) -> None:
    assert network.send(uplink(0)).status == 200
    wire.cut()
    for number in range(1, 30):
        assert network.send(uplink(number)).status == 200
    assert said_ready(network.port) == (200, b"spooling\n")
    assert Entry.objects.count() == 1
    wire.mend()
    until(lambda: Entry.objects.count() == 30)
    assert counters() == list(range(30))
    until(lambda: said_ready(network.port) == (200, b"ok\n"))
    assert network.send(uplink(30)).status == 200
    assert counters() == list(range(31))


def test_the_same_uplink_before_during_and_after_an_outage_is_one(
    network: Sender, wire: Wire
) -> None:
    assert network.send(uplink(0)).status == 200
    wire.cut()
    for number in (0, 1, 1, 0):
        assert network.send(uplink(number)).status == 200
    wire.mend()
    until(lambda: Entry.objects.count() == 2)
    assert network.send(uplink(1)).status == 200
    assert counters() == [0, 1]


def test_a_slow_database_is_waited_for_a_second_and_no_longer(network: Sender, wire: Wire) -> None:
    assert network.send(uplink(0)).status == 200
    wire.hold()
    begun = time.monotonic()
    assert network.send(uplink(1)).status == 200
    assert 0.9 < time.monotonic() - begun < 2.5
    begun = time.monotonic()
    assert network.send(uplink(2)).status == 200
    assert time.monotonic() - begun < 0.9
    wire.mend()
    until(lambda: Entry.objects.count() == 3)
    assert counters() == [0, 1, 2]


def test_a_journal_locked_by_others_or_refusing_rows_is_an_outage(
    start_gate: StartGate,
) -> None:
    row, token = make_connection("json")
    network = Sender(start_gate().port, token, row)
    with psycopg.connect(database_url()) as other:
        other.execute("LOCK TABLE inbox_entry IN SHARE MODE")
        assert network.send(uplink(0)).status == 200
        assert network.send(uplink(1)).status == 200
    until(lambda: Entry.objects.count() == 2)
    away("RENAME TO inbox_entry_away")
    try:
        assert network.send(uplink(2)).status == 200
    finally:
        back()
    until(lambda: Entry.objects.count() == 3)
    assert counters() == [0, 1, 2]


@pytest.mark.parametrize("outage_s", [0.3, 3.0])
def test_the_first_uplink_is_stored_within_two_seconds_after_an_outage_of_any_length(
    network: Sender, wire: Wire, outage_s: float
) -> None:
    assert network.send(uplink(0)).status == 200
    wire.cut()
    time.sleep(outage_s)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(network.send, uplink(1))
        wire.mend()
        assert until(lambda: Entry.objects.count() == 2) < 2.0
        assert sent.result().status == 200


def test_a_gate_killed_with_a_filled_spool_loses_nothing(
    start: Start, wire: Wire, tmp_path: Path
) -> None:
    _row, token = make_connection("json")
    port = free_port()
    process = start(port, DATABASE_URL=wire.url)
    wait_until_up(port)
    wire.cut()

    def post(number: int) -> int:
        body = uplink(number, f"d{number % 8}")
        return ask(port, request_bytes("POST", f"/in/{token}", body)).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, range(300))) == {200}
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)
    assert Entry.objects.count() == 0
    wire.mend()
    again = start(port, DATABASE_URL=wire.url)
    until(lambda: Entry.objects.count() == 300, 20)
    wait_until_up(port)
    until(lambda: list(tmp_path.glob("spool/*/*.spool1")) == [])
    ended(again)
    assert Entry.objects.values("key").distinct().count() == 300


def ended(process: "subprocess.Popen[str]") -> None:
    """Ask a gate to stop."""
    process.terminate()
    assert process.wait(PATIENCE_S) == 0


def test_two_gates_spool_apart_and_both_are_drained(start_gate: StartGate, wire: Wire) -> None:
    row, token = make_connection("json")
    gates = [Sender(start_gate(database_url=wire.url).port, token, row) for _ in range(2)]
    wire.cut()
    for number in range(20):
        assert gates[number % 2].send(uplink(number)).status == 200
    wire.mend()
    until(lambda: Entry.objects.count() == 20)
    assert counters()[::2] != counters()
    assert [n for n in counters() if n % 2] == list(range(1, 20, 2))
    assert [n for n in counters() if not n % 2] == list(range(0, 20, 2))


def test_a_full_spool_sends_senders_away_and_keeps_its_word_to_the_others(
    start_gate: StartGate, wire: Wire
) -> None:
    row, token = make_connection("json")
    network = Sender(start_gate(database_url=wire.url, spool_bytes_max=2000).port, token, row)
    wire.cut()
    answers = [network.send(uplink(number)) for number in range(40)]
    taken = [number for number, each in enumerate(answers) if each.status == 200]
    assert taken
    assert {each.status for each in answers} == {200, 503}
    assert {each.headers["retry-after"] for each in answers if each.status == 503} == {"2"}
    assert said_ready(network.port)[0] == 503
    wire.mend()
    until(lambda: Entry.objects.count() == len(taken))
    assert counters() == taken
    until(lambda: network.send(uplink(99)).status == 200)


def test_a_spool_whose_disk_fails_says_no(
    network: Sender, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(5, "a failing disk")

    wire.cut()
    with monkeypatch.context() as patch:
        patch.setattr(gate_spool.os, "fdatasync", fail)
        assert network.send(uplink(0)).status == 503
    assert network.send(uplink(1)).status == 200
    wire.mend()
    until(lambda: Entry.objects.count() == 1)
    assert counters() == [1]


def test_order_and_word_are_kept_under_load_while_the_database_comes_and_goes(
    start_gate: StartGate, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_keeper, "SLOW_S", 0.2)
    row, token = make_connection("json")
    gate = start_gate(database_url=wire.url)
    end = time.monotonic() + 6

    def post(device: int) -> int:
        sender = Sender(gate.port, token, row)
        number = 0
        while time.monotonic() < end:
            assert sender.send(uplink(number, f"d{device}")).status == 200
            number += 1
        return number

    with ThreadPoolExecutor(6) as pool:
        posting = [pool.submit(post, device) for device in range(6)]
        while time.monotonic() < end - 1:
            wire.cut()
            time.sleep(0.6)
            wire.mend()
            time.sleep(0.6)
        counts = [each.result() for each in posting]
    until(lambda: Entry.objects.count() >= sum(counts))
    for device, count in enumerate(counts):
        assert counters(f"d{device}") == list(range(count))
    assert gate.gate is not None
    told = gate.gate.keeper.counts
    assert told.received == sum(counts) == told.stored + told.duplicate + told.spooled
    assert told.refused == 0
    assert 0 < told.spooled <= told.drained


def test_a_device_that_asks_for_a_downlink_hears_no_during_an_outage(
    start_gate: StartGate, wire: Wire
) -> None:
    row, token = make_connection("sigfox")
    network = Sender(start_gate(database_url=wire.url).port, token, row)
    wire.cut()
    begun = time.monotonic()
    told = network.send(bidir(), tail="/bidir")
    assert (told.status, told.body) == (204, b"")
    assert time.monotonic() - begun < 3
    wire.mend()
    until(lambda: Entry.objects.count() == 1)


def test_unknown_addresses_stay_unknown_during_an_outage(network: Sender, wire: Wire) -> None:
    wire.cut()
    assert network.send(uplink(0)).status == 200
    assert ask(network.port, request_bytes("POST", "/in/nobody", b"{}")).status == 404
    wire.mend()
    until(lambda: Entry.objects.count() == 1)


def test_a_gate_that_finds_nothing_but_a_torn_tail_goes_on(
    start_gate: StartGate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    row, token = make_connection("json")
    for number in range(20):
        file = tmp_path / "spool" / "0" / f"{number + 1:012d}.spool1"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"torn")
    network = Sender(start_gate().port, token, row)
    assert network.send(uplink(0)).status == 200
    until(lambda: said_ready(network.port) == (200, b"ok\n"))
    assert caplog.text.count("torn tail, 4 bytes") == 20
    assert list(tmp_path.glob("spool/*/*.spool1")) == []
