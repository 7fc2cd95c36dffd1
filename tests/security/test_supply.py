"""What others wrote comes from two registries, pinned and hashed, and nothing else gets in."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)(\[[a-z,-]+\])?==([^\s;\\]+)", re.M)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_part_is_pinned_with_its_hash(lock: Path) -> None:
    blocks = [one for one in re.split(r"\n(?=\S)", lock.read_text()) if not one.startswith("#")]
    parts = [block for block in blocks if block.strip()]
    assert parts
    for block in parts:
        assert PIN.match(block), block[:80]
        assert "--hash=sha256:" in block, block[:80]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_no_part_comes_from_an_address_of_its_own(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(
        r"https?://|git\+|file:|--index-url|--extra-index-url|--find-links|-e ", text
    )


def test_what_is_wanted_is_in_the_lock() -> None:
    for wanted in sorted((ROOT / "requirements").glob("*.in")):
        pinned = {
            name.lower().replace("_", "-")
            for name, _, _ in PIN.findall(wanted.with_suffix(".txt").read_text())
        }
        for line in wanted.read_text().splitlines():
            name = re.match(r"[A-Za-z0-9._-]+", line)
            if name and not line.startswith(("-", "#")):
                assert name[0].lower().replace("_", "-") in pinned, line


def test_set_up_installs_by_hash_only() -> None:
    assert "--require-hashes" in (ROOT / "tools" / "setup.py").read_text()


def test_scripts_of_others_are_pinned_with_their_hash_and_served_by_us() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    parts = {name: one for name, one in lock["packages"].items() if name}
    assert parts
    for name, one in parts.items():
        assert re.match(r"sha(512|384)-", one.get("integrity", "")), name
        assert re.fullmatch(r"\d+\.\d+\.\d+.*", one["version"]), name


def test_no_key_and_no_password_is_in_the_tree() -> None:
    rule = re.compile(
        r"-----BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY|AKIA[0-9A-Z]{16}|ghp_[0-9A-Za-z]{30}|"
        r"xox[bp]-[0-9A-Za-z-]{20}"
    )
    for folder in ("src", "docs", "tools", "requirements"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in {".py", ".md", ".toml", ".txt", ".html", ".js"}:
                assert not rule.search(path.read_text(encoding="utf-8")), path


def test_tests_samples_and_tools_are_no_part_of_the_package() -> None:
    inside = [path.name for path in (ROOT / "src" / "noroshi").rglob("*") if path.is_dir()]
    assert not {"tests", "test", "examples", ".git", "bench"} & set(inside)
