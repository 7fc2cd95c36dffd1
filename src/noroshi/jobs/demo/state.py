"""What the simulator remembers between runs: where it stands in time, and what it has counted."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from noroshi.jobs.demo.progress import replace_json
from noroshi.jobs.demo.radio import Callback

FILE = "simulate-state.json"
TIMES = ("origin", "reached", "history_to")


@dataclass(slots=True)
class State:
    """`origin` is the first start; `reached` and `history_to` are due times sent completely."""

    origin: datetime
    seed: int
    reached: datetime | None = None
    history_to: datetime | None = None
    history_done: int = 0
    sent: int = 0
    acknowledged: int = 0
    repeats: int = 0
    distinct: dict[str, int] = field(default_factory=dict)

    def count(self, callbacks: Iterable[Callback]) -> None:
        """Note callbacks that were acknowledged."""
        for callback in callbacks:
            self.acknowledged += 1
            if callback.is_repeat:
                self.repeats += 1
            else:
                self.distinct[callback.network] = self.distinct.get(callback.network, 0) + 1


def read_state(var: Path, *, seed: int, now: datetime) -> State:
    """The state of this folder; a new one, with its origin now, where there is none."""
    try:
        noted = json.loads((var / FILE).read_text())
        for name in TIMES:
            noted[name] = noted[name] and datetime.fromisoformat(noted[name])
        state = State(**noted)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return State(now, seed)
    return state if state.seed == seed else State(now, seed)


def write_state(var: Path, state: State) -> None:
    """Replace the note in one step."""
    noted = {name: getattr(state, name) for name in State.__slots__}
    for name in TIMES:
        noted[name] = noted[name] and noted[name].isoformat()
    replace_json(var / FILE, noted)
