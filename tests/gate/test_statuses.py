"""Each outcome of a callback has its status, and what is accepted is in the journal."""

import base64
import gzip
import json
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from django.db import connection as pg

from noroshi.inbox.models import Entry
from noroshi.networks import registry
from noroshi.networks.uplink import Arrival
from tests.gate.conftest import Sender, ask, connect_to, make_connection, request_bytes

PAYLOADS = Path("tests/payloads/networks")
UP = (PAYLOADS / "chirpstack4_up_docs.json").read_bytes()


def sigfox(**fields: object) -> bytes:
    """A callback body as the house recommends it, sent now."""
    told = {"device": "00A1B2", "time": int(time.time()), "data": "0102", "seqNumber": 7}
    return json.dumps(told | fields).encode()


def test_a_callback_of_each_network_is_stored_raw_and_answered(
    sender: Callable[..., Sender],
) -> None:
    cases = [
        ("chirpstack", "?event=up", UP, "0101010101010101"),
        ("tts", "/uplink/message", (PAYLOADS / "tts3_up_docs.json").read_bytes(), None),
        ("sigfox", "/uplink", sigfox(), "A1B2"),
        ("json", "", b'{"id":"tank-1","fields":{"level":3}}', "tank-1"),
    ]
    for kind, tail, body, address in cases:
        network = sender(kind)
        response = network.send(body, tail=tail, headers={"Content-Type": "application/json"})
        assert (response.status, response.body) == (200, b""), kind
        entry = Entry.objects.get(connection_id=network.connection.id)
        assert bytes(entry.body) == body
        assert entry.content_type == "application/json"
        assert entry.address == address or address is None
        assert entry.address
        parsed = registry.parse(kind, _arrival(entry, network))
        assert parsed[0].address == entry.address


def test_a_sigfox_callback_may_be_a_get_or_a_put_or_a_form(sender: Callable[..., Sender]) -> None:
    network = sender("sigfox")
    now = int(time.time())
    query = f"?device=A1&time={now}&data=01&seqNumber=1"
    assert network.send(method="GET", tail=f"/uplink{query}").status == 200
    assert network.send(sigfox(seqNumber=2), method="PUT", tail="/uplink").status == 200
    form = f"device=A1&time={now}&data=01&seqNumber=3".encode()
    told = {"Content-Type": "application/x-www-form-urlencoded"}
    assert network.send(form, tail="/uplink", headers=told).status == 200
    entries = list(Entry.objects.order_by("id"))
    assert [entry.address for entry in entries] == ["A1", "A1B2", "A1"]
    assert entries[0].query == query[1:]


def test_a_callback_that_comes_twice_is_stored_once_and_answered_twice(
    sender: Callable[..., Sender],
) -> None:
    network = sender("chirpstack")
    answers = [network.send(UP, tail="?event=up").status for _ in range(3)]
    assert answers == [200, 200, 200]
    assert Entry.objects.count() == 1


def test_a_body_that_nobody_can_read_is_kept_for_the_office(sender: Callable[..., Sender]) -> None:
    network = sender("sigfox")
    for body in (b"\xff\xfe\x00 garbage", b"{", b""):
        assert network.send(body).status == 200
    entries = list(Entry.objects.order_by("id"))
    assert [bytes(entry.body) for entry in entries] == [b"\xff\xfe\x00 garbage", b"{", b""]
    assert {(entry.slice, entry.address) for entry in entries} == {(0, "")}


@pytest.mark.parametrize(
    ("tail", "headers"),
    [
        ("?event=up&x=%00%ff", {}),
        ("?event=%00", {}),
        ("/%00%ed%a0%80/x", {}),
        ("?event=up&x=\xff\xfe", {"Content-Type": "te\xffxt"}),
        ("?" + "event=" * 900, {}),
    ],
)
def test_odd_bytes_in_url_and_headers_break_nothing(
    sender: Callable[..., Sender], tail: str, headers: dict[str, str]
) -> None:
    network = sender("chirpstack")
    assert network.send(UP, tail=tail, headers=headers).status in {200, 400}
    assert network.send(UP.replace(b"3ac7", b"4ac7"), tail="?event=up").status == 200


def test_an_unknown_address_learns_nothing(sender: Callable[..., Sender]) -> None:
    network = sender("chirpstack")
    unknown = [
        ask(network.port, request_bytes("POST", target, UP))
        for target in ("/in/" + "x" * 32, "/in/", "/in", "/", "/other/" + network.token, "*")
    ]
    assert {(each.status, each.body) for each in unknown[:5]} == {(404, b"Not Found\n")}
    assert Entry.objects.count() == 0


def test_a_closed_connection_is_unknown_as_soon_as_the_gate_is_told(
    sender: Callable[..., Sender],
) -> None:
    network = sender("chirpstack")
    assert network.send(UP, tail="?event=up").status == 200
    network.connection.is_open = False
    network.connection.save()
    another, token = make_connection("chirpstack")
    with pg.cursor() as cursor:
        cursor.execute("NOTIFY noroshi_connections")
    until = time.monotonic() + 5
    while network.send(UP, tail="?event=up").status != 404:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert Sender(network.port, token, another).send(UP, tail="?event=up").status == 200


def test_the_second_factor_must_be_shown(sender: Callable[..., Sender]) -> None:
    value = "Basic " + base64.b64encode(b"kccs:secret").decode()
    basic = sender("sigfox", factor="basic", factor_hash=sha256(value.encode()).digest())
    header = sender(
        "tts", factor="header", factor_header="X-Secret", factor_hash=sha256(b"open").digest()
    )
    assert basic.send(sigfox()).status == 401
    assert basic.send(sigfox(), headers={"Authorization": value[:-1]}).status == 401
    assert header.send(b"{}").status == 401
    assert header.send(b"{}", headers={"x-secret": "Open"}).status == 401
    assert Entry.objects.count() == 0
    refused = basic.send(sigfox())
    assert refused.headers["www-authenticate"].startswith("Basic")
    assert basic.send(sigfox(), headers={"Authorization": value}).status == 200
    assert header.send(b"{}", headers={"x-secret": "open"}).status == 200


def test_a_factor_without_a_secret_admits_nobody(sender: Callable[..., Sender]) -> None:
    assert sender("tts", factor="header", factor_header="X-Secret").send(b"{}").status == 401


def test_other_methods_and_encodings_are_refused(sender: Callable[..., Sender]) -> None:
    network = sender("chirpstack")
    for method in ("DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"):
        refused = network.send(method=method)
        assert (refused.status, refused.headers["allow"]) == (405, "GET, POST, PUT"), method
    squeezed = gzip.compress(UP)
    told = {"Content-Encoding": "gzip"}
    assert network.send(squeezed, tail="?event=up", headers=told).status == 415
    plain = {"Content-Encoding": "identity"}
    assert network.send(UP, tail="?event=up", headers=plain).status == 200
    assert Entry.objects.count() == 1


def test_a_body_over_64_kb_is_refused_whether_announced_or_found_out(
    sender: Callable[..., Sender],
) -> None:
    network = sender("json")
    fits = b'{"id":"a","x":"' + b"y" * (64 * 1024 - 17) + b'"}'
    assert network.send(fits).status == 200
    assert network.send(fits + b" ").status == 413
    target = f"/in/{network.token}"
    announced = f"POST {target} HTTP/1.1\r\nHost: g\r\nContent-Length: 99999999999\r\n\r\n"
    assert ask(network.port, announced.encode()).status == 413
    with closing(connect_to(network.port)) as client:
        head = f"POST {target} HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head.encode() + b"8000\r\n" + b"z" * 0x8000 + b"\r\n")
        client.sendall(b"8001\r\n" + b"z" * 0x8001 + b"\r\n0\r\n\r\n")
        assert b" 413 " in client.recv(1000)
    assert Entry.objects.count() == 1


def test_the_gate_says_whether_it_is_well(sender: Callable[..., Sender]) -> None:
    network = sender("json")
    well = ask(network.port, request_bytes("GET", "/healthz"))
    assert (well.status, well.body) == (200, b"ok\n")
    assert ask(network.port, request_bytes("POST", "/healthz", b"x")).status == 405


def test_the_key_begins_with_the_messages_own_time(sender: Callable[..., Sender]) -> None:
    sender("sigfox").send(sigfox(time=1_700_000_000))
    key = Entry.objects.values_list("key", flat=True).get()
    assert isinstance(key, uuid.UUID)
    assert int.from_bytes(key.bytes[:6], "big") == 1_700_000_000_000


def _arrival(entry: Entry, network: Sender) -> Arrival:
    return Arrival(
        connection_id=entry.connection_id,
        received_at=entry.received_at,
        event=entry.event,
        content_type=entry.content_type,
        query=entry.query,
        body=bytes(entry.body),
        settings=network.connection.settings,
    )
