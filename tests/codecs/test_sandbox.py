"""JavaScript codecs as the public ones are written: entry points, idioms, results, errors."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noroshi.codecs.result import Decoded, Measurement, Position
from noroshi.codecs.sandbox import (
    PAYLOAD_BYTES_MAX,
    SOURCE_CHARS_MAX,
    Sandbox,
    check_source,
    try_source,
)
from tests.codecs.cast import NOON, javascript, job

ADD = "{ data: { sum: input.bytes.reduce((a, b) => a + b, 0) } }"


def values(decoded: Decoded) -> dict[str, object]:
    assert (decoded.error, decoded.detail) == ("", "")
    return dict(decoded.measurements[0].values)


def run(sandbox: Sandbox, source: str, payload: bytes = b"\x01\x02", **other: object) -> Decoded:
    return sandbox.decode([javascript(source, payload, **other)])[0]


@pytest.mark.parametrize(
    "source",
    [
        f"function decodeUplink(input) {{ return {ADD}; }}",
        f"'use strict'; const decodeUplink = (input) => ({ADD});",
        f"let decodeUplink = function (input) {{ return {ADD}; }};",
        f"globalThis.decodeUplink = (input) => ({ADD});",
        f"sloppy = 1; function decodeUplink(input) {{ return {ADD}; }}",
        f"export function decodeUplink(input) {{ return {ADD}; }}",
        f"function decodeUplink(input) {{ return {ADD}; }}\nexport {{\n  decodeUplink\n}};",
        f"export default {{ decodeUplink: (input) => ({ADD}) }};",
        f"module.exports = {{ decodeUplink: (input) => ({ADD}) }};",
        f"exports.decodeUplink = (input) => ({ADD});",
        (
            f"function decodeUplink(input) {{ return {ADD}; }}"
            " if (typeof module !== 'undefined') module.exports = { decodeUplink };"
        ),
        "function Decode(fPort, bytes, variables) { return { sum: bytes[0] + bytes[1] }; }",
        "function Decoder(bytes, port) { return { sum: bytes[0] + bytes[1] }; }",
        (
            "function Decoder() { return { sum: 9 }; } function Decode() { return { sum: 9 }; }"
            f"function decodeUplink(input) {{ return {ADD}; }}"
        ),
        "function Decoder() { return { sum: 9 }; } function Decode(p, b) { return { sum: 3 }; }",
        (
            f"function decodeUplink(input) {{ console.log('x', input); return {ADD}; }}"
            " function normalizeUplink(input) { return { data: [] }; }"
        ),
        (
            "class Reader { static sum(b) { return b[0] + b[1]; } }"
            " function decodeUplink({ bytes }) { return { data: { sum: Reader.sum(bytes) } }; }"
        ),
    ],
)
def test_every_usual_way_to_write_a_codec_works(sandbox: Sandbox, source: str) -> None:
    assert values(run(sandbox, source)) == {"sum": 3.0}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("input.fPort", 7.0),
        ("input.recvTime instanceof Date", True),
        ("input.recvTime.toISOString()", "2026-06-01T03:00:00.000Z"),
        ("new Date(2026, 0, 1).getTimezoneOffset()", 0.0),
        ("input.variables.offset", "5"),
        ("typeof decodeDownlink", "undefined"),
        ("btoa('abc') + atob('YWJj')", "YWJjabc"),
        ("Buffer.from([0xDE, 0xAD]).toString('hex')", "dead"),
        ("Buffer.from('dead', 'hex')[1]", 173.0),
        ("Buffer.from('YWJj', 'base64').toString()", "abc"),
        ("Buffer.from('水位').toString('base64')", "5rC05L2N"),
        ("Buffer.from('5rC05L2N', 'base64').toString('utf8')", "水位"),
        ("Buffer.from([0xff, 0x41]).toString('utf8')", "\ufffdA"),
        ("Buffer.from([0xc1, 0x41]).toString('ascii')", "AA"),
        ("Buffer.from([255, 255, 1]).slice(1).length", 2.0),
        ("Buffer.from([255, 254]).readInt16BE(0)", -2.0),
        ("Buffer.from([254, 255]).readInt16LE(0)", -2.0),
        ("Buffer.from([255]).readInt8(0)", -1.0),
        ("Buffer.from([1, 2]).readUInt16LE()", 513.0),
        ("Buffer.from([1, 2]).readUint16BE()", 258.0),
        ("Buffer.from([255, 255, 255, 255]).readUInt32BE(0)", 4294967295.0),
        ("Buffer.from([255, 255, 255, 255]).readInt32LE(0)", -1.0),
        ("Buffer.from([0x40, 0x49, 0x0f, 0xdb]).readFloatBE(0).toFixed(4)", "3.1416"),
        ("Buffer.from([0, 0, 0, 0, 0, 0, 0xf0, 0x3f]).readDoubleLE(0)", 1.0),
        ("Buffer.concat([Buffer.from([1]), Buffer.from([2])]).length", 2.0),
        ("Buffer.isBuffer(Buffer.alloc(2))", True),
        ("require('buffer').Buffer === Buffer", True),
        (
            "(() => { try { Buffer.from([1]).readUInt16BE(0); } catch (e) { return e.name; } })()",
            "RangeError",
        ),
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("12345678901234567890n", 12345678901234567000.0),
        ("'a\\u0000b'", "ab"),
        ("'\\ud800'", "?"),
        ("'水位'", "水位"),
    ],
)
def test_what_a_codec_finds_and_what_becomes_of_it(
    sandbox: Sandbox, expression: str, expected: object
) -> None:
    source = f"function decodeUplink(input) {{ return {{ data: {{ v: {expression} }} }}; }}"
    decoded = run(sandbox, source, f_port=7, variables={"offset": "5"})
    assert values(decoded) == {"v": expected}


@pytest.mark.parametrize(
    ("body", "error", "detail"),
    [
        ("return {\n data: x.y };", "exception", "ReferenceError: x is not defined (line 2)"),
        ("throw new Error('no');", "exception", "Error: no (line 1)"),
        ("throw 'text';", "exception", "text"),
        (
            "\n return Buffer.from([1]).readInt32LE(0);",
            "exception",
            "RangeError: Buffer: offset out of range (line 2)",
        ),
        ("return { errors: ['too short', 'port'] };", "exception", "too short; port"),
        ("return { data: { a: 1 }, errors: ['bad'] };", "exception", "bad"),
        ("return 5;", "bad_result", "the codec returned no data object"),
        ("return null;", "bad_result", "the codec returned no data object"),
        ("return;", "bad_result", "the codec returned no data object"),
        ("return { data: 'x' };", "bad_result", "the codec returned no data object"),
        (
            "return { data: { toJSON() { throw new Error('never'); } } };",
            "exception",
            "Error: never (line 1)",
        ),
    ],
)
def test_a_codec_that_fails_says_why(sandbox: Sandbox, body: str, error: str, detail: str) -> None:
    decoded = run(sandbox, f"function decodeUplink(input) {{ {body} }}")
    assert (decoded.measurements, decoded.error, decoded.detail) == ((), error, detail)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("", "no_entry_point"),
        ("var decodeUplink = 1;", "no_entry_point"),
        ("function decodeUplink(", "exception"),
        ("throw new Error('at once'); function decodeUplink() {}", "exception"),
        ("nothing.here; function decodeUplink() {}", "exception"),
        ("function decodeUplink() {}\x00", "exception"),
        ("\ud800 function decodeUplink() {}", "exception"),
        ("throw new Error('\ud800');", "exception"),
        ("//" + "x" * SOURCE_CHARS_MAX, "too_big"),
    ],
)
def test_a_source_that_cannot_run_fails_for_all_its_uplinks(
    sandbox: Sandbox, source: str, error: str
) -> None:
    jobs = [javascript(source, b"", version_id=77), javascript(source, b"", version_id=77)]
    assert [one.error for one in sandbox.decode(jobs)] == [error, error]
    assert sandbox.check_source("javascript", source) != ""


def test_warnings_reach_the_reader_and_cannot_pass_for_ours(sandbox: Sandbox) -> None:
    source = """function decodeUplink() { return {
        data: { a: 1, n: NaN, b: { i: -1 / 0 }, z: null },
        warnings: ["old", "@same_name", 5],
    }; }"""
    decoded = run(sandbox, source)
    assert values(decoded) == {"a": 1.0}
    assert decoded.warnings == ("old", "same_name", "@not_finite n", "@not_finite i")


def test_a_codec_may_give_several_timed_readings_and_places(sandbox: Sandbox) -> None:
    source = """function decodeUplink(input) { return { data: {
        gps: { latitude: 35.5, longitude: 139.5 },
        log: [0, 600].map((s) => ({ time: new Date(input.recvTime - s * 1000), level: s })),
    } }; }"""
    own, first, second = run(sandbox, source).measurements
    assert own == Measurement(None, {"gps": Position(35.5, 139.5, None)})
    assert first == Measurement(NOON, {"level": 0.0})
    assert (NOON - second.at).total_seconds() == 600  # type: ignore[operator]


def test_one_bad_payload_costs_the_others_of_its_batch_nothing(sandbox: Sandbox) -> None:
    source = """function decodeUplink(input) {
        if (input.bytes[0] === 1) throw new Error("one");
        if (input.bytes[0] === 2) for (;;) {}
        if (input.bytes[0] === 3) return { data: { a: "x".repeat(70000) } };
        if (input.bytes[0] === 4) { var a = []; for (;;) a.push(new Uint8Array(1 << 20)); }
        if (input.bytes[0] === 5) return { data: { a: 1n, b: "\\ud800" } };
        return { data: { a: input.bytes[0] } };
    }"""
    jobs = [javascript(source, bytes([n]), version_id=88) for n in (0, 1, 2, 3, 4, 5, 6)]
    results = sandbox.decode(jobs)
    codes = ["", "exception", "timeout", "too_big", "out_of_memory", "", ""]
    assert [one.error for one in results] == codes
    assert values(results[0]) == {"a": 0.0}
    assert values(results[5]) == {"a": 1.0, "b": "?"}
    assert values(results[6]) == {"a": 6.0}


def test_results_come_in_the_order_of_jobs_of_every_kind(sandbox: Sandbox) -> None:
    kinds = [
        ("cayenne_lpp", "", "temperature_0"),
        ("sigfox_grammar", "t::uint:8", "t"),
        ("javascript", "function Decoder(b) { return { j: b[0] }; }", "j"),
        ("javascript", "function Decoder(b) { return { k: b[0] }; }", "k"),
        ("network", "", "n"),
    ]
    jobs = [
        job(kind, source, bytes([0, 103, 0, n]), version_id=hash(name) % 1000, decoded={"n": n})
        for n in range(40)
        for kind, source, name in kinds
    ]
    names = [list(values(one)) for one in sandbox.decode(jobs)]
    assert names == [[name] for _ in range(40) for _, _, name in kinds]


def test_a_thousand_uplinks_of_one_codec_each_keep_their_own_result(sandbox: Sandbox) -> None:
    source = "function Decoder(bytes) { return { n: bytes[0] * 256 + bytes[1] }; }"
    jobs = [javascript(source, n.to_bytes(2, "big"), version_id=99) for n in range(1200)]
    assert [values(one)["n"] for one in sandbox.decode(jobs)] == list(range(1200))


def test_pure_kinds_answer_without_a_worker() -> None:
    with Sandbox() as quiet:
        partly = quiet.decode([job("cayenne_lpp", "", bytes.fromhex("0367011005"))])[0]
        assert (partly.error, partly.measurements[0].values) == (
            "truncated",
            {"temperature_3": 27.2},
        )
        assert quiet.decode([job("sigfox_grammar", "a::uint:8", b"")])[0].error == "truncated"
        assert quiet.decode([job("sigfox_grammar", "a", b"1")])[0].error == "bad_format"
        assert quiet.decode([job("network", "", b"")])[0].error == "bad_result"
        assert quiet.decode([job("basic", "", b"")])[0].error == "bad_format"
        assert quiet.decode([]) == []
        assert quiet.worker is None


def test_a_payload_beyond_any_radio_is_refused(sandbox: Sandbox) -> None:
    source = f"function decodeUplink(input) {{ return {ADD}; }}"
    big = javascript(source, bytes(PAYLOAD_BYTES_MAX + 1), version_id=66)
    small = javascript(source, bytes(PAYLOAD_BYTES_MAX), version_id=66)
    assert [one.error for one in sandbox.decode([big, small, small])] == ["too_big", "", ""]


def test_a_source_is_checked_before_it_is_saved() -> None:
    assert check_source("javascript", "function decodeUplink(input) { return {}; }") == ""
    wrong = check_source("javascript", "function decodeUplink(input) {\n  return 1 +;\n}")
    assert wrong.startswith("SyntaxError") and wrong.endswith("(line 2)")  # noqa: PT018
    assert check_source("sigfox_grammar", "a::uint:8") == ""
    assert "4" in check_source("sigfox_grammar", "a::x")
    assert check_source("cayenne_lpp", "") == ""
    assert check_source("basic", "") != ""


def test_a_source_is_tried_on_one_payload() -> None:
    source = "function decodeUplink(input) { return { data: { p: input.fPort } }; }"
    assert values(try_source(source, b"", 5)) == {"p": 5.0}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=30,
    )
)
def test_any_data_crosses_the_border_as_soundly_as_at_home(sandbox: Sandbox, data: object) -> None:
    text = json.dumps(json.dumps(data))
    source = f"function decodeUplink() {{ return {{ data: JSON.parse({text}) }}; }}"
    if "NaN" in source or "Infinity" in source:
        return
    decoded = run(sandbox, source)
    assert decoded.error == ("" if isinstance(data, dict | list) else "bad_result")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_codec_or_is_refused(sandbox: Sandbox, source: str) -> None:
    decoded = run(sandbox, source)
    assert decoded.error in ("exception", "no_entry_point")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_payload_reaches_the_codec_byte_for_byte(
    sandbox: Sandbox, payloads: list[bytes]
) -> None:
    source = """function Decoder(bytes) {
        return { h: Buffer.from(bytes).toString("hex").slice(0, 500) };
    }"""
    results = sandbox.decode([javascript(source, one, version_id=55) for one in payloads])
    assert [values(one)["h"] for one in results] == [one.hex()[:500] for one in payloads]


def test_no_product_file_but_the_worker_knows_the_engine() -> None:
    users = {
        path.name
        for path in Path("src/noroshi").rglob("*.py")
        if "import quickjs" in path.read_text()
    }
    assert users == {"worker.py"}
