"""Judge one reading against an upper and a lower limit: pure thought, no clock, no database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

NORMAL, PENDING, ALARM = "normal", "pending", "alarm"
UPPER, LOWER = "upper", "lower"
OPENED, CLOSED, TURNED = "opened", "closed", "turned"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is normal.

    Attributes:
        upper, lower: the limits, themselves still normal; None = no such limit.
        margin: how far inside the limit an alarm ends, in the unit of the value, 0 or more.
        hold_s: judgement time in seconds: how long a value must stay beyond the limit.
    """

    upper: float | None
    lower: float | None
    margin: float
    hold_s: int


@dataclass(frozen=True, slots=True)
class State:
    """What is known after a reading; `since` is the time of the first reading beyond."""

    phase: str = NORMAL
    side: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The new state and what it means for the incident.

    `transition` is empty, opened, closed, or turned: closed on one side and opened on the other
    by the same reading.
    """

    state: State
    transition: str = ""


def judge(bounds: Bounds, state: State, value: float, at: datetime) -> Verdict:
    """The state after the reading `value` measured `at`; readings come in order of `at`."""
    if state.phase == ALARM:
        if not _is_over(bounds, state.side, value):
            return Verdict(state)
        after = _from_normal(bounds, value, at)
        return Verdict(after, TURNED if after.phase == ALARM else CLOSED)
    side = _side_beyond(bounds, value)
    if state.phase == PENDING and side == state.side and state.since is not None:
        if at < state.since + timedelta(seconds=bounds.hold_s):
            return Verdict(state)
        return Verdict(State(ALARM, side, state.since), OPENED)
    after = _from_normal(bounds, value, at)
    return Verdict(after, OPENED if after.phase == ALARM else "")


def _from_normal(bounds: Bounds, value: float, at: datetime) -> State:
    side = _side_beyond(bounds, value)
    if not side:
        return State()
    return State(PENDING if bounds.hold_s else ALARM, side, at)


def _side_beyond(bounds: Bounds, value: float) -> str:
    if bounds.upper is not None and value > bounds.upper:
        return UPPER
    if bounds.lower is not None and value < bounds.lower:
        return LOWER
    return ""


def _is_over(bounds: Bounds, side: str, value: float) -> bool:
    """Whether an alarm on this side ends; a limit that is gone holds no alarm."""
    if side == UPPER:
        return bounds.upper is None or value <= bounds.upper - bounds.margin
    return bounds.lower is None or value >= bounds.lower + bounds.margin
