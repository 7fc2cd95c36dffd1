"""The gate speaks HTTP/1.1 as it is written, and cuts what does not."""

import contextlib
import select
import socket
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noroshi.gate import protocol
from noroshi.inbox.models import Entry
from tests.gate.conftest import (
    RunningGate,
    Sender,
    ask,
    connect_to,
    make_connection,
    read_response,
    request_bytes,
)

STUCK = 300


def body_of(number: int) -> bytes:
    """A body of the generic kind that is like no other."""
    return b'{"id":"tank","counter":%d}' % number


def test_requests_sent_in_one_go_are_answered_in_their_order(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    stored = request_bytes("POST", f"/in/{network.token}", body_of(1))
    wrong = request_bytes("DELETE", f"/in/{network.token}")
    unknown = request_bytes("POST", "/in/unknown", body_of(2))
    wanted = [(stored, 200), (unknown, 404), (wrong, 405)] * 100
    with closing(connect_to(network.port)) as client:
        client.sendall(b"".join(data for data, _ in wanted))
        rest, found = b"", []
        for _ in wanted:
            response, rest = read_response(client, rest)
            found.append(response.status)
    assert found == [status for _, status in wanted]
    assert rest == b""


def test_a_connection_is_kept_for_many_requests_and_closed_when_asked(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    with closing(connect_to(network.port)) as client:
        for number in range(5):
            client.sendall(request_bytes("POST", f"/in/{network.token}", body_of(number)))
            assert read_response(client)[0].status == 200
        told = {"Connection": "close"}
        client.sendall(request_bytes("POST", f"/in/{network.token}", body_of(9), told))
        response, _ = read_response(client)
        assert (response.status, response.headers["connection"]) == (200, "close")
        assert client.recv(1) == b""
    with closing(connect_to(network.port)) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert read_response(client)[0].headers["connection"] == "close"
        assert client.recv(1) == b""


def test_a_body_in_chunks_and_in_single_bytes_is_the_same_body(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    body = body_of(1)
    head = f"POST /in/{network.token} HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (body[:5], body[5:]))
    with closing(connect_to(network.port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head.encode() + chunks + b"0\r\nX-Trailer: y\r\n\r\n":
            client.sendall(bytes([byte]))
        assert read_response(client)[0].status == 200
    assert bytes(Entry.objects.get().body) == body


def test_who_asks_before_sending_the_body_is_told_to_go_on(sender: Callable[..., Sender]) -> None:
    network = sender("json")
    told = {"Expect": "100-continue"}
    head, _, body = request_bytes("POST", f"/in/{network.token}", body_of(1), told).partition(
        b"\r\n\r\n"
    )
    with closing(connect_to(network.port)) as client:
        client.sendall(head + b"\r\n\r\n")
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert read_response(client)[0].status == 200
    with closing(connect_to(network.port)) as client:
        client.sendall(head.replace(b"Content-Length: ", b"Content-Length: 9999") + b"\r\n\r\n")
        assert read_response(client)[0].status == 413


def test_an_offer_of_http2_is_declined_by_answering(sender: Callable[..., Sender]) -> None:
    network = sender("json")
    told = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAM"}
    data = request_bytes("POST", f"/in/{network.token}", body_of(1), told)
    assert ask(network.port, data).status == 200
    assert Entry.objects.count() == 1


def test_a_client_that_ends_its_half_first_still_hears_the_answer(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    with closing(connect_to(network.port)) as client:
        client.sendall(request_bytes("POST", f"/in/{network.token}", body_of(1)))
        client.shutdown(socket.SHUT_WR)
        assert read_response(client)[0].status == 200
        assert client.recv(1) == b""


def test_the_answer_to_an_absolute_target_is_that_of_its_path(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    target = f"http://gate.example/in/{network.token}"
    assert ask(network.port, request_bytes("POST", target, body_of(1))).status == 200


@pytest.mark.parametrize(
    "broken",
    [
        b"nonsense\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /in/x HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        b"POST /in/x HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST /in/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /in/x HTTP/1.1\r\nHost: g\r\n folded\r\n\r\n",
        b"GET /in/\0 HTTP/1.1\r\nHost: g\r\n\r\n",
        b"GET /in/x HTTP/1.1\r\nHo st: g\r\n\r\n",
        b"GET /in/x HTTP/1.1\r\nHost: g\0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_not_http_is_refused_and_cut(
    start_gate: Callable[[], RunningGate], broken: bytes
) -> None:
    with closing(connect_to(start_gate().port)) as client:
        client.sendall(broken)
        assert read_response(client)[0].status == 400
        assert client.recv(1) == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 17_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 9000 + b"\r\n", 431),
    ],
)
def test_a_head_that_is_too_long_is_refused(
    start_gate: Callable[[], RunningGate], data: bytes, status: int
) -> None:
    assert ask(start_gate().port, data).status == status


def test_an_endless_line_is_cut(start_gate: Callable[[], RunningGate]) -> None:
    with closing(connect_to(start_gate().port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nA: ")
        with pytest.raises(ConnectionError):
            send_for_ever(client)


def test_slow_clients_are_cut_and_others_do_not_wait(
    sender: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "RECEIVE_S_MAX", 1.2)
    monkeypatch.setattr(protocol, "IDLE_S_MAX", 1.5)
    monkeypatch.setattr(protocol, "LINGER_S_MAX", 0.2)
    monkeypatch.setattr(protocol, "SWEEP_S", 0.1)
    network = sender("json")
    head = f"POST /in/{network.token} HTTP/1.1\r\nHost: g\r\nContent-Length: 9\r\n\r\n".encode()
    starts = [b"", b"POST /in", head[:-2], head + b"half"]
    clients = [connect_to(network.port) for _ in starts]
    for client, data in zip(clients, starts, strict=True):
        client.sendall(data)
    begun = time.monotonic()
    assert network.send(body_of(1)).status == 200
    assert time.monotonic() - begun < 1.2
    for client in clients:
        assert read_response(client)[0].status == 408
        assert client.recv(1) == b""
        client.close()
    assert time.monotonic() - begun < 6
    with closing(connect_to(network.port)) as idle:
        idle.sendall(request_bytes("GET", "/healthz"))
        assert read_response(idle)[0].status == 200
        assert until_gone(idle) > 0.5


def test_hundreds_that_drip_are_gone_in_six_seconds_and_nobody_waits_for_them(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    head = f"POST /in/{network.token} HTTP/1.1\r\nHost: g\r\n".encode()
    stuck = [connect_to(network.port) for _ in range(STUCK)]
    begun = time.monotonic()
    for number, client in enumerate(stuck):
        client.sendall((b"", head, head + b"Content-Length: 99\r\n\r\nx")[number % 3])
    slowest_s, left = 0.0, set(stuck)
    while left and time.monotonic() - begun < protocol.RECEIVE_S_MAX + 3:
        asked = time.monotonic()
        assert network.send(body_of(1)).status == 200
        slowest_s = max(slowest_s, time.monotonic() - asked)
        for client in select.select(left, [], [], 0.1)[0]:
            with contextlib.suppress(ConnectionError):
                client.recv(4096)
            client.close()
            left.discard(client)
        for client in left:  # each byte in time, the whole never
            with contextlib.suppress(OSError):
                client.send(b"a")
    gone_s = time.monotonic() - begun
    assert not left
    assert protocol.RECEIVE_S_MAX - 0.5 < gone_s < protocol.RECEIVE_S_MAX + 1.5
    assert slowest_s < 1


def test_more_clients_than_the_house_holds_are_turned_away(
    start_gate: Callable[[], RunningGate],
) -> None:
    gate = start_gate()
    assert gate.gate is not None
    gate.gate.house.connections_max = 3
    inside = [connect_to(gate.port) for _ in range(3)]
    for client in inside:
        client.sendall(request_bytes("GET", "/healthz"))
        assert read_response(client)[0].status == 200
    with closing(connect_to(gate.port)) as one_more:
        refused, _ = read_response(one_more)
        assert (refused.status, refused.headers["retry-after"]) == (503, "2")
    inside.pop().close()
    time.sleep(0.1)
    assert ask(gate.port, request_bytes("GET", "/healthz")).status == 200
    for client in inside:
        client.close()


def test_a_sender_that_hangs_up_harms_nobody(sender: Callable[..., Sender]) -> None:
    network = sender("json")
    for number in range(50):
        client = connect_to(network.port)
        client.sendall(request_bytes("POST", f"/in/{network.token}", body_of(number)) * 3)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
    assert network.send(body_of(999)).status == 200


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    data=st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(
                [
                    b"POST /in/x HTTP/1.1\r\n",
                    b"GET /healthz HTTP/1.1\r\n\r\n",
                    b"Host: g\r\n",
                    b"Content-Length: 3\r\n",
                    b"Transfer-Encoding: chunked\r\n",
                    b"Expect: 100-continue\r\n",
                    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
                    b"\r\n",
                    b"abc",
                    b"3\r\nabc\r\n0\r\n\r\n",
                ]
            ),
        ),
        max_size=12,
    ).map(b"".join)
)
def test_whatever_comes_the_gate_answers_the_next_client(one_gate: int, data: bytes) -> None:
    with closing(connect_to(one_gate)) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        said = b""
        while more := client.recv(65536):
            said += more
    assert said == b"" or said.startswith(b"HTTP/1.1 ")
    assert b" 500 " not in said
    assert ask(one_gate, request_bytes("GET", "/healthz")).status == 200


@pytest.fixture
def one_gate(start_gate: Callable[[], RunningGate]) -> int:
    """The port of a gate for all examples of a test."""
    make_connection("json")
    return start_gate().port


def until_gone(client: socket.socket) -> float:
    """Seconds until the gate ends the connection."""
    begun = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""
    return time.monotonic() - begun


def send_for_ever(client: socket.socket) -> None:
    """Send a header that never ends, until the gate has had enough."""
    while True:
        client.sendall(b"x" * 65536)
        time.sleep(0.001)
