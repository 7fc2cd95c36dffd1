"""A fault of ours costs one answer: its sender hears of it, and all others are served on."""

from collections.abc import Callable
from contextlib import closing

import pytest

from noroshi.gate import intake
from noroshi.gate.keeper import Keeper
from noroshi.gate.row import Row
from noroshi.inbox.models import Entry
from noroshi.networks.uplink import Arrival, Identity
from tests.gate.conftest import (
    Sender,
    connect_to,
    database_url,
    read_response,
    request_bytes,
)
from tests.gate.test_journal import row_of, run_with_keeper

FATAL = b'{"id":"b","counter":1}'


@pytest.fixture
def clumsy(sender: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch) -> Sender:
    """A network of whose uplinks one drives our code into a fault."""
    whole = intake.row_of

    def clumsy_row_of(kind: str, arrival: Arrival) -> tuple[Row, Identity | None]:
        if arrival.body == FATAL:
            raise RuntimeError("our own fault")
        return whole(kind, arrival)

    monkeypatch.setattr(intake, "row_of", clumsy_row_of)
    return sender("json")


@pytest.mark.parametrize("known", [False, True])
def test_a_fault_of_ours_is_answered_with_500_whether_the_head_is_known_or_not(
    clumsy: Sender, caplog: pytest.LogCaptureFixture, *, known: bool
) -> None:
    target = f"/in/{clumsy.token}"
    with closing(connect_to(clumsy.port)) as client:
        if known:
            client.sendall(request_bytes("POST", target, b'{"id":"a","counter":1}'))
            assert read_response(client)[0].status == 200
        client.sendall(request_bytes("POST", target, FATAL))
        response, rest = read_response(client)
        assert (response.status, response.headers["connection"], rest) == (500, "close", b"")
        assert client.recv(1) == b""
    assert "our own fault" in caplog.text
    assert clumsy.send(b'{"id":"a","counter":2}').status == 200
    assert Entry.objects.count() == 1 + known


def test_a_fault_of_ours_does_not_take_earlier_answers_of_the_line_with_it(clumsy: Sender) -> None:
    target = f"/in/{clumsy.token}"
    good = request_bytes("POST", target, b'{"id":"a","counter":1}')
    with closing(connect_to(clumsy.port)) as client:
        client.sendall(good + request_bytes("POST", target, FATAL) + good)
        first, rest = read_response(client)
        second, rest = read_response(client, rest)
        assert (first.status, second.status, rest) == (200, 500, b"")
        assert client.recv(1) == b""
    assert Entry.objects.count() == 1


def test_an_answer_that_fails_is_logged_and_the_keeper_goes_on(
    transactional_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_error: Exception | None) -> None:
        raise RuntimeError("our own fault")

    async def story(keeper: Keeper) -> None:
        first = keeper.put(row_of(1))
        keeper.take(row_of(2), fail)
        third = keeper.put(row_of(3))
        await first
        await third
        await keeper.put(row_of(4))
        assert keeper.counts.stored == 4

    run_with_keeper(story, database_url())
    assert "our own fault" in caplog.text
    assert Entry.objects.count() == 4
