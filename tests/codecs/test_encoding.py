"""Downlinks through a codec: encoders of all kinds, their bytes, and what bytes mean again."""

import json
import math
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noroshi.codecs.downlink import (
    BYTES_MAX,
    DATA_CHARS_MAX,
    BadData,
    Encoded,
    Frame,
    Script,
    Wanted,
    data_from,
    read_encoded,
)
from noroshi.codecs.sandbox import SOURCE_CHARS_MAX, STRIKES_MAX, Sandbox, check_source
from noroshi.codecs.words import ENCODER_ERRORS, ERRORS
from tests.codecs.cast import javascript, script

DECODER = "function decodeUplink(input) { return { data: { a: input.bytes[0] } }; }"
SPOIL = "Array.prototype.toJSON = function () { return this[0] === 1 ? ['x'] : this; };"
ECHO = "function encodeDownlink(input) { return { bytes: input.data.v }; }"


def encode(sandbox: Sandbox, source: str, wanted: Wanted | None = None) -> Encoded:
    return sandbox.encode(script(source), wanted or Wanted({"v": 5}))


@pytest.mark.parametrize(
    "source",
    [
        "function encodeDownlink(input) { return { bytes: [1, input.data.v] }; }",
        "const encodeDownlink = ({ data }) => ({ bytes: [1, data.v], errors: [], warnings: [] });",
        "function Encode(fPort, obj, variables) { return [1, obj.v]; }",
        "function Encoder(obj, port) { return [1, obj.v]; }",
        "exports.encodeDownlink = (input) => ({ bytes: [1, input.data.v] });",
        "export function encodeDownlink(input) { return { bytes: [1, input.data.v] }; }",
        "function Encoder(obj) { return new Uint8Array([1, obj.v]); }",
        "function Encode(port, obj) { return Buffer.from([1, obj.v]); }",
        (
            "function Encoder() { return [9]; } function Encode() { return [9]; }"
            "function encodeDownlink(input) { return { bytes: [1, input.data.v] }; }"
        ),
        "function Encoder() { return [9]; } function Encode(p, o) { return [1, o.v]; }",
    ],
)
def test_every_usual_way_to_write_an_encoder_works(sandbox: Sandbox, source: str) -> None:
    assert encode(sandbox, source) == Encoded(b"\x01\x05", 1)


@pytest.mark.parametrize(
    ("returned", "requested", "port"),
    [
        ("fPort: 7", 3, 7),
        ("fPort: undefined", 3, 3),
        ("fPort: null", 3, 3),
        ("fPort: 0", 3, 3),
        ("fPort: 7.0", None, 7),
        ("other: 1", None, 1),
        ("fPort: input.fPort", 9, 9),
    ],
)
def test_the_port_is_the_encoders_or_the_requested_or_one(
    sandbox: Sandbox, returned: str, requested: int | None, port: int
) -> None:
    source = f"function encodeDownlink(input) {{ return {{ bytes: [], {returned} }}; }}"
    assert encode(sandbox, source, Wanted({}, requested)) == Encoded(b"", port)


def test_variables_and_warnings_travel(sandbox: Sandbox) -> None:
    source = """function encodeDownlink(input) {
        return { bytes: [Number(input.variables.step)], warnings: ["old", "@same_name"] };
    }"""
    told = encode(sandbox, source, Wanted({}, variables={"step": "9"}))
    assert told == Encoded(b"\x09", 1, ("old", "same_name"))
    legacy = (
        "function Encode(fPort, obj, variables) { return [variables.step, fPort].map(Number); }"
    )
    told = encode(sandbox, legacy, Wanted({}, 4, {"step": "9"}))
    assert told.payload == b"\x09\x04"


NUMBERS = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NUMBERS, max_size=BYTES_MAX))
def test_any_numbers_become_bytes_by_their_lowest_eight_bits(
    sandbox: Sandbox, numbers: list[float]
) -> None:
    encoded = sandbox.encode(Script(1, 501, ECHO), Wanted({"v": numbers}))
    # As JavaScript sees them: beyond 2**53 an integer is the nearest one that there is.
    assert encoded == Encoded(bytes(math.trunc(float(one)) % 256 for one in numbers), 1)


@pytest.mark.parametrize(
    ("body", "error", "detail"),
    [
        ("return { bytes: new Array(1000000).fill(1) };", "out_of_memory", None),
        ("return { bytes: new Array(300000).fill(1) };", "too_big", ""),
        ("return { bytes: new Uint8Array(1000000) };", "too_big", ""),
        (f"return {{ bytes: new Array({BYTES_MAX + 1}).fill(0) }};", "too_big", ""),
        ("return { bytes: [1, NaN] };", "bad_bytes", "1"),
        ("return { bytes: [1 / 0] };", "bad_bytes", "0"),
        ("return { bytes: [1, 2, '3'] };", "bad_bytes", "2"),
        ("return { bytes: [true] };", "bad_bytes", "0"),
        ("return { bytes: [, 1] };", "bad_bytes", "0"),
        ("return { bytes: '0102' };", "no_bytes", ""),
        ("return { bytes: { length: 1e9 } };", "no_bytes", ""),
        ("return {};", "no_bytes", ""),
        ("return;", "no_bytes", ""),
        ("return 5;", "no_bytes", ""),
        ("return { bytes: [1], fPort: 256 };", "bad_port", "256"),
        ("return { bytes: [1], fPort: 1.5 };", "bad_port", "1.5"),
        ("return { bytes: [1], fPort: -1 };", "bad_port", "-1"),
        ("return { bytes: [1], fPort: 'x' };", "bad_port", "bad"),
        ("return { errors: ['unknown key', 'b'] };", "exception", "unknown key; b"),
        ("return { bytes: [1], errors: ['no'] };", "exception", "no"),
        ("throw new Error('no');", "exception", "Error: no (line 1)"),
        ("return {\n bytes: x };", "exception", "ReferenceError: x is not defined (line 2)"),
        ("for (;;) {}", "timeout", None),
        ("return { get bytes() { for (;;) {} } };", "timeout", None),
        (
            "return { bytes: new Proxy([], { get: (t, k) => { for (; k < 9; ); return 9; } }) };",
            "timeout",
            None,
        ),
        ("var a = []; for (;;) a.push(new Uint8Array(1 << 20));", "out_of_memory", None),
        ("Object.prototype.toJSON = () => 7; return { bytes: [1] };", "bad_result", None),
        ("Array.prototype.toJSON = () => 'x'; return { bytes: [1] };", "bad_result", None),
        (SPOIL + "return { bytes: [1] };", "bad_bytes", "0"),
    ],
)
def test_an_encoder_that_fails_says_why(
    sandbox: Sandbox, body: str, error: str, detail: str | None
) -> None:
    encoded = encode(sandbox, f"function encodeDownlink(input) {{ {body} }}")
    assert (encoded.payload, encoded.error) == (b"", error)
    if detail is not None:
        assert encoded.detail == detail
    assert error in ERRORS or error in ENCODER_ERRORS
    assert encode(sandbox, ECHO, Wanted({"v": [1]})).payload == b"\x01"


def test_bigints_are_numbers_to_an_encoder_too(sandbox: Sandbox) -> None:
    source = "function encodeDownlink() { return { bytes: [300n, -1n] }; }"
    assert encode(sandbox, source).payload == b"\x2c\xff"


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("dpwexm"), inner),
    max_leaves=20,
))  # fmt: skip
def test_whatever_the_worker_answers_there_are_bytes_or_a_reason(answer: object) -> None:
    read = read_encoded(answer, None)
    assert read.error or (len(read.payload) <= BYTES_MAX and 1 <= read.f_port <= 255)


@pytest.mark.parametrize("text", ["", "[1]", "5", "{", '{"a": "\\ud800"}', "{'a': 1}", "[" * 9000])
def test_a_text_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(BadData):
        data_from(text)


def test_an_object_is_read_and_a_huge_one_is_not() -> None:
    assert data_from(' {"a": [1, null]} ') == {"a": [1, None]}
    with pytest.raises(BadData):
        data_from(json.dumps({"a": "x" * DATA_CHARS_MAX}))


@pytest.mark.parametrize("value", ["\ud800", object()])
def test_data_that_no_json_can_carry_is_refused(sandbox: Sandbox, value: object) -> None:
    assert encode(sandbox, ECHO, Wanted({"v": value})).error == "bad_data"


def test_a_codec_without_an_encoder_says_so(sandbox: Sandbox) -> None:
    assert encode(sandbox, DECODER).error == "no_encoder"
    assert encode(sandbox, "function decodeUplink( {").error == "exception"
    assert encode(sandbox, "//" + "x" * SOURCE_CHARS_MAX).error == "too_big"


def test_a_codec_that_only_encodes_can_be_saved_and_its_uplinks_say_what_is_missing(
    sandbox: Sandbox,
) -> None:
    assert check_source("javascript", ECHO) == ""
    assert [
        one.error for one in sandbox.decode([javascript(ECHO, b"\x01", version_id=7) for _ in "ab"])
    ] == ["no_entry_point"] * 2
    assert "decodeUplink" in ERRORS["no_entry_point"]
    # What only helps other functions is no codec.
    assert check_source("javascript", "function normalizeUplink() {}") != ""
    assert check_source("javascript", "function decodeDownlink() {}") != ""


def test_an_endless_encoder_rests_and_its_uplinks_go_on() -> None:
    source = DECODER + "function encodeDownlink() { for (;;) {} }"
    now = 1000.0
    with Sandbox(clock=lambda: now) as sandbox:
        one = Script(1, 1, source)
        errors = [sandbox.encode(one, Wanted({})).error for _ in range(STRIKES_MAX + 1)]
        assert errors == ["timeout"] * STRIKES_MAX + ["poisoned"]
        decoded = sandbox.decode([javascript(source, b"\x04", version_id=1)])[0]
        assert decoded.measurements[0].values == {"a": 4.0}


def test_what_a_downlink_means_is_told(sandbox: Sandbox) -> None:
    source = (
        """function decodeDownlink(input) {
        if (input.bytes.length === 0) return { errors: ["empty"] };
        if (input.bytes[0] === 9) for (;;) {}
        var led = { on: input.bytes[1] === 1 };
        return { data: { interval: input.bytes[0], led: led, p: input.fPort } };
    }"""
        + ECHO
    )
    frames = [Frame(b"\x0a\x01", 3), Frame(b"", 3), Frame(b"\x09"), Frame(b"\x0b\x00", 4)]
    told = sandbox.decode_downlinks(script(source), frames)
    assert [one.error for one in told] == ["", "exception", "timeout", ""]
    assert told[0].measurements[0].values == {"interval": 10.0, "led.on": True, "p": 3.0}
    assert told[3].measurements[0].values == {"interval": 11.0, "led.on": False, "p": 4.0}
    assert sandbox.decode_downlinks(script(ECHO), frames[:1])[0].error == "no_downlink_decoder"
    assert sandbox.decode_downlinks(script(ECHO), []) == []


def test_a_page_of_endless_meanings_is_bounded() -> None:
    source = "function decodeDownlink() { for (;;) {} }" + ECHO
    with Sandbox() as sandbox:
        began = time.monotonic()
        told = sandbox.decode_downlinks(Script(1, 1, source), [Frame(b"")] * 50)
        assert time.monotonic() - began < 5
    assert [one.error for one in told[:4]] == ["timeout"] * STRIKES_MAX + ["poisoned"]


def test_the_entry_points_of_a_source_are_named(sandbox: Sandbox) -> None:
    source = "let normalizeUplink = () => 1; module.exports = { decodeDownlink() {}, Other() {} };"
    assert sandbox.entry_points(script(DECODER + ECHO + source)) == (
        "decodeUplink",
        "normalizeUplink",
        "encodeDownlink",
        "decodeDownlink",
    )
    for nothing in ("", "function decodeUplink( {", "for (;;) {}"):
        assert sandbox.entry_points(script(nothing)) == ()
