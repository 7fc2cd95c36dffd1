"""Posting to a customer's address against real servers, and the machines that it never reaches."""

import socket
import time

import pytest

from noroshi.base import outward, places
from noroshi.base.outward import Forbidden, NotReached, post
from noroshi.base.places import BadPlace, is_public, place_of
from tests.receiver import Receiver

pytestmark = pytest.mark.enable_socket

SHUT = [
    *("0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1"),  # noqa: S104
    *("127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192"),
    *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("::ffff:169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1"),
    *("2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "fc00::1", "fd00:ec2::254"),
    *("fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "5f00::1", "nonsense", "127.1"),
    *("0x7f000001", "2130706433"),
]
OPEN = [
    *("8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1"),
    *("203.0.114.1", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
    *("2001:4860:4860::8888", "2400:4000::1", "2606:4700::1111"),
]


@pytest.mark.parametrize("address", SHUT)
def test_what_is_not_public_is_never_reached(address: str) -> None:
    assert not is_public(address)
    place = place_of("https://inside.example.jp/")
    with pytest.raises(Forbidden):
        post(place, b"", {}, names=lambda _host, _port: [address])


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "flaw"),
    [
        ("https://example.jp/a?b=c", ""),
        ("https://example.jp:8443/", ""),
        ("https://xn--eckwd4c7c.example.jp/", ""),
        ("HTTPS://EXAMPLE.jp", ""),
        ("http://example.jp/", places.NOT_HTTPS),
        ("https://example.jp:22/", places.BAD_PORT),
        ("https://example.jp:0/", places.BAD_PORT),
        ("https://me:pw@example.jp/", places.HAS_SECRET),
        ("https://8.8.8.8@127.0.0.1/", places.HAS_SECRET),
        ("ftp://example.jp/", places.NOT_A_URL),
        ("file:///etc/passwd", places.NOT_A_URL),
        ("https:///nohost", places.NOT_A_URL),
        ("https://ex ample.jp/", places.NOT_A_URL),
        ("https://example.jp/\r\nX: y", places.NOT_A_URL),
        ("https://例え.jp/", places.NOT_A_URL),
        ("https://example.jp/#top", places.NOT_A_URL),
        ("https://example.jp\\@127.0.0.1/", places.NOT_A_URL),
        ("https://[::1/", places.NOT_A_URL),
        ("https://example.jp:99999/", places.NOT_A_URL),
        ("https://example.jp/" + "a" * 250, places.NOT_A_URL),
    ],
)
def test_which_urls_are_taken(url: str, flaw: str) -> None:
    if not flaw:
        assert place_of(url).is_tls
        return
    with pytest.raises(BadPlace, match=flaw):
        place_of(url)


def test_only_the_port_that_the_operator_named_is_trusted() -> None:
    trusted = ["localhost:9000"]
    assert place_of("http://localhost:9000/", trusted=trusted).is_trusted
    with pytest.raises(BadPlace):
        place_of("http://localhost:9001/", trusted=trusted)
    assert not place_of("https://localhost/", trusted=trusted).is_trusted


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "0x7f.0.0.1", "2130706433", "[::ffff:7f00:1]"]
)
def test_odd_ways_to_write_this_machine_lead_nowhere(host: str, receiver: Receiver) -> None:
    place = place_of(f"https://{host}:{receiver.port}/", ports=[receiver.port])
    with pytest.raises((Forbidden, NotReached)):
        post(place, b"{}", {})
    assert receiver.seen == []


def test_a_request_arrives_as_it_was_meant(receiver: Receiver) -> None:
    receiver.answers = [b"HTTP/1.1 202 ok\r\nContent-Length: 5\r\n\r\nhello"]
    reply = post(receiver.place, b'{"a":1}', {"content-type": "application/json"})
    assert (reply.status, reply.text) == (202, "hello")
    [(target, headers, body)] = receiver.seen
    assert (target, body) == ("/in?a=1", b'{"a":1}')
    assert headers["Host"] == f"localhost:{receiver.port}"


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.answers = [
        f"HTTP/1.1 302 x\r\nLocation: http://localhost:{receiver.port}/else\r\n"
        "Content-Length: 0\r\n\r\n".encode()
    ]
    assert post(receiver.place, b"{}", {}).status == 302
    assert len(receiver.seen) == 1


def test_a_name_that_changes_its_mind_is_asked_once_and_the_checked_address_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [["8.8.8.8"], ["127.0.0.1"]]
    called: list[tuple[str, int]] = []

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(outward.socket, "create_connection", dial)
    with pytest.raises(NotReached, match="nobody there"):
        post(place_of("https://a.example.jp/"), b"", {}, names=lambda _h, _p: answers.pop(0))
    assert called == [("8.8.8.8", 443)]
    assert answers == [["127.0.0.1"]]


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Forbidden, match=r"10\.0\.0\.1"):
        post(place_of("https://a.jp/"), b"", {}, names=lambda _h, _p: ["8.8.8.8", "10.0.0.1"])


def test_an_answer_that_drips_ends_in_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outward, "WHOLE_S_MAX", 0.5)
    receiver.answers, receiver.drip_s = [b"HTTP/1.1 200 ok\r\n" + b"X: y\r\n" * 90], 0.1
    began = time.monotonic()
    with pytest.raises(NotReached) as told:
        post(receiver.place, b"{}", {})
    assert told.value.is_sent
    assert time.monotonic() - began < 3


def test_of_a_huge_answer_little_is_read(receiver: Receiver) -> None:
    receiver.answers = [b"HTTP/1.1 200 ok\r\n\r\n" + b"x" * 20_000_000]
    assert len(post(receiver.place, b"{}", {}).text) == outward.ANSWER_BYTES_MAX


def test_what_is_no_http_is_no_answer(receiver: Receiver) -> None:
    receiver.answers = [b"SSH-2.0-OpenSSH\r\n"]
    with pytest.raises(NotReached):
        post(receiver.place, b"{}", {})
