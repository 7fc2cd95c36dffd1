"""MQTT's bytes: cut anywhere they read the same, and nonsense is refused in good order."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.mqtt import packets
from noroshi.mqtt.packets import Frames, Message, NotMqtt, Packet, TooBig

BYTES_MAX = 1000
CONNACK_5 = b"\x20\x09\x01\x00\x06\x13\x00\x0a\x21\x00\x14"


def message(topic: bytes, body: bytes, number: int, *, version: int, flags: int = 0) -> bytes:
    """A PUBLISH as a broker writes it."""
    head = len(topic).to_bytes(2, "big") + topic
    head += number.to_bytes(2, "big") if number else b""
    rest = head + (b"\x02\x01\x01" if version == packets.V5 else b"") + body
    first = 0x30 | (2 if number else 0) | flags
    return bytes((first,)) + packets.number(len(rest)) + rest


def read(frames: Frames, pieces: list[bytes]) -> list[Message | TooBig | Packet]:
    return [each for piece in pieces for each in frames.feed(piece)]


@given(
    st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=1500), st.integers(0, 65535))),
    st.lists(st.integers(0, 9000), max_size=8),
    st.sampled_from([packets.V3, packets.V5]),
)
def test_packets_read_the_same_wherever_the_stream_is_cut(
    sent: list[tuple[bytes, bytes, int]], cuts: list[int], version: int
) -> None:
    stream = b"".join(message(*each, version=version) + b"\xd0\x00" for each in sent)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(places)]
    found = read(Frames(version, BYTES_MAX), pieces)
    heard = [each for each in found if not isinstance(each, Packet)]
    assert found[1::2] == [Packet(packets.PINGRESP, b"")] * len(sent)
    for (topic, body, number), each in zip(sent, heard, strict=True):
        assert (each.topic, each.number) == (topic, number)
        if isinstance(each, Message):
            assert each.body == body
        else:
            assert each.length > BYTES_MAX


@given(st.binary(max_size=200), st.sampled_from([packets.V3, packets.V5]))
def test_nonsense_is_refused_by_name(data: bytes, version: int) -> None:
    try:
        for each in Frames(version, BYTES_MAX).feed(data):
            if isinstance(each, Packet):
                packets.welcome(version, each.body)
                packets.granted(version, each.body)
                packets.farewell(each.body)
    except NotMqtt:
        pass


def test_the_welcome_of_5_tells_the_brokers_own_keep_alive() -> None:
    (told,) = Frames(packets.V5, BYTES_MAX).feed(CONNACK_5)
    assert isinstance(told, Packet)
    found = packets.welcome(packets.V5, told.body)
    assert (found.code, found.has_session, found.keep_alive_s) == (0, True, 10)


def test_a_retained_message_says_so() -> None:
    (told,) = Frames(packets.V3, BYTES_MAX).feed(
        message(b"a", b"b", 7, version=packets.V3, flags=1)
    )
    assert told == Message(b"a", b"b", 7, is_retained=True)


def test_a_packet_too_big_that_is_no_message_ends_the_connection() -> None:
    with pytest.raises(NotMqtt):
        Frames(packets.V3, BYTES_MAX).feed(b"\x90" + packets.number(5000) + b"\0" * 100)
