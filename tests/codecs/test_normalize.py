"""normalizeUplink: its values stand beside the decoded ones, and never cost one of them."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noroshi.codecs.normalized import add_normalized
from noroshi.codecs.result import (
    KEYS_MAX,
    MEASUREMENTS_MAX,
    VALUES_MAX,
    Decoded,
    Measurement,
    Position,
)
from noroshi.codecs.sandbox import STRIKES_MAX, STRIKES_S, Sandbox
from noroshi.codecs.words import say_warning
from tests.codecs.cast import NOON, javascript

DECODE = "function decodeUplink(input) { return { data: { t: input.bytes[0], b: 3.6 } }; }"


def run(sandbox: Sandbox, body: str, decode: str = DECODE) -> Decoded:
    source = f"{decode} function normalizeUplink(input) {{ {body} }}"
    return sandbox.decode([javascript(source, b"\x14")])[0]


def test_normalized_values_stand_beside_the_decoded_ones(sandbox: Sandbox) -> None:
    decoded = run(sandbox, "return { data: { air: { temperature: input.data.t }, battery: 3.6 } };")
    assert decoded.measurements == (
        Measurement(None, {"t": 20.0, "b": 3.6, "air.temperature": 20.0, "battery": 3.6}),
    )
    assert decoded.normalized == ("air.temperature", "battery")
    assert (decoded.error, decoded.warnings) == ("", ())


def test_a_decoded_value_is_never_replaced(sandbox: Sandbox) -> None:
    decoded = run(sandbox, "input.data.b = 9; return { data: { t: -1, u: 1 } };")
    assert decoded.measurements[0].values == {"t": 20.0, "b": 3.6, "u": 1.0}
    assert decoded.normalized == ("u",)


def test_an_array_gives_readings_of_their_own_times(sandbox: Sandbox) -> None:
    decoded = run(
        sandbox,
        """return { data: [
            { air: { temperature: 1 } },
            { time: "2026-06-01T02:00:00Z", air: { temperature: 2 }, position:
              { latitude: 35.5, longitude: 139.5 } },
            { time: new Date("2026-06-01T01:00:00Z"), air: { temperature: 3, location: "indoor" } },
        ], warnings: ["half"] };""",
    )
    assert decoded.measurements == (
        Measurement(None, {"t": 20.0, "b": 3.6, "air.temperature": 1.0}),
        Measurement(
            NOON - timedelta(hours=1),
            {"air.temperature": 2.0, "position": Position(35.5, 139.5, None)},
        ),
        Measurement(NOON - timedelta(hours=2), {"air.temperature": 3.0, "air.location": "indoor"}),
    )
    assert decoded.warnings == ("half",)


def test_a_reading_of_a_decoded_instant_joins_it(sandbox: Sandbox) -> None:
    decode = """function decodeUplink(input) { return { data: { log: [
        { time: input.recvTime, t: 1 }, { time: input.recvTime, h: 2 } ] } }; }"""
    decoded = run(
        sandbox,
        "var at = input.data.log[0].time; return { data: [{ time: at, t: 9, h: 9, n: 5 }] };",
        decode,
    )
    assert decoded.measurements == (
        Measurement(NOON, {"t": 1.0, "n": 5.0}),
        Measurement(NOON, {"h": 2.0}),
    )


@pytest.mark.parametrize(
    ("body", "warning"),
    [
        ("throw new Error('no');", "@not_normalized Error: no (line 1)"),
        ("return input.data.x.y;", "@not_normalized TypeError"),
        ("return;", "@not_normalized TypeError"),
        ("return null;", "@not_normalized TypeError"),
        ("return 5;", "@not_normalized the codec returned no data object"),
        ("return { data: 'x' };", "@not_normalized the codec returned no data object"),
        ("return { data: { a: 1 }, errors: ['bad', 'x'] };", "@not_normalized bad; x"),
        ("return { data: { a: 'x'.repeat(70000) } };", "@not_normalized too_big"),
        ("return { data: { a: ['\\n'.repeat(30000), '\\n'.repeat(9000)] } };", "@not_normalized"),
        ("var d = {}; d.d = d; return { data: d };", "@not_normalized TypeError"),
        ("return { data: { toJSON() { throw 'never'; } } };", "@not_normalized never"),
        ("return { data: { n: NaN, a: 1 } };", "@not_finite n"),
        ("return (function f() { return f() + 1; })();", "@not_normalized RangeError"),
        ("for (;;) {}", "@not_normalized"),
        ("return { get data() { for (;;) {} } };", "@not_normalized"),
        ("var a = []; for (;;) a.push(new Uint8Array(1 << 20));", "@not_normalized"),
    ],
)
def test_a_normalizer_that_fails_costs_a_warning_and_no_value(
    sandbox: Sandbox, body: str, warning: str
) -> None:
    decoded = run(sandbox, body)
    assert decoded.error == ""
    values = decoded.measurements[0].values
    assert {"t": 20.0, "b": 3.6}.items() <= values.items()
    assert len(decoded.warnings) == 1
    assert decoded.warnings[0].startswith(warning)
    assert not say_warning(decoded.warnings[0]).startswith("@")


def test_a_normalizer_is_not_asked_when_decoding_failed(sandbox: Sandbox) -> None:
    failing = "function decodeUplink(input) { return { data: { a: 1 }, errors: ['bad'] }; }"
    assert run(sandbox, "return { data: { u: 1 } };", failing).error == "exception"
    nothing = "function decodeUplink(input) { return 5; }"
    assert run(sandbox, "return { data: { u: 1 } };", nothing).error == "bad_result"


def test_bigint_and_empty_errors_reach_the_normalizer(sandbox: Sandbox) -> None:
    decode = "function decodeUplink() { return { data: { n: 5n }, errors: [] , warnings: ['w'] }; }"
    decoded = run(sandbox, "return { data: { u: input.data.n } };", decode)
    assert decoded.measurements[0].values == {"n": 5.0, "u": 5.0}
    assert decoded.warnings == ("w",)


def test_a_batch_keeps_every_decoded_value_beside_an_endless_normalizer() -> None:
    now = 1000.0
    source = (
        DECODE
        + """function normalizeUplink(input) {
        if (input.data.t === 2) for (;;) {}
        return { data: { u: input.data.t } };
    }"""
    )
    with Sandbox(clock=lambda: now) as sandbox:
        jobs = [javascript(source, bytes([n]), version_id=1) for n in (0, 1, 2, 3)]
        results = sandbox.decode(jobs)
        assert [one.measurements[0].values["t"] for one in results] == [0.0, 1.0, 2.0, 3.0]
        assert [one.measurements[0].values.get("u") for one in results] == [0.0, 1.0, None, 3.0]
        endless = [javascript(source, b"\x02", version_id=1) for _ in range(STRIKES_MAX)]
        sandbox.decode(endless)
        # Now it rests, and decoding does not.
        resting = sandbox.decode(jobs)
        assert [one.measurements[0].values for one in resting] == [
            {"t": float(n), "b": 3.6} for n in (0, 1, 2, 3)
        ]
        assert {one.warnings for one in resting} == {("@not_normalized",)}
        now += STRIKES_S + 1
        assert sandbox.decode(jobs[:1])[0].normalized == ("u",)


def test_many_slow_normalizers_cost_no_decoded_value() -> None:
    slow = (
        DECODE
        + """function normalizeUplink() {
        var end = performance.now() + 30;
        while (performance.now() < end) {}
        return { data: { u: 1 } };
    }"""
    )
    with Sandbox() as sandbox:
        results = sandbox.decode([javascript(slow, b"\x01", version_id=1) for _ in range(100)])
    assert {one.error for one in results} == {""}
    assert results[-1].warnings == ("@not_normalized",)


def test_an_endless_decoder_with_a_normalizer_still_rests() -> None:
    source = "function decodeUplink() { for (;;) {} } function normalizeUplink() {}"
    with Sandbox() as sandbox:
        jobs = [javascript(source, version_id=1) for _ in range(STRIKES_MAX + 1)]
        errors = [one.error for one in sandbox.decode(jobs)]
    assert errors == ["timeout"] * STRIKES_MAX + ["poisoned"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JUNK, st.sampled_from(["data", "whole"]))
def test_whatever_a_normalizer_says_the_decoded_values_stay(
    sandbox: Sandbox, junk: object, place: str
) -> None:
    said = json.dumps(json.dumps(junk))
    whole = f"JSON.parse({said})"
    decoded = run(sandbox, f"return {f'{{ data: {whole} }}' if place == 'data' else whole};")
    assert decoded.error == ""
    assert {"t": 20.0, "b": 3.6}.items() <= decoded.measurements[0].values.items()


def test_a_merge_keeps_to_the_limits_of_an_uplink() -> None:
    full = Measurement(None, {f"k{n}": 1.0 for n in range(KEYS_MAX)})
    more = Decoded((Measurement(None, {"one": 1.0, "k0": 2.0}),))
    merged = add_normalized(Decoded((full,)), more)
    assert merged == Decoded((full,), ("@too_many_values",))
    many = tuple(
        Measurement(NOON + timedelta(seconds=n), {"a": 1.0}) for n in range(MEASUREMENTS_MAX)
    )
    assert add_normalized(Decoded(many), more).measurements == many
    rows = VALUES_MAX // KEYS_MAX
    heavy = tuple(Measurement(NOON + timedelta(seconds=n), full.values) for n in range(rows))
    assert add_normalized(Decoded(heavy), more).warnings == ("@too_many_values",)
