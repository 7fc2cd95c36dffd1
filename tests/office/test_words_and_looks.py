"""Reasons in words, and bodies made readable."""

import ast
import json
from pathlib import Path

from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from noroshi import networks
from noroshi.codecs.words import ERRORS
from noroshi.office.looking import hex_rows, look
from noroshi.office.words import REASONS, bytes_words, rest_of, say, span_words

ADAPTERS = Path(networks.__file__).parent


def reasons_in_the_adapters() -> set[str]:
    """Every reason that an adapter may give."""
    found = set()
    for path in ADAPTERS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_refusal = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if is_refusal and node.func.id == "Malformed":  # type: ignore[attr-defined]
                reason = node.args[0]  # type: ignore[attr-defined]
                assert isinstance(reason, ast.Constant), path.name
                found.add(str(reason.value))
    return found


def test_every_reason_of_every_adapter_and_of_the_spine_has_words() -> None:
    known = reasons_in_the_adapters()
    assert len(known) > 10
    spine = {
        *("unknown_device", "no_holder", "codec_failed", "too_many_series", "bad_data", "bug"),
    }
    assert known | spine == set(REASONS)


def test_a_codecs_own_error_is_said_instead_of_the_general_one() -> None:
    with translation.override("ja"):
        for code, words in ERRORS.items():
            assert say("codec_failed", f"{code}: x").what == str(words)
        assert rest_of("codec_failed", "timeout: slow") == "slow"
        assert rest_of("bug", "KeyError: x") == "KeyError: x"
        assert say("new_reason").what == "new_reason"


def test_spans_and_sizes_read_well() -> None:
    with translation.override("ja"):
        assert [span_words(s) for s in (-1, 59.9, 120, 7200, 400000)] == [
            *("0秒", "59秒", "2分", "2時間", "4日"),
        ]
    assert [bytes_words(n) for n in (0, 999, 1500, 812_000, 3.4e9)] == [
        *("0 B", "999 B", "1.5 kB", "812 kB", "3.4 GB"),
    ]


@given(st.binary(max_size=300), st.sampled_from(["", "application/json", "x-www-form-urlencoded"]))
def test_any_body_can_be_looked_at(body: bytes, content_type: str) -> None:
    seen = look(body, content_type)
    seen.text.encode()
    seen.raw.encode()
    assert seen.size == len(body)


@given(st.recursive(st.none() | st.floats() | st.text(), lambda x: st.lists(x), max_leaves=20))
def test_json_is_indented_whatever_it_holds(value: object) -> None:
    body = json.dumps(value).encode()
    assert look(body, "application/json").form == "json"


def test_half_a_character_in_json_does_not_break_the_page() -> None:
    assert look(b'{"a": "\\ud800"}', "").text.encode()


def test_a_form_is_shown_line_by_line() -> None:
    assert (
        look(b"device=1F&data=00+ff", "x-www-form-urlencoded").text == "device = 1F\ndata = 00 ff"
    )


@given(st.binary(min_size=1, max_size=100))
def test_hex_rows_hold_every_byte(body: bytes) -> None:
    shown = "".join(line[6:53] for line in hex_rows(body).split("\n"))
    assert bytes.fromhex(shown) == body
