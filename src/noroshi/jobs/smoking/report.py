"""One line a check; the first that fails ends the run with what was expected and seen."""

import sys
import time
from collections.abc import Callable

WAIT_S_MAX = 15.0
LOOK_S = 0.1
SHOWN_CHARS_MAX = 1500


class CheckFailed(Exception):
    """Something was not as it must be; the text says what was expected and what was seen."""


class Report:
    """Counts the checks and prints each."""

    def __init__(self) -> None:
        self.count = 0
        self.began = time.monotonic()

    def passed(self, what: str) -> None:
        """One check held."""
        self.count += 1
        say(f"ok {self.count:>3} {what}")

    def same(self, what: str, seen: object, expected: object) -> None:
        """Both are equal; raises CheckFailed with both."""
        if seen != expected:
            raise CheckFailed(f"{what}\n  expected: {short(expected)}\n  seen:     {short(seen)}")
        self.passed(what)

    def holds(self, what: str, *, is_good: bool, seen: object) -> None:
        """A fact holds; `seen` is told when it does not."""
        if not is_good:
            raise CheckFailed(f"{what}\n  seen: {short(seen)}")
        self.passed(what)

    def becomes(
        self, what: str, look: Callable[[], object], expected: object, seconds: float = WAIT_S_MAX
    ) -> None:
        """What `look` sees becomes what is expected, soon."""
        self.same(what, wait_for(look, expected, seconds), expected)


def wait_for(look: Callable[[], object], expected: object, seconds: float = WAIT_S_MAX) -> object:
    """What was seen last: the expected, or what still differed when the time was over."""
    until = time.monotonic() + seconds
    seen = look()
    while seen != expected and time.monotonic() < until:
        time.sleep(LOOK_S)
        seen = look()
    return seen


def short(thing: object) -> str:
    """A thing as text of bounded length."""
    text = repr(thing)
    return text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + " …"


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
