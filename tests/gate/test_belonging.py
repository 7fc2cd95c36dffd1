"""A gate and its database: known again by its mark, remembered while it is away."""

import asyncio
import contextlib
import socket
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from noroshi.gate import keeper as gate_keeper
from noroshi.gate import store as gate_store
from noroshi.inbox.models import Entry
from tests.acting import act_as_pipeline
from tests.gate.conftest import (
    RunningGate,
    Sender,
    ask,
    database_url,
    make_connection,
    request_bytes,
)
from tests.gate.test_spool import counters, said_ready, until, uplink
from tests.gate.wire import Wire, a_wire

StartGate = Callable[..., RunningGate]


@pytest.fixture
def wire(transactional_db: None) -> Iterator[Wire]:
    """A wire to the tests' PostgreSQL."""
    with a_wire() as made:
        yield made


def put_mark(mark: object) -> object:
    """Make the database look like another one; returns what it was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT mark FROM base_installation")
        (former,) = cursor.fetchone()
        cursor.execute("SET ROLE NONE")
        cursor.execute("UPDATE base_installation SET mark = %s", [mark])
        act_as_pipeline()
    return former


@contextlib.contextmanager
def another_database() -> Iterator[None]:
    """Meanwhile the database has the mark of another one."""
    former = put_mark(uuid.uuid4())
    try:
        yield
    finally:
        put_mark(former)


def left_in(place: Path) -> int:
    """How many files wait in all folders of a place."""
    return len(list(place.glob("spool/*/*.spool1")))


def test_a_gate_started_while_the_database_is_away_takes_in_for_the_connections_it_knew(
    start_gate: StartGate, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    key = b"key:secret"
    row, token = make_connection(
        "json", factor="basic", factor_hash=sha256(b"Basic " + b64encode(key)).digest()
    )
    shown = {"Authorization": f"Basic {b64encode(key).decode()}"}
    first = start_gate(database_url=wire.url)
    assert Sender(first.port, token, row, shown).send(uplink(0)).status == 200
    first.stop()
    wire.cut()
    again = start_gate(database_url=wire.url)
    assert said_ready(again.port)[0] == 200
    network = Sender(again.port, token, row, shown)
    assert [network.send(uplink(number)).status for number in (1, 2)] == [200, 200]
    assert Sender(again.port, token, row).send(uplink(3)).status == 401
    assert ask(again.port, request_bytes("POST", "/in/nobody", b"{}")).status == 404
    assert "going by the 1 connections known last" in caplog.text
    wire.mend()
    until(lambda: Entry.objects.count() == 3)
    assert counters() == [0, 1, 2]
    assert network.send(uplink(3)).status == 200


def test_a_connection_closed_by_the_office_is_not_remembered(
    start_gate: StartGate, wire: Wire, tmp_path: Path
) -> None:
    row, token = make_connection("json")
    first = start_gate(database_url=wire.url)
    assert Sender(first.port, token, row).send(uplink(0)).status == 200
    book = tmp_path / "spool" / "connections"
    had = book.read_bytes()
    row.is_open = False
    row.save()
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY noroshi_connections")
    until(lambda: book.read_bytes() != had)
    first.stop()
    wire.cut()
    again = start_gate(database_url=wire.url)
    assert Sender(again.port, token, row).send(uplink(1)).status == 404


def test_a_spool_is_not_carried_to_another_database_and_waits_for_its_own(
    start_gate: StartGate, wire: Wire, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    row, token = make_connection("json")
    first = start_gate(database_url=wire.url)
    network = Sender(first.port, token, row)
    assert network.send(uplink(0)).status == 200
    wire.cut()
    assert [network.send(uplink(number)).status for number in (1, 2)] == [200, 200]
    first.stop()
    with another_database():
        wire.mend()
        second = start_gate(database_url=wire.url)
        assert Sender(second.port, token, row).send(uplink(9)).status == 200
        assert counters() == [0, 9]
        assert left_in(tmp_path) > 0
        assert "belong to another database" in caplog.text
        second.stop()
    third = start_gate(database_url=wire.url)
    until(lambda: Entry.objects.count() == 4)
    assert counters() == [0, 9, 1, 2]
    until(lambda: said_ready(third.port) == (200, b"ok\n"))
    assert left_in(tmp_path) == 0


def test_a_database_exchanged_behind_a_running_gate_gets_nothing_of_the_other_s(
    start_gate: StartGate, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_store, "RELOAD_S", 0.1)
    row, token = make_connection("json")
    network = Sender(start_gate(database_url=wire.url).port, token, row)
    assert network.send(uplink(0)).status == 200
    wire.cut()
    assert network.send(uplink(1)).status == 200
    with another_database():
        wire.mend()
        until(lambda: said_ready(network.port) == (200, b"ok\n"))
        assert network.send(uplink(2)).status == 200
        assert counters() == [0, 2]
        assert left_in(tmp_path) > 0
    until(lambda: Entry.objects.count() == 3)
    assert counters() == [0, 2, 1]
    until(lambda: left_in(tmp_path) == 0)
    assert network.send(uplink(3)).status == 200


def test_a_gate_that_runs_carries_what_a_dead_one_left(
    start_gate: StartGate, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_keeper, "ADOPT_S", 0.2)
    row, token = make_connection("json")
    living = start_gate()
    dying = start_gate(database_url=wire.url)
    wire.cut()
    for number in range(5):
        assert Sender(dying.port, token, row).send(uplink(number)).status == 200
    assert left_in(tmp_path) > 0
    dying.stop()
    until(lambda: Entry.objects.count() == 5)
    assert counters() == list(range(5))
    until(lambda: said_ready(living.port) == (200, b"ok\n"))
    assert left_in(tmp_path) == 0
    assert Sender(living.port, token, row).send(uplink(5)).status == 200


def test_a_network_that_vanished_without_a_word_is_noticed(wire: Wire) -> None:
    async def options() -> list[int]:
        made = await gate_store.connected(wire.url)
        told = [
            made._transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_USER_TIMEOUT)
        ]
        await made.close()
        return told

    assert asyncio.run(options()) == [gate_store.SILENT_S, gate_store.DEAD_MS]
    params = connection.get_connection_params()
    assert params["tcp_user_timeout"] == gate_store.DEAD_MS
    with psycopg.connect(database_url()) as plain:
        assert plain.execute("SHOW tcp_keepalives_idle").fetchone() is not None
