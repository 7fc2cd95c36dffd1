"""Logs go to another machine, in order and whole, and nobody ever waits for it."""

import logging
import re
import socket
import time
from collections.abc import Iterator

import pytest

from noroshi.base import shipping
from noroshi.base.shipping import Shipper

FRAME = re.compile(rb"(\d+) <(\d+)>1 (\S+) (\S+) (\S+) (\d+) (\S+) - ")


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(10)
        yield made


def told_by(shipper: Shipper, level: int, text: str, *args: object) -> None:
    shipper.emit(logging.LogRecord("noroshi.test", level, "", 1, text, args, None))


def frames(line: socket.socket, count: int) -> list[bytes]:
    """So many whole messages, each cut at the length before it."""
    line.settimeout(10)
    found, rest = [], b""
    while len(found) < count:
        rest += line.recv(65_536)
        while (begun := FRAME.match(rest)) is not None:
            end = len(begun[1]) + 1 + int(begun[1])
            if len(rest) < end:
                break
            found.append(rest[:end])
            rest = rest[end:]
    return found


def address(receiver: socket.socket) -> str:
    return f"tcp://127.0.0.1:{receiver.getsockname()[1]}"


def test_records_arrive_whole_and_in_order_as_rfc_5424_has_them(receiver: socket.socket) -> None:
    shipper = Shipper(address(receiver))
    told_by(shipper, logging.INFO, "first %s", "のろし")
    told_by(shipper, logging.ERROR, "second\nforged")
    line, _ = receiver.accept()
    with line:
        first, second = frames(line, 2)
    begun = FRAME.match(first)
    assert begun is not None
    assert (begun[2], begun[7]) == (b"134", b"noroshi.test")  # local0, info
    assert first.endswith("first のろし".encode())
    assert second[second.index(b"<") :].startswith(b"<131>1 ")  # local0, error
    assert b"\n" not in second


def test_nobody_waits_while_the_receiver_is_away_and_what_waited_comes_when_it_is_back(
    receiver: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "RETRY_S_MIN", 0.05)
    monkeypatch.setattr(shipping, "RETRY_S_MAX", 0.05)
    monkeypatch.setattr(shipping, "QUEUE_MAX", 20)
    place = receiver.getsockname()
    receiver.close()
    shipper = Shipper(f"tcp://127.0.0.1:{place[1]}")
    began = time.monotonic()
    for number in range(100):
        told_by(shipper, logging.INFO, "number %d", number)
    assert time.monotonic() - began < 1
    with socket.create_server(place) as back:
        back.settimeout(10)
        line, _ = back.accept()
        with line:
            arrived = frames(line, 21)
    assert any(one.endswith(b"number 0") for one in arrived)
    told = [re.search(rb"(\d+) records were dropped", one) for one in arrived]
    # The thread may have begun late, and told of some before it met the last.
    assert sum(int(one[1]) for one in told if one) + shipper.dropped >= 79


def test_a_receiver_that_comes_back_gets_the_next_record(
    receiver: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "RETRY_S_MIN", 0.05)
    shipper = Shipper(address(receiver))
    told_by(shipper, logging.INFO, "before")
    line, _ = receiver.accept()
    with line:
        assert frames(line, 1)[0].endswith(b"before")
    time.sleep(0.1)
    told_by(shipper, logging.INFO, "after")
    line, _ = receiver.accept()
    with line:
        assert frames(line, 1)[0].endswith(b"after")


def test_without_an_address_nothing_is_shipped_and_no_thread_begins() -> None:
    shipper = Shipper("")
    told_by(shipper, logging.INFO, "x")
    assert shipper._process == 0


def test_under_tls_a_receiver_without_a_good_certificate_gets_nothing(
    receiver: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "RETRY_S_MIN", 0.05)
    shipper = Shipper(address(receiver).replace("tcp:", "tls:"))
    told_by(shipper, logging.INFO, "secret matter")
    line, _ = receiver.accept()
    with line:
        line.settimeout(10)
        hello = line.recv(65_536)
    assert hello.startswith(b"\x16\x03")  # a TLS handshake, and no word of the record
    assert b"secret matter" not in hello
