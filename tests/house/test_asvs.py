"""asvs.toml: every requirement in scope has a control with tests that exist, or an exception."""

import ast
import tomllib
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = tomllib.loads((ROOT / "asvs.toml").read_text(encoding="utf-8"))
# L1 and L2 in scope, then the L3 adopted, by chapter: how many requirements there are.
CHAPTERS = {
    "V1": 23, "V2": 12, "V3": 25, "V4": 6, "V5": 11, "V6": 37, "V7": 17, "V8": 10, "V9": 7,
    "V11": 16, "V12": 9, "V13": 20, "V14": 11, "V15": 21, "V16": 17,
}  # fmt: skip
EXCEPTIONS_MAX = 5
EXCEPTION_DAYS_MAX = 366


@cache
def functions_of(file: str) -> frozenset[str]:
    """The names of the tests in one file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def exceptions() -> dict[str, dict[str, object]]:
    """The requirements that are not met yet."""
    return {name: line["exception"] for name, line in TABLE.items() if "exception" in line}


def test_every_requirement_in_scope_has_its_line() -> None:
    assert len(TABLE) == 242
    assert Counter(name.partition(".")[0] for name in TABLE) == CHAPTERS


@pytest.mark.parametrize("name", TABLE)
def test_a_line_names_a_control_with_tests_or_an_exception(name: str) -> None:
    line = TABLE[name]
    if "exception" in line:
        assert set(line) == {"exception"}
        assert set(line["exception"]) == {"since", "until", "reason"}
        return
    assert set(line) == {"control", "tests"}
    assert len(line["control"]) > 10
    assert line["tests"]
    for test in line["tests"]:
        file, _, function = test.partition("::")
        assert (ROOT / file).is_file(), test
        assert function in functions_of(file), test


@pytest.mark.parametrize("name", exceptions())
def test_an_exception_is_not_over(name: str) -> None:
    one = exceptions()[name]
    since, until, today = one["since"], one["until"], datetime.now(UTC).date()
    assert isinstance(since, date)
    assert isinstance(until, date)
    assert until >= today, f"{name}: meet it now, or give a new reason"
    assert (until - since).days <= EXCEPTION_DAYS_MAX
    assert len(str(one["reason"])) > 30


def test_exceptions_become_fewer() -> None:
    assert len(exceptions()) <= EXCEPTIONS_MAX


def test_no_test_is_the_only_proof_of_too_much() -> None:
    """The matrix proves many headers at once; anything else that proves twenty lines is suspect."""
    lines = [line["tests"] for line in TABLE.values() if "tests" in line]
    counts = Counter(
        test.partition("::")[2] for tests in lines if len(tests) == 1 for test in tests
    )
    assert max(counts.values()) <= 8, counts.most_common(3)
