"""Rules about our own text that no test of behaviour could prove: what is never written here."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent.parent / "src" / "noroshi"
PYTHON = sorted(one for one in HOUSE.rglob("*.py") if "migrations" not in one.parts)
TEMPLATES = sorted([*HOUSE.rglob("*.html"), *HOUSE.rglob("*.txt")])
SCRIPTS = sorted(one for one in HOUSE.rglob("static/**/*.js"))

# Modules that turn data into code, shells or documents that call others.
FORBIDDEN_MODULES = {
    "pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle", "yaml", "xml", "lxml",
    "defusedxml", "telnetlib", "ftplib", "imaplib", "poplib", "commands", "popen2", "pty", "random",
    "ldap", "memcache", "zipfile", "tarfile", "gzip", "bz2", "lzma", "Crypto", "jwt", "jose",
    "requests", "httpx", "aiohttp", "urllib3",
}  # fmt: skip
RANDOM_ALLOWED = {"jobs"}  # the demo's weather is no secret
# When a fault run dies, and when a broker is tried again, is no secret either.
RANDOM_FILES = {"base/failpoints.py", "listen/subscription.py"}
FETCHING_ALLOWED = {"jobs"}  # the smoke test and the demo's networks call our own doors
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "mark_safe", "SafeString", "format_lazy", "RawSQL",
    "extra", "from_string", "md5", "sha1", "system", "popen", "ECB", "import_string",
}  # fmt: skip
# (file, call): codecs run inside the sandbox (tests/codecs/test_sandbox.py), papers are our own
# templates, and the marks declared safe are drawings and the import map of our own files.
CALLS_ALLOWED = {
    ("codecs/worker.py", "eval"),
    ("base/papers.py", "compile"),
    ("ui/icons.py", "mark_safe"),
    ("ui/templatetags/ui.py", "mark_safe"),
}


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def ident(path: Path) -> str:
    """The file as a person would name it."""
    return str(path.relative_to(HOUSE))


def calls(path: Path) -> Iterator[tuple[ast.Call, str, str]]:
    """Every call with the last and the whole name of what is called."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            whole = ast.unparse(node.func)
            yield node, whole.rpartition(".")[2], whole


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of every module imported."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def found(rule: str) -> list[str]:
    """Where a regular expression stands in our Python, as file:line."""
    pattern = re.compile(rule)
    return [
        f"{ident(path)}:{number}"
        for path in PYTHON
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_module_that_turns_data_into_code_or_documents_that_call_others() -> None:
    bad = [
        f"{ident(path)}:{line} {name}"
        for path in PYTHON
        for line, name in imported(path)
        if name.partition(".")[0] in FORBIDDEN_MODULES and not is_let(path, name)
    ]
    assert bad == []


def is_let(path: Path, name: str) -> bool:
    """The rooms that may use one of these, and for what."""
    room = path.relative_to(HOUSE).parts[0]
    if name == "tarfile" and ident(path) == "jobs/backing/bring_back.py":
        return True  # a backup of our own, its hash checked before, and only plain data come out
    return (name == "random" and (room in RANDOM_ALLOWED or ident(path) in RANDOM_FILES)) or (
        name in {"gzip", "requests", "httpx", "aiohttp"} and room in FETCHING_ALLOWED
    )


def test_nothing_is_evaluated_and_no_text_is_declared_safe() -> None:
    bad = [
        f"{ident(path)}:{node.lineno} {whole}"
        for path in PYTHON
        for node, name, whole in calls(path)
        if name in FORBIDDEN_CALLS
        and whole != "re.compile"
        and (ident(path), name) not in CALLS_ALLOWED
    ]
    assert bad == []


def test_no_shell_stands_between_us_and_another_program() -> None:
    bad = [
        f"{ident(path)}:{node.lineno}"
        for path in PYTHON
        for node, _name, _whole in calls(path)
        for word in node.keywords
        if word.arg == "shell"
    ]
    assert bad == []


def test_questions_to_the_database_are_never_put_together_from_input() -> None:
    assert (
        found(r"(filter|exclude|annotate|get|order_by|values)\(\*\*?(request|form|data|sent)") == []
    )
    assert found(r"execute\([^)]*(%|\.format\(|\+) *(request|form|params)") == []
    assert found(r"execute\(\s*f?[\"'].*\{(request|form|query|text|name_of)") == []


def test_templates_escape_everything() -> None:
    bad = [
        f"{ident(path)}: {hit[0]}"
        for path in TEMPLATES
        for hit in re.finditer(
            r"\|\s*safe\b|safeseq|autoescape\s+off|\{%\s*debug", path.read_text()
        )
        if path.suffix == ".html"
    ]
    assert bad == []


def test_pages_hold_no_script_and_no_style_of_their_own() -> None:
    rule = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|<[^>{]*\sstyle=|<[^>{]*\son[a-z]{4,}=|javascript:", re.I
    )
    bad = [
        f"{ident(path)}: {hit[0]}"
        for path in TEMPLATES
        if path.suffix == ".html" and "mail" not in path.parts
        for hit in rule.finditer(path.read_text())
    ]
    assert bad == []


def test_pages_fetch_nothing_from_elsewhere() -> None:
    rule = re.compile(r"(?:src|srcset|action|hx-get|hx-post)=[\"'](?:https?:)?//", re.I)
    bad = [
        f"{ident(path)}: {hit[0]}" for path in TEMPLATES for hit in rule.finditer(path.read_text())
    ]
    assert bad == []


def test_every_form_that_changes_something_carries_its_token() -> None:
    for path in TEMPLATES:
        for form in re.findall(r"<form\b.*?</form>", path.read_text(), re.S | re.I):
            if re.search(r'method="post"', form, re.I):
                assert "csrf_token" in form, ident(path)


def test_our_scripts_run_no_text_as_code() -> None:
    rule = re.compile(
        r"\beval\(|new Function|document\.write|insertAdjacentHTML|outerHTML|javascript:|"
        r"setTimeout\([\"']|__proto__|with \("
    )
    bad = [
        f"{ident(path)}: {hit[0]}" for path in SCRIPTS for hit in rule.finditer(path.read_text())
    ]
    assert bad == []
    html = [ident(path) for path in SCRIPTS if "innerHTML" in path.read_text()]
    assert html == ["ui/static/ui/js/live.js"]  # fragments of this house, escaped by its templates


def test_our_scripts_keep_nothing_in_the_browser_and_listen_to_no_other_window() -> None:
    rule = re.compile(
        r"localStorage|sessionStorage|indexedDB|document\.cookie|postMessage|"
        r"addEventListener\([\"']message[\"']|\bcaches\.|serviceWorker|jsonp|callback="
    )
    bad = [
        f"{ident(path)}: {hit[0]}" for path in SCRIPTS for hit in rule.finditer(path.read_text())
    ]
    assert bad == []


def test_no_answer_is_a_script_made_for_another_page() -> None:
    assert found(r"application/javascript|text/javascript|callback\s*=\s*request\.GET") == []


def test_keys_of_objects_that_scripts_fill_from_outside_cannot_reach_the_prototype() -> None:
    """What comes as JSON is read by names that our own text writes, never by names that came."""
    rule = re.compile(r"Object\.assign\(|\bfor \(const \w+ in |\.\.\.JSON|merge\(")
    bad = [
        f"{ident(path)}: {hit[0]}" for path in SCRIPTS for hit in rule.finditer(path.read_text())
    ]
    assert bad == []


def test_secrets_are_compared_in_constant_time() -> None:
    rule = r"(token|secret|digest|hash|signature)\w*\s*(==|!=)\s*(?![\"'\d]|None|self\.token_hint)"
    assert [hit for hit in found(rule) if not hit.startswith(KNOWN_COMPARISONS)] == []


# Comparisons of public fingerprints: of files, of the walls, of the chain's own links.
KNOWN_COMPARISONS = ("config/", "base/", "tenants/ledger.py", "tenants/walls.py", "jobs/", "ui/")


def test_nothing_random_that_must_not_be_guessed_comes_from_a_weak_source() -> None:
    outside_of_jobs = [
        f"{ident(path)}:{line}"
        for path in PYTHON
        for line, name in imported(path)
        if name == "random"
        and path.relative_to(HOUSE).parts[0] != "jobs"
        and ident(path) not in RANDOM_FILES
    ]
    assert outside_of_jobs == []


def test_the_gate_knows_no_redirect() -> None:
    """A sender that speaks http where it should not must notice at once."""
    gate = [path for path in PYTHON if path.relative_to(HOUSE).parts[0] == "gate"]
    assert gate
    for path in gate:
        assert not re.search(r"\b30[1278]\b|Location", path.read_text()), ident(path)


def test_types_are_checked_strictly() -> None:
    told = tomllib.loads((HOUSE.parent.parent / "pyproject.toml").read_text())["tool"]["mypy"]
    assert told["strict"] is True
    assert not any(
        one.get("ignore_errors") and "noroshi.*" in one["module"] for one in told["overrides"]
    )


def test_files_are_never_named_by_input() -> None:
    rule = r"(open|Path|FileResponse)\([^)]*(request\.|\.name\b.*upload|FILES)"
    assert [hit for hit in found(rule) if not hit.startswith("jobs/smoking/")] == []
    assert found(r"FileField\(|ImageField\(|upload_to|MEDIA_ROOT|default_storage") == [
        hit for hit in found(r"FileField\(") if "forms" in hit
    ]


def test_only_one_place_opens_connections_to_the_outside() -> None:
    """The mail server; what else opens sockets serves the demo, tools or our own doors."""
    rule = re.compile(r"^(urllib\.request|http\.client|smtplib|socket|asyncio\.open_connection)$")
    users = {
        path.relative_to(HOUSE).parts[0]
        for path in PYTHON
        for _line, name in imported(path)
        if rule.search(name)
    }
    assert users <= {"outbox", "jobs", "base", "gate", "config", "live", "mqtt"}
    fetching = [ident(p) for p in PYTHON for _l, name in imported(p) if name == "urllib.request"]
    assert [one for one in fetching if not one.startswith("jobs/")] == []


@pytest.mark.parametrize("text", ["import pickle", "from xml.etree import ElementTree as x"])
def test_the_rule_about_modules_sees_what_it_should(text: str, tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(text + "\nimport json\n")
    names = [name.partition(".")[0] for _line, name in imported(file)]
    assert [name in FORBIDDEN_MODULES for name in names] == [True, False]
