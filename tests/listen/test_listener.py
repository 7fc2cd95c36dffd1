"""What a broker has is stored once, and acknowledged only when it is durable."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from noroshi.inbox.models import Connection, Entry, Listening
from noroshi.inbox.sealing import sealer
from tests.gate.conftest import database_url
from tests.gate.wire import Wire, a_wire
from tests.listen.broker import TestBroker
from tests.listen.conftest import (
    KEYS,
    StartListener,
    counters,
    is_listening,
    running,
    state_of,
    stored,
    subscribe,
    until,
)
from tests.listen.publisher import publish, publisher, uplink

StartProgram = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def wire(transactional_db: None) -> Iterator[Wire]:
    """A wire to the tests' PostgreSQL."""
    with a_wire() as made:
        yield made


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_messages_of_wildcard_topics_are_stored_in_order_with_their_topic(
    broker: TestBroker, start_listener: StartListener, version: str
) -> None:
    row = subscribe(broker.port, version=version)
    start_listener()
    until(lambda: is_listening(row))
    topics = [uplink(number, f"01010000000000{number % 7:02d}") for number in range(100)]
    publish(broker.port, [*topics, ("application/a1/other", b"not asked for")])
    until(lambda: stored() == 100)
    assert counters() == list(range(100))
    entry = Entry.objects.order_by("id").last()
    assert entry is not None
    assert (entry.event, entry.address, entry.connection_id) == ("up", "0101000000000001", row.pk)
    assert entry.query == "topic=application/a1/device/0101000000000001/event/up"
    until(lambda: Listening.objects.get(pk=row.pk).messages == 100)


def test_a_message_that_comes_again_is_stored_once(
    broker: TestBroker, start_listener: StartListener
) -> None:
    row = subscribe(broker.port)
    start_listener()
    until(lambda: is_listening(row))
    publish(broker.port, [uplink(1), uplink(1), uplink(2), uplink(1)])
    until(lambda: Listening.objects.get(pk=row.pk).messages == 4)
    assert counters() == [1, 2]


def test_what_was_sent_while_nobody_listened_comes_afterwards(
    broker: TestBroker, start_listener: StartListener
) -> None:
    row = subscribe(broker.port)
    first = start_listener()
    until(lambda: is_listening(row))
    first.stop()
    publish(broker.port, [uplink(number) for number in range(50)])
    assert stored() == 0
    start_listener()
    until(lambda: stored() == 50)
    assert counters() == list(range(50))


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_listener_killed_under_full_load_loses_nothing_and_stores_nothing_twice(
    broker: TestBroker, start_program: StartProgram, version: str
) -> None:
    count, kills = 20_000, 4
    row = subscribe(broker.port, version=version)
    program = start_program()
    until(lambda: is_listening(row))
    load = threading.Thread(
        target=publish, args=(broker.port, [uplink(number) for number in range(count)])
    )
    load.start()
    for turn in range(1, kills + 1):
        until_stored(turn * count // (kills + 2))
        program.send_signal(signal.SIGKILL)
        program.wait(5)
        program = start_program()
    load.join(60)
    until_stored(count)
    time.sleep(0.5)
    assert sorted(counters()) == list(range(count))


def until_stored(count: int) -> None:
    """Wait for so many entries."""
    until(lambda: stored() >= count, 60)


def test_while_the_database_is_away_messages_go_to_the_spool_and_then_to_the_journal(
    broker: TestBroker, start_listener: StartListener, wire: Wire, tmp_path: Path
) -> None:
    row = subscribe(broker.port)
    start_listener(database_url=wire.url)
    until(lambda: is_listening(row))
    publish(broker.port, [uplink(0)])
    until(lambda: stored() == 1)
    wire.cut()
    publish(broker.port, [uplink(number) for number in range(1, 200)])
    until(lambda: spooled_bytes(tmp_path) > 40_000)
    assert stored() == 1
    wire.mend()
    until(lambda: stored() == 200)
    assert counters() == list(range(200))
    until(lambda: list(tmp_path.glob("spool/*/*.spool1")) == [])
    publish(broker.port, [uplink(200)])
    until(lambda: stored() == 201)


def spooled_bytes(folder: Path) -> int:
    """How much lies in the spools."""
    return sum(file.stat().st_size for file in folder.glob("spool/*/*.spool1"))


def test_without_a_spool_nothing_is_acknowledged_before_the_database_has_it(
    broker: TestBroker, start_listener: StartListener, wire: Wire
) -> None:
    row = subscribe(broker.port)
    listener = start_listener(database_url=wire.url, spool_bytes_max=0)
    until(lambda: is_listening(row))
    wire.cut()
    publish(broker.port, [uplink(number) for number in range(20)])
    time.sleep(0.5)
    listener.stop()
    assert stored() == 0
    wire.mend()
    start_listener(database_url=wire.url, spool_bytes_max=0)
    until(lambda: stored() == 20)
    assert counters() == list(range(20))


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_broker_that_starts_again_is_found_again_and_nothing_is_lost(
    broker: TestBroker, start_listener: StartListener, version: str
) -> None:
    row = subscribe(broker.port, version=version)
    start_listener()
    until(lambda: is_listening(row))
    publish(broker.port, [uplink(0)])
    until(lambda: stored() == 1)
    broker.stop()
    until(lambda: state_of(row) == ("waiting", "unreachable"))
    broker.start()
    publish(broker.port, [uplink(number) for number in range(1, 30)])
    assert until(lambda: stored() == 30) < 6
    assert counters() == list(range(30))
    until(lambda: state_of(row) == ("listening", ""))


def test_a_broker_that_forgot_the_session_is_told_of(
    broker: TestBroker, start_listener: StartListener
) -> None:
    row = subscribe(broker.port)
    start_listener()
    until(lambda: is_listening(row))
    broker.stop()
    (broker.folder / "mosquitto.db").unlink()
    broker.start()
    until(lambda: state_of(row) == ("listening", "no_session"))


def test_two_listeners_share_nothing_and_one_takes_over_when_the_other_dies(
    broker: TestBroker, start_program: StartProgram
) -> None:
    row = subscribe(broker.port)
    programs = [start_program(), start_program()]
    until(lambda: is_listening(row))
    time.sleep(3)  # more than one round of both
    log = (broker.folder / "mosquitto.log").read_text()
    assert log.count(f"as noroshi-{row.pk} ") == 1
    holder = holders()
    assert len(holder) == 1
    publish(broker.port, [uplink(0)])
    until(lambda: stored() == 1)
    first = [each for each in programs if each.pid in pids_at(broker.port)]
    assert len(first) == 1
    first[0].send_signal(signal.SIGKILL)
    first[0].wait(5)
    publish(broker.port, [uplink(number) for number in range(1, 10)])
    assert until(lambda: stored() == 10) < 6
    assert holders() != holder


def holders() -> list[int]:
    """The server processes that hold a listener's turn."""
    with psycopg.connect(database_url()) as pg:
        rows = pg.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s", [0x6E6D]
        ).fetchall()
    return [row[0] for row in rows]


def pids_at(port: int) -> set[int]:
    """The processes that have a connection to this port."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[2].endswith(f":{port:04X}") and fields[3] == "01":
            inodes.add(f"socket:[{fields[9]}]")
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target in inodes:
            found.add(int(link.parts[2]))
    return found


def test_a_message_too_big_is_passed_over_and_those_behind_it_come(
    broker: TestBroker, start_listener: StartListener
) -> None:
    row = subscribe(broker.port)
    start_listener()
    until(lambda: is_listening(row))
    topic, _body = uplink(0)
    publish(broker.port, [uplink(1), (topic, b"x" * 300_000), uplink(2)])
    until(lambda: stored() == 2)
    assert counters() == [1, 2]
    until(lambda: Listening.objects.get(pk=row.pk).passed_over == 1)
    assert state_of(row) == ("listening", "")


def test_what_is_no_uplink_is_kept_for_the_office_and_stops_nothing(
    broker: TestBroker, start_listener: StartListener
) -> None:
    row = subscribe(broker.port)
    start_listener()
    until(lambda: is_listening(row))
    topic, _body = uplink(0)
    publish(broker.port, [(topic, b"\x00\xff no JSON"), (topic, b""), uplink(1)])
    until(lambda: stored() == 3)
    assert Entry.objects.filter(address="").count() == 2


def test_retained_messages_are_not_taken_for_new_ones(
    broker: TestBroker, start_listener: StartListener
) -> None:
    publish(broker.port, [uplink(7)], retain=True)
    row = subscribe(broker.port, version="3.1.1")
    start_listener()
    until(lambda: is_listening(row))
    until(lambda: Listening.objects.get(pk=row.pk).passed_over == 1)
    publish(broker.port, [uplink(8)], retain=True)
    until(lambda: stored() == 1)
    assert counters() == [8]


def test_messages_of_qos_0_are_taken_as_they_come(
    broker: TestBroker, start_listener: StartListener
) -> None:
    row = subscribe(broker.port)
    start_listener()
    until(lambda: is_listening(row))
    publish(broker.port, [uplink(number) for number in range(20)], qos=0)
    until(lambda: stored() == 20)


def test_a_wrong_password_is_told_and_the_right_one_tried_at_once(
    start_listener: StartListener, tmp_path: Path
) -> None:
    passwords = tmp_path / "passwords"
    command = ["/usr/bin/mosquitto_passwd", "-b", "-c", str(passwords), "noroshi", "right"]
    with running(closed_broker(tmp_path, command, passwords)) as closed:
        row = subscribe(closed.port, user="noroshi", password="wrong")
        start_listener()
        until(lambda: state_of(row) in {("waiting", "login"), ("waiting", "not_allowed")})
        change_password(row, "right")
        assert until(lambda: is_listening(row)) < 5
        with publisher(closed.port, user="noroshi", password="right") as network:
            network.publish(*uplink(1), 1).wait_for_publish(5)
        until(lambda: stored() == 1)


def closed_broker(folder: Path, command: list[str], passwords: Path) -> TestBroker:
    """A broker that lets in who knows the password."""
    made = TestBroker(folder / "closed", f"password_file {passwords}", is_open=False)
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no mosquitto on this machine (apt-get install mosquitto)")
    return made


def change_password(row: Connection, password: str) -> None:
    """As the office does."""
    with psycopg.connect(database_url(), autocommit=True) as pg:
        sealed = sealer(KEYS).seal(password)
        pg.execute(
            "UPDATE inbox_broker SET sealed_password = %s WHERE connection_id = %s",
            [sealed, row.pk],
        )
        pg.execute("SELECT pg_notify('noroshi_connections', '')")


def test_a_connection_that_is_closed_is_left_and_one_that_is_changed_is_begun_anew(
    broker: TestBroker, start_listener: StartListener
) -> None:
    row = subscribe(broker.port)
    start_listener()
    until(lambda: is_listening(row))
    with psycopg.connect(database_url(), autocommit=True) as pg:
        pg.execute(
            "UPDATE inbox_broker SET topics = ARRAY['b/#'] WHERE connection_id = %s", [row.pk]
        )
        pg.execute("SELECT pg_notify('noroshi_connections', '')")
    until(lambda: (broker.folder / "mosquitto.log").read_text().count(f"as noroshi-{row.pk} ") == 2)
    until(lambda: is_listening(row))
    publish(broker.port, [("b/c", uplink(1)[1])])
    until(lambda: stored() == 1)
    with psycopg.connect(database_url(), autocommit=True) as pg:
        pg.execute("UPDATE inbox_connection SET is_open = false WHERE id = %s", [row.pk])
        pg.execute("SELECT pg_notify('noroshi_connections', '')")
    until(lambda: holders() == [])
    publish(broker.port, [("b/c", uplink(2)[1])])
    time.sleep(0.3)
    assert stored() == 1
