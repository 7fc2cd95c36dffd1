"""What the gate says of itself, and whom it holds up."""

from collections.abc import Callable

import psycopg
import pytest

from noroshi.gate import store as gate_store
from noroshi.gate.rate import BURST_S, Buckets
from noroshi.inbox.models import Entry
from tests.gate.conftest import (
    RunningGate,
    Sender,
    ask,
    database_url,
    make_connection,
    request_bytes,
)
from tests.gate.test_program import free_port
from tests.gate.test_spool import until


def test_a_bucket_gives_a_burst_and_then_its_rate() -> None:
    buckets = Buckets(10)
    burst = int(10 * BURST_S)
    assert [buckets.admit(1, 100.0) for _ in range(burst + 3)] == [True] * burst + [False] * 3
    assert buckets.admit(2, 100.0), "one connection's hurry is not another's"
    assert [buckets.admit(1, 100.5) for _ in range(7)] == [True] * 5 + [False] * 2
    assert [buckets.admit(1, 900.0) for _ in range(burst + 1)].count(True) == burst


def test_no_limit_lets_all_pass() -> None:
    buckets = Buckets(0)
    assert all(buckets.admit(1, 0.0) for _ in range(10_000))


def test_a_connection_in_a_hurry_is_told_to_come_back_and_others_are_not(
    start_gate: Callable[..., RunningGate],
) -> None:
    made = [make_connection("json") for _ in range(2)]
    port = start_gate(rate_per_connection=1).port
    hasty, calm = (Sender(port, token, row) for row, token in made)
    told = [hasty.send(b'{"id":"a","counter":%d}' % number) for number in range(8)]
    assert {each.status for each in told} == {200, 429}
    assert {each.headers["retry-after"] for each in told if each.status == 429} == {"1"}
    assert calm.send(b'{"id":"b","counter":1}').status == 200
    taken = sum(each.status == 200 for each in told)
    assert Entry.objects.count() == taken + 1


@pytest.mark.parametrize(("encoding", "status"), [("gzip", 415), ("br", 415), ("Identity", 200)])
def test_a_packed_body_is_refused(
    sender: Callable[..., Sender], encoding: str, status: int
) -> None:
    told = sender("json").send(b'{"id":"a"}', headers={"Content-Encoding": encoding})
    assert told.status == status
    assert Entry.objects.count() == (status == 200)


def test_a_gate_without_a_database_lives_and_is_not_ready(
    start_gate: Callable[..., RunningGate],
) -> None:
    port = start_gate(database_url=f"postgresql://u:p@127.0.0.1:{free_port()}/x").port
    assert ask(port, request_bytes("GET", "/livez")).status == 200
    assert ask(port, request_bytes("GET", "/readyz")).status == 503
    assert ask(port, request_bytes("POST", "/livez")).status == 405


def test_the_pulse_tells_what_became_of_the_uplinks(
    start_gate: Callable[..., RunningGate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_store, "RELOAD_S", 0.1)
    row, token = make_connection("json")
    network = Sender(start_gate().port, token, row)
    for counter in (1, 2, 2):
        assert network.send(b'{"id":"a","counter":%d}' % counter).status == 200
    wanted = "received 3, stored 2, duplicate 1, refused 0, spooled 0, drained 0"

    def note() -> str:
        with psycopg.connect(database_url(), autocommit=True) as pg:
            told = pg.execute(
                "SELECT note FROM base_pulse WHERE program = 'gate' ORDER BY seen_at DESC LIMIT 1"
            ).fetchone()
        return str(told[0]) if told else ""

    until(lambda: note() == wanted)
