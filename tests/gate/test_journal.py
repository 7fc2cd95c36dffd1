"""What the gate has said yes to is in the journal: in order, once, through outages and bad rows."""

import asyncio
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import uvloop
from psycopg import sql

from noroshi.gate import bell as gate_bell
from noroshi.gate import keeper as gate_keeper
from noroshi.gate import writer as gate_writer
from noroshi.gate.bell import ANY, NEVER, NEW, Bell
from noroshi.gate.keeper import Full, Keeper, TooLate
from noroshi.gate.row import Row
from noroshi.gate.spool import Spool
from noroshi.gate.writer import Refused, Writer, Written
from noroshi.inbox.models import Entry
from tests.database import owner_url
from tests.gate.conftest import (
    RunningGate,
    Sender,
    connect_to,
    database_url,
    make_connection,
    read_response,
    request_bytes,
)

LOAD_S = 2.0
CLIENTS = 8


def row_of(number: int, **changes: object) -> Row:
    """A row like no other."""
    key = uuid.UUID(bytes=(1_750_000_000_000 + number).to_bytes(6, "big") + uuid.uuid4().bytes[:10])
    now = datetime.now(UTC)
    return Row(key, number % 16, 1, now, "up", "A", "text/plain", "", b"x" * 2000)._replace(
        **changes
    )


def test_ids_become_visible_in_their_order_over_two_gates(
    start_gate: Callable[[], RunningGate],
) -> None:
    _row, token = make_connection("json")
    gates = [start_gate(), start_gate()]
    until = time.monotonic() + LOAD_S

    def post(client_number: int) -> int:
        """Post until the time is over; returns how many were answered with 200."""
        answered = 0
        with closing(connect_to(gates[client_number % 2].port)) as client:
            while time.monotonic() < until:
                body = b'{"id":"%d","counter":%d}' % (client_number, answered)
                client.sendall(request_bytes("POST", f"/in/{token}", body))
                assert read_response(client)[0].status == 200
                answered += 1
        return answered

    looks = 0
    with (
        ThreadPoolExecutor(CLIENTS) as pool,
        psycopg.connect(database_url(), autocommit=True) as reader,
    ):
        posting = [pool.submit(post, number) for number in range(CLIENTS)]
        highest, count = 0, 0
        while not all(each.done() for each in posting):
            seen = reader.execute(
                "SELECT count(*) FILTER (WHERE id <= %s), count(*), coalesce(max(id), 0) "
                "FROM inbox_entry",
                [highest],
            ).fetchone()
            assert seen is not None
            assert seen[0] == count, "an id became visible after a higher one"
            _, count, highest = seen
            looks += 1
        answered = sum(each.result() for each in posting)
    assert looks > 20
    assert answered > 200
    assert Entry.objects.count() == answered


def run_with_keeper(story: Callable[[Keeper], object], url: str) -> None:
    """Run an async story against a keeper at work, without a spool."""

    async def tell() -> None:
        keeper = Keeper(Writer(url), Spool(Path("/nowhere"), 0))
        writing = asyncio.create_task(keeper.run())
        try:
            await story(keeper)  # type: ignore[misc]
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    uvloop.run(tell())


def test_a_row_that_postgresql_refuses_does_not_take_others_with_it(
    transactional_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [row_of(number) for number in range(40)]
    rows[7] = rows[7]._replace(address="nul \0 in text")
    rows[23] = rows[23]._replace(connection_id=1 << 40)
    rows[31] = rows[31]._replace(event="half \ud800 of a pair")

    async def story(keeper: Keeper) -> None:
        done = await asyncio.gather(*map(keeper.put, rows), return_exceptions=True)
        failed = {number for number, each in enumerate(done) if isinstance(each, Refused)}
        assert failed == {7, 23, 31}
        assert {type(each) for each in done} == {type(None), Refused}
        assert keeper.is_up

    run_with_keeper(story, database_url())
    stored = set(Entry.objects.values_list("key", flat=True))
    assert stored == {row.key for n, row in enumerate(rows) if n not in {7, 23, 31}}
    assert caplog.text.count("refused") == 3


def test_the_same_key_twice_in_one_batch_is_one_row(transactional_db: None) -> None:
    row = row_of(1)

    async def story(keeper: Keeper) -> None:
        await asyncio.gather(*[keeper.put(row) for _ in range(5)])

    run_with_keeper(story, database_url())
    assert Entry.objects.count() == 1


def test_rows_wait_for_a_database_that_comes_back_and_fail_when_it_does_not(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_keeper, "WAIT_S_MAX", 1.5)
    rows = [row_of(number) for number in range(3)]

    async def story(keeper: Keeper) -> None:
        await keeper.put(rows[0])
        away("RENAME TO inbox_entry_away")
        waits = keeper.put(rows[1])
        await asyncio.sleep(0.6)
        assert not waits.done()
        assert not keeper.is_up
        back()
        await waits
        assert keeper.is_up
        away("RENAME TO inbox_entry_away")
        with pytest.raises(TooLate):
            await keeper.put(rows[2])
        back()

    run_with_keeper(story, database_url())
    assert set(Entry.objects.values_list("key", flat=True)) == {rows[0].key, rows[1].key}


def test_a_cut_connection_to_the_database_is_made_again_within_two_seconds(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    assert network.send(b'{"id":"a","counter":1}').status == 200
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'noroshi gate' AND datname = current_database()"
        )
    begun = time.monotonic()
    assert network.send(b'{"id":"a","counter":2}').status == 200
    assert time.monotonic() - begun < 2.0
    assert Entry.objects.count() == 2


def test_a_connection_cut_while_a_statement_is_prepared_is_an_outage_like_any_other(
    sender: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gate_writer.Writer._insert
    cuts = [psycopg.OperationalError("the connection is lost")]

    async def cut_once(writer: gate_writer.Writer, *rest: object) -> Written:
        if cuts:
            raise cuts.pop()
        return await whole(writer, *rest)

    monkeypatch.setattr(gate_writer.Writer, "_insert", cut_once)
    assert sender("json").send(b'{"id":"a","counter":1}').status == 200
    assert Entry.objects.count() == 1


def test_when_too_much_waits_the_sender_is_told_to_come_back(
    start_gate: Callable[..., RunningGate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_keeper, "WAITING_ROWS_MAX", 2)
    monkeypatch.setattr(gate_keeper, "WAIT_S_MAX", 1.0)
    row, token = make_connection("json")
    network = Sender(start_gate(spool_bytes_max=0).port, token, row)
    away("RENAME TO inbox_entry_away")
    try:
        with ThreadPoolExecutor(8) as pool:
            bodies = [b'{"id":"a","counter":%d}' % number for number in range(8)]
            refused = list(pool.map(network.send, bodies))
    finally:
        back()
    assert {each.status for each in refused} == {503}
    assert {each.headers["retry-after"] for each in refused} == {"2"}
    until = time.monotonic() + 5
    while network.send(b'{"id":"a","counter":99}').status != 200:
        assert time.monotonic() < until


def test_the_bytes_that_wait_are_bounded_too(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_keeper, "WAITING_BYTES_MAX", 5000)

    async def story(keeper: Keeper) -> None:
        first = [keeper.put(row_of(number)) for number in range(3)]
        with pytest.raises(Full):
            keeper.put(row_of(4))
        await asyncio.gather(*first)
        await keeper.put(row_of(5))

    run_with_keeper(story, database_url())
    assert Entry.objects.count() == 4


def test_the_spine_is_told_of_new_rows_and_not_of_repetitions(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    with psycopg.connect(database_url(), autocommit=True) as spine:
        spine.execute("LISTEN noroshi_inbox")
        assert network.send(b'{"id":"a","counter":1}').status == 200
        assert len(list(spine.notifies(timeout=2, stop_after=1))) == 1
        assert network.send(b'{"id":"a","counter":1}').status == 200
        assert list(spine.notifies(timeout=0.3)) == []


def test_many_rows_are_told_in_one_notice_and_the_last_are_not_forgotten(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_bell, "NOTICE_S", 0.5)

    async def story(keeper: Keeper) -> None:
        for number in range(6):
            await keeper.put(row_of(number))
        assert heard(0.1) == 1
        await asyncio.sleep(1.2)

    with psycopg.connect(database_url(), autocommit=True) as spine:

        def heard(wait_s: float) -> int:
            return len(list(spine.notifies(timeout=wait_s)))

        spine.execute("LISTEN noroshi_inbox")
        run_with_keeper(story, database_url())
        assert heard(0.5) == 1


def test_what_was_owed_in_an_outage_is_told_by_the_next_statement_whatever_is_new() -> None:
    async def story() -> None:
        rings: list[None] = []
        bell = Bell(lambda: rings.append(None))
        assert bell.least() == NEW
        bell.note(NEW, 0)
        assert bell.least() == NEW, "a repetition is no news"
        bell.note(NEW, 3)
        assert bell.least() == NEVER
        bell.note(NEVER, 2)
        bell.hush()
        await asyncio.sleep(3 * gate_bell.NOTICE_S)
        assert (rings, bell.least()) == ([], ANY)
        bell.note(ANY, 0)
        assert not bell.is_owing

    asyncio.run(story())


def test_repetitions_among_new_rows_are_counted_and_the_others_are_kept(
    transactional_db: None,
) -> None:
    rows = [row_of(number) for number in range(30)]

    async def story(keeper: Keeper) -> None:
        for some in (rows[:10], rows[5:20], rows[15:], rows):
            await asyncio.gather(*map(keeper.put, some))
        assert (keeper.counts.stored, keeper.counts.duplicate) == (30, 40)

    run_with_keeper(story, database_url())
    assert set(Entry.objects.values_list("key", flat=True)) == {row.key for row in rows}


def away(change: str) -> None:
    """Make the journal unusable, as an outage does."""
    with psycopg.connect(owner_url(), autocommit=True) as other:
        other.execute(sql.SQL("ALTER TABLE inbox_entry " + change))  # type: ignore[arg-type]


def back() -> None:
    """End the outage."""
    with psycopg.connect(owner_url(), autocommit=True) as other:
        other.execute("ALTER TABLE inbox_entry_away RENAME TO inbox_entry")
