"""One thing that was looked at, and what to do about it."""

from dataclasses import dataclass

GOOD, WEAK, BAD = "ok", "weak", "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: `state` is GOOD, WEAK (works, could be better) or BAD."""

    state: str
    what: str
    seen: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.state:<5}{self.what}: {self.seen}"
        return f"{line}\n     do: {self.remedy}" if self.remedy else line
