"""How far the simulator has come, in a file that a page may read."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "simulate.json"
PHASES = ("recent", "history", "live")


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts since the demo's first start, over all restarts.

    Attributes:
        phase: recent (the last days), history (and live beside it), live (all loaded).
        done, total: callbacks of the history loaded, and about how many there will be.
        started_at: when this run began, ISO 8601 in UTC.
        rate: callbacks acknowledged a second, just now.
        sent, acknowledged: requests made, and those answered with a 2xx.
        repeats: acknowledged ones that a network sent for the second time.
        distinct: acknowledged callbacks without those repeats, by network.
        is_waiting: whether the gate does not answer just now.
    """

    phase: str
    done: int
    total: int
    started_at: str
    rate: float
    sent: int
    acknowledged: int
    repeats: int
    distinct: dict[str, int]
    is_waiting: bool

    @property
    def percent(self) -> float:
        """How much of the history is loaded, 0 to 100."""
        return 100.0 if self.total <= 0 else min(100.0, 100 * self.done / self.total)


def read_progress(var: Path) -> Progress | None:
    """The progress noted in this folder; None where there is none that can be read."""
    try:
        noted = Progress(**json.loads((var / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return noted if noted.phase in PHASES else None


def write_progress(var: Path, progress: Progress) -> None:
    """Replace the note in one step."""
    replace_json(var / FILE, asdict(progress))


def replace_json(path: Path, content: object) -> None:
    """Write a file so that a reader sees the old one or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(json.dumps(content))
    draft.replace(path)
