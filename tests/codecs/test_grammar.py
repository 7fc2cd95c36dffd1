"""Sigfox's payload grammar: the networks' own examples, and every way to get it wrong."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.codecs.grammar import BadFormat, decode, doubts, parse_format

VECTORS = json.loads(
    Path("tests/payloads/networks/sigfox_payload_config_vectors.json").read_text(encoding="utf-8")
)
UNDISPUTED = [vector for vector in VECTORS if "disputed" not in vector["source"]]


def read(text: str, payload: str) -> dict[str, object]:
    return dict(decode(parse_format(text), bytes.fromhex(payload)))


@pytest.mark.parametrize("vector", UNDISPUTED, ids=lambda vector: vector["format"])
def test_the_published_examples_decode(vector: dict[str, object]) -> None:
    fields = parse_format(str(vector["format"]))
    payload = bytes.fromhex(str(vector["hex"]))
    assert decode(fields, payload) == vector["expect"]
    assert doubts(fields, payload) == ()


def test_a_start_bit_that_runs_past_the_data_gives_no_value_and_a_warning() -> None:
    # The help prints 0x167890A, its rule says 0x567890A: a wrong number would be worse than none.
    fields = parse_format("str::char:6 i1::uint:16 i2::uint:32:2")
    payload = bytes.fromhex("41424344454601234567890A")
    assert decode(fields, payload) == {"str": "ABCDEF", "i1": 0x0123}
    assert doubts(fields, payload) == ("@start_bit_disputed i2", "@past_end i2")


@pytest.mark.parametrize(
    ("text", "payload", "expected"),
    [
        ("Speed::uint:8 Direction::uint:4 Status:1:uint:4::3", "37A5", (55, 10, 5)),
        ("a::uint:4::7 b::uint:4::3 c::uint:8", "A5FF", (10, 5, 0xA5)),
        ("a::uint:4 b::uint:8", "A512", (10, 0x12)),
        ("a::bool:0 b::bool:7", "01", (True, False)),
        ("a::int:8 b::int:16:little-endian", "FFFEFF", (-1, -2)),
        ("a::int:4::3", "0F", (-1,)),
        ("a::uint:64", "FFFFFFFFFFFFFFFF", (2**64 - 1,)),
        ("a::float:32 b::float:64", "40490FDB400921FB54442D18", (math.pi, math.pi)),
        ("a::uint:12::3", "0FFF", (0xFFF,)),
        ("  a::uint:8\n b::uint:8 ", "0102", (1, 2)),
    ],
)
def test_each_rule_of_the_grammar(text: str, payload: str, expected: tuple[object, ...]) -> None:
    assert tuple(read(text, payload).values()) == pytest.approx(expected, rel=1e-6)


def test_text_ends_at_its_padding() -> None:
    assert read("a::char:4", "41420000") == {"a": "AB"}
    assert read("a:3:char:2:7", "0000004142") == {"a": "AB"}
    assert read("a::char:2", "FF41") == {"a": "\ufffdA"}


def test_a_little_endian_float_decodes() -> None:
    text = (
        "Battery::uint:8 pH::uint:16:little-endian Conductivity::float:32:little-endian"
        " DO::uint:16:little-endian Temp::uint:16:little-endian"
    )
    expected = {"Battery": 30, "pH": 870, "Conductivity": 0.84659588, "DO": 9972, "Temp": 2518}
    assert read(text, "1E660382BA583FF426D609") == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("a::uint:8 b::bool:7", "@bool_byte_disputed b"),
        ("a::uint:12:little-endian", "@little_endian_disputed a"),
        ("a::uint:16::3", "@start_bit_disputed a"),
    ],
)
def test_a_disputed_rule_is_told(text: str, doubt: str) -> None:
    assert doubts(parse_format(text), bytes(12)) == (doubt,)


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("", "empty", 0),
        ("  ", "empty", 0),
        ("a", "bad_type", 1),
        ("a::", "bad_type", 3),
        ("a::long:8", "bad_type", 3),
        ("温度::uint:8", "bad_name", 0),
        ("a::uint:8 a::uint:8", "same_name", 10),
        ("a:x:uint:8", "bad_index", 2),
        ("a:256:uint:8", "bad_index", 2),
        ("a:-1:uint:8", "bad_index", 2),
        ("a::uint", "bad_width", 7),
        ("a::uint:0", "bad_width", 8),
        ("a::uint:65", "bad_width", 8),
        ("a::float:16", "bad_width", 9),
        ("a::char:0", "bad_width", 8),
        ("a::uint:8:middle", "bad_endian", 10),
        ("a::uint:8::8", "bad_start_bit", 11),
        ("a::bool:8", "bad_start_bit", 8),
        ("a::bool:7:1", "too_many_parts", 10),
        ("a::uint:8::7:1", "too_many_parts", 13),
        ("b::uint:8 a::uint:٣", "bad_width", 18),
    ],
)
def test_a_bad_format_says_what_and_where(text: str, reason: str, position: int) -> None:
    with pytest.raises(BadFormat) as caught:
        parse_format(text)
    assert (caught.value.reason, caught.value.position) == (reason, position)


def test_an_endless_format_is_refused() -> None:
    with pytest.raises(BadFormat, match="too_long"):
        parse_format("a" * 2001)
    with pytest.raises(BadFormat, match="too_long"):
        parse_format(" ".join(f"a{n}::uint:8" for n in range(101)))


types = st.sampled_from(["bool", "char", "float", "uint", "int", "x"])
words = st.builds(
    ":".join,
    st.lists(
        st.one_of(types, st.integers(0, 70).map(str), st.just(""), st.text("ab:1 ", max_size=3))
    ),
)


@given(st.lists(words).map(" ".join) | st.text(), st.binary(max_size=20))
def test_any_format_and_payload_decode_or_are_refused(text: str, payload: bytes) -> None:
    try:
        fields = parse_format(text)
    except BadFormat as why:
        assert 0 <= why.position <= len(text)
        return
    values = decode(fields, payload)
    told = doubts(fields, payload)
    assert len(values) + sum(one.startswith("@past_end") for one in told) == len(fields)


@given(st.integers(1, 64), st.integers(0, 7), st.sampled_from(["int", "uint"]), st.data())
def test_a_number_written_at_any_bit_is_read_back(
    bits: int, start: int, kind: str, data: st.DataObject
) -> None:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind == "int" else (0, 2**bits - 1)
    number = data.draw(st.integers(low, high))
    size = (7 - start + bits + 7) // 8
    raw = (number & (2**bits - 1)) << (size * 8 - (7 - start) - bits)
    payload = b"\xff" + raw.to_bytes(size, "big")
    assert read(f"n:1:{kind}:{bits}::{start}", payload.hex()) == {"n": number}
