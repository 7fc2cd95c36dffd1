"""The words nobody should use as a password: the 20,000 commonest, and ours in romaji."""

import functools
from pathlib import Path

from django.contrib.auth.password_validation import CommonPasswordValidator

WORDS = Path(__file__).parent / "words"


@functools.cache
def common() -> frozenset[str]:
    """All words, in lower case. Read once a process, some 20,800 words."""
    world: set[str] = CommonPasswordValidator().passwords
    return frozenset(world | set(listed("romaji")))


@functools.cache
def listed(name: str) -> tuple[str, ...]:
    """The words of `words/<name>.txt`, in their order; a line that begins with `# ` is a remark."""
    lines = (WORDS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("# ") for word in line.split())
