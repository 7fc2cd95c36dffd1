"""Heads that come again: what is remembered of them, and when it no longer counts."""

import time
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest

from noroshi.gate.head import BYTES_MAX, HEADS_KEPT, Head, Heads
from noroshi.inbox.models import Entry
from tests.gate.conftest import Sender, connect_to, database_url, read_response, request_bytes

BODY = b'{"id":"a","counter":%d}'


def plain(body: bytes, **headers: str) -> tuple[bytes, Head]:
    """A POST as it is on the wire, and as the parser would tell it."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    data = request_bytes("POST", "/in/token", body, told)
    names = {name.lower().encode(): value.encode() for name, value in told.items()}
    names |= {b"host": b"gate", b"content-length": str(len(body)).encode()}
    return data, Head(b"POST", b"/in/token", names)


def test_a_head_is_known_again_with_another_body_of_its_length() -> None:
    heads = Heads()
    data, head = plain(b"first")
    assert heads.find(data) is None
    heads.learn(data, head, b"first")
    assert heads.find(plain(b"other")[0]) == (head, b"other")


@pytest.mark.parametrize("data", [plain(b"first")[0][:-1], plain(b"first")[0] + b"P", b"", b"POST"])
def test_less_or_more_than_one_request_is_left_to_the_parser(data: bytes) -> None:
    heads = Heads()
    whole, head = plain(b"first")
    heads.learn(whole, head, b"first")
    assert heads.find(data) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Transfer_Encoding": "chunked"},
        {"Expect": "100-continue"},
        {"Upgrade": "h2c"},
        {"X_Long": "x" * BYTES_MAX},
    ],
)
def test_a_head_that_changes_how_the_body_is_read_is_not_kept(headers: dict[str, str]) -> None:
    heads = Heads()
    data, head = plain(b"first", **headers)
    heads.learn(data, head, b"first")
    assert heads.find(data) is None


def test_what_is_more_than_one_request_is_not_kept() -> None:
    heads = Heads()
    data, head = plain(b"first")
    heads.learn(data + data, head, b"first")
    assert heads.find(data) is None


def test_heads_that_never_come_again_do_not_pile_up() -> None:
    heads = Heads()
    many = [plain(b"x", X_Number=str(number)) for number in range(2 * HEADS_KEPT)]
    for data, head in many:
        heads.learn(data, head, b"x")
    assert len(heads._known) <= HEADS_KEPT
    assert heads.find(many[-1][0]) == (many[-1][1], b"x")


def test_uplinks_of_all_lengths_over_one_connection_are_kept_as_they_came(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    bodies = [BODY % number for number in (1, 2, 10, 11, 3, 100, 4)]
    with closing(connect_to(network.port)) as client:
        for body in bodies:
            client.sendall(request_bytes("POST", f"/in/{network.token}", body))
            assert read_response(client)[0].status == 200
        whole = [request_bytes("POST", f"/in/{network.token}", BODY % n) for n in (5, 6, 7)]
        client.sendall(whole[0] + whole[1][:40])
        first, rest = read_response(client)
        client.sendall(whole[1][40:] + whole[2])
        second, rest = read_response(client, rest)
        third, rest = read_response(client, rest)
    assert [first.status, second.status, third.status, rest] == [200, 200, 200, b""]
    stored = {bytes(body) for body in Entry.objects.values_list("body", flat=True)}
    assert stored == {*bodies, *(BODY % n for n in (5, 6, 7))}


def test_a_known_head_of_a_connection_that_was_closed_since_is_refused(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    with closing(connect_to(network.port)) as client:
        for number in (1, 2):
            client.sendall(request_bytes("POST", f"/in/{network.token}", BODY % number))
            assert read_response(client)[0].status == 200
        network.connection.is_open = False
        network.connection.save()
        with psycopg.connect(database_url(), autocommit=True) as other:
            other.execute("NOTIFY noroshi_connections")
        status, until = 200, time.monotonic() + 15
        while status == 200 and time.monotonic() < until:
            client.sendall(request_bytes("POST", f"/in/{network.token}", BODY % 3))
            status = read_response(client)[0].status
            time.sleep(0.05)
        client.sendall(request_bytes("POST", f"/in/{network.token}", BODY % 4))
        assert (status, read_response(client)[0].status) == (404, 404)
    assert BODY % 4 not in {bytes(body) for body in Entry.objects.values_list("body", flat=True)}
