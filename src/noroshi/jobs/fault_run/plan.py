"""Which faults come when: drawn from a seed, so that a run can be had again; pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

KILL, KILL_SERVER, KILL_BACKEND, FREEZE, FREEZE_BACKEND = (
    "kill",
    "kill the database",
    "kill a session",
    "freeze",
    "freeze a session",
)
MAIL, SPOOL_FULL, DISK_FULL, CLOCK = "mail server", "spool full", "database disk full", "clock"
PROGRAMS = ("gate", "work", "send", "tick", "live", "web")
# Who has most to lose is hit most.
VICTIMS = ("gate",) * 4 + ("work",) * 5 + ("send",) * 5 + ("tick", "tick", "live", "web")
MOODS = (
    "refuses",  # F22
    "later",  # F23: 451 at the recipient
    "later after data",
    "never",  # F24: 550 at the recipient
    "hangs",
    "drops, having taken",  # F25
    "drops, not having taken",
    "slow",  # F26
)
FREEZE_S = (0.3, 2.5)
MAIL_S = (1.0, 5.0)
FULL_S = (1.0, 3.0)
JUMPS_S = (-3600, 3 * 86400, 0)
KILLS = frozenset({KILL, KILL_SERVER, KILL_BACKEND})
# How often each kind of fault is drawn, relative to the others.
WEIGHTS = {
    KILL: 60,
    KILL_SERVER: 4,
    KILL_BACKEND: 6,
    FREEZE: 10,
    FREEZE_BACKEND: 5,
    MAIL: 22,
    SPOOL_FULL: 4,
    DISK_FULL: 3,
    CLOCK: 6,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, `at_s` seconds after the load began.

    Attributes:
        kind: a key of WEIGHTS. victim: a program, or the mail server's mood.
        lasts_s: how long a freeze, a mood or a full disk lasts; of CLOCK: the jump.
        draw: 0 to 1, to choose among what there is then.
    """

    at_s: float
    kind: str
    victim: str
    lasts_s: float
    draw: float

    def __str__(self) -> str:
        more = f" {self.victim}" if self.victim else ""
        lasting = f" {self.lasts_s:.1f} s" if self.lasts_s else ""
        return f"{self.at_s:6.1f} s {self.kind}{more}{lasting}"


def drawn(seed: int, *, kills: int, seconds: float, can: Sequence[str]) -> list[Fault]:
    """Faults until so many of them are kills, evenly over the time; of the kinds in `can` only."""
    dice = random.Random(seed)  # noqa: S311 - no secret: it must come out the same again
    kinds = [kind for kind in WEIGHTS if kind in can]
    weights = [WEIGHTS[kind] for kind in kinds]
    found: list[tuple[str, str, float, float]] = []
    left = kills
    while left > 0:
        kind = dice.choices(kinds, weights)[0]
        left -= kind in KILLS
        found.append((kind, victim_of(kind, dice), lasting(kind, dice), dice.random()))
    step = seconds / max(1, len(found))
    return [Fault((number + dice.random()) * step, *one) for number, one in enumerate(found)]


def victim_of(kind: str, dice: random.Random) -> str:
    """Who is hit."""
    if kind in {KILL, FREEZE}:
        return dice.choice(VICTIMS)
    return dice.choice(MOODS) if kind == MAIL else ""


def lasting(kind: str, dice: random.Random) -> float:
    """How long it lasts, in seconds; 0 for what is over at once."""
    if kind == CLOCK:
        return float(dice.choice(JUMPS_S))
    spans = {FREEZE: FREEZE_S, FREEZE_BACKEND: FREEZE_S, MAIL: MAIL_S}
    spans |= {SPOOL_FULL: FULL_S, DISK_FULL: FULL_S}
    return dice.uniform(*spans[kind]) if kind in spans else 0.0
