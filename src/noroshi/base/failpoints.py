"""Named places at which a fault run makes a program die, fail or wait; nothing otherwise.

A place says `failpoints.at("spine.read")`. What happens there is read once, as the program starts,
from NOROSHI_FAILPOINTS: `name=kill`, `name=kill:0.01` (one time in a hundred), `name=raise`,
`name=sleep:0.1:2.5` (seconds last), several with commas. Only a run that says NOROSHI_FAULT_RUN=1
may; everywhere else `at` does nothing.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from noroshi.base import environment

SLEEP_S = 1.0

# Every place, by the program that passes it, in the order of its statements.
SPINE = (
    "spine.claimed",
    "spine.again_claimed",
    "spine.again_settled",
    "spine.read",
    "spine.decoded",
    "spine.uplinks_inserted",
    "spine.series_known",
    "spine.numbers_kept",
    "spine.loose_kept",
    "spine.latest_kept",
    "spine.heard",
    "spine.downlinks_settled",
    "spine.states_kept",
    "spine.incidents_touched",
    "spine.incidents_opened",
    "spine.mails_posted",
    "spine.troubles_put",
    "spine.told",
    "spine.moved",
    "spine.committed",
)
SENDER = (
    "send.claimed",
    "send.connected",
    "send.sender_said",
    "send.recipient_said",
    "send.data_begun",
    "send.handed_over",
    "send.answered",
    "send.written",
    "send.committed",
)
HOOKS = ("hook.claimed", "hook.answered", "hook.written", "hook.committed")
CLOSING = (
    "close.locked",
    "close.taken",
    "close.absorbed",
    "close.committed",
    "close.dropped",
    "merge.locked",
    "merge.taken",
    "merge.written",
    "merge.committed",
)
RETENTION = (
    "prune.chunks",
    "prune.partition",
    "prune.journal",
    "prune.exceptions",
    "prune.mails",
)
TELLING = (
    "gather.written",
    "chase.written",
)
GATE = (
    "gate.stored",
    "gate.spool_begun",
    "gate.spool_written",
    "gate.spool_synced",
    "gate.drain_read",
    "gate.drain_stored",
    "gate.drain_removed",
)
NAMES = frozenset((*SPINE, *SENDER, *HOOKS, *CLOSING, *RETENTION, *TELLING, *GATE))


class FailpointHit(Exception):
    """A fault run wanted this place to fail."""


class BadFailpoint(ValueError):
    """What is wanted cannot be understood."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What happens at one place: kill, raise or sleep, one time in `1 / chance`."""

    action: str
    chance: float = 1.0
    seconds: float = SLEEP_S


def nothing(_name: str) -> None:
    """What every place does in life."""


def read(text: str) -> dict[str, Wanted]:
    """The wanted failpoints by name. Raises BadFailpoint."""
    found = {}
    for one in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, rest = one.partition("=")
        action, *numbers = rest.split(":")
        if name not in NAMES:
            raise BadFailpoint(f"there is no failpoint {name!r}")
        if action not in {"kill", "raise", "sleep"}:
            raise BadFailpoint(f"{one!r} must be kill, raise or sleep")
        try:
            found[name] = Wanted(action, *(float(number) for number in numbers))
        except (TypeError, ValueError):
            raise BadFailpoint(f"{one!r} has a number that is none") from None
    return found


def armed(wanted: dict[str, Wanted]) -> Callable[[str], None]:
    """The function that does what is wanted at each place."""

    def hit(name: str) -> None:
        one = wanted.get(name)
        if one is None or random.random() >= one.chance:  # noqa: S311 - no secret
            return
        if one.action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if one.action == "raise":
            raise FailpointHit(name)
        time.sleep(one.seconds)

    return hit


def bound(text: str) -> Callable[[str], None]:
    """`nothing`, or what a fault run wants."""
    try:
        return armed(read(text)) if text else nothing
    except BadFailpoint as reason:
        raise environment.BadSetting(f"noroshi: NOROSHI_FAILPOINTS: {reason}.") from None


at: Callable[[str], None] = bound(environment.failpoints())
