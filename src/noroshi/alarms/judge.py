"""Judge readings: pure thought, no clock, no database. Spine, clock and back-test ask the same."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from noroshi.alarms.conditions import Limits, Plan, Silence
from noroshi.alarms.hours import covers
from noroshi.alarms.looks import LOWER, UPPER, Memory, Sight, Values, look

__all__ = [
    "ALARM", "CLOSED", "EASING", "GONE", "LOWER", "NORMAL", "OPENED", "PENDING", "TURNED",
    "UNKNOWN", "UPPER", "Bounds", "Known", "Outcome", "State", "Verdict", "judge", "judge_by",
    "miss",
]  # fmt: skip

NORMAL, PENDING, ALARM = "normal", "pending", "alarm"
EASING = "easing"  # an alarm whose value is back, but not yet for as long as asked for
UNKNOWN = "unknown"  # nothing is heard: neither normal nor an alarm
GONE = "gone"  # the side of an alarm because nothing came
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


class State(msgspec.Struct, frozen=True, gc=False):
    """What is known after a reading; `since` is the time of the first reading beyond.

    While an alarm eases, `since` is the time of the first reading that is back.
    """

    phase: str = NORMAL
    side: str = ""
    since: datetime | None = None


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The new state and what it means for the incident.

    `transition` is empty, opened, closed, or turned: closed on one side and opened on the other
    by the same reading.
    """

    state: State
    transition: str = ""


class Known(msgspec.Struct, frozen=True, gc=False):
    """All that the next reading is judged by."""

    state: State = State()
    memory: Memory = ()


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What a reading made of it; `value` and `limit` are in the terms of the condition.

    Unless `is_said` nothing was compared: it was only remembered, or nothing came.
    """

    known: Known
    transition: str = ""
    value: float = 0.0
    limit: float = 0.0
    is_said: bool = False


def judge(bounds: Bounds, state: State, value: float, at: datetime) -> Verdict:
    """The state after the reading `value` measured `at`; readings come in order of `at`."""
    plan = Plan("", Limits(bounds.upper, bounds.lower), bounds.margin, bounds.hold_s)
    return _step(plan, state, look(plan, (), at, (value,)), at)


def judge_by(plan: Plan, known: Known, at: datetime, values: Values) -> Outcome:
    """The same for any rule; `values` stand in the order of `plan.keys`, None = did not come."""
    now = _in_force(plan, at)
    sight = look(now or plan, known.memory, at, values)
    if sight.side is None:
        return Outcome(Known(known.state, sight.memory))
    hours = plan.more.hours
    if now is None or (sight.side and hours is not None and not covers(hours, at)):
        sight = Sight("", sight.keeps, sight.value, sight.limit, sight.memory)
    if not sight.side and known.state.phase == NORMAL:  # by far the commonest
        after = known if sight.memory == known.memory else Known(known.state, sight.memory)
        return Outcome(after, "", sight.value, sight.limit, is_said=True)
    verdict = _step(plan, known.state, sight, at)
    after = Known(verdict.state, sight.memory)
    return Outcome(after, verdict.transition, float(sight.value), float(sight.limit), is_said=True)


def miss(plan: Plan, known: Known, at: datetime) -> Outcome:
    """What it means that nothing came until `at`, when something was due.

    Silence itself opens at once. Else an alarm goes on as it was, opens, or ends, as the rule
    says; what is not an alarm is unknown.
    """
    state, means = known.state, plan.more.missing
    is_alarm = state.phase in {ALARM, EASING}
    if isinstance(plan.condition, Silence) or means == "alarm":
        hours = plan.more.hours
        if is_alarm or _in_force(plan, at) is None or (hours and not covers(hours, at)):
            return Outcome(known)
        return Outcome(Known(State(ALARM, GONE, at), known.memory), OPENED)
    if is_alarm and means == "keep":
        return Outcome(known)
    after = Known(State(UNKNOWN), known.memory)
    return Outcome(after, CLOSED if is_alarm else "")


def _in_force(plan: Plan, at: datetime) -> Plan | None:
    """The rule as it is at this instant; None while it rests."""
    other = plan.more.temporary
    if other is None or not other.since <= at < other.until:
        return plan
    if other.is_rest:
        return None
    if not isinstance(plan.condition, Limits):
        return plan
    changed = Limits(other.upper, other.lower)
    return Plan(plan.key, changed, plan.margin, plan.hold_s)


def _step(plan: Plan, state: State, sight: Sight, at: datetime) -> Verdict:
    """One reading further: the same course for every kind of condition."""
    side = sight.side or ""
    if state.phase in {ALARM, EASING}:
        return _in_alarm(plan, state, sight, at)
    if state.phase == PENDING and side == state.side and state.since is not None:
        if at < state.since + timedelta(seconds=plan.hold_s):
            return Verdict(state)
        return Verdict(State(ALARM, side, state.since), OPENED)
    after = _from_normal(plan, side, at)
    if after == state:
        return Verdict(state)
    return Verdict(after, OPENED if after.phase == ALARM else "")


def _in_alarm(plan: Plan, state: State, sight: Sight, at: datetime) -> Verdict:
    if state.side in sight.keeps:
        return Verdict(state if state.phase == ALARM else State(ALARM, state.side, at))
    clear = plan.more.clear
    if clear is not None and clear.hold_s and state.side != GONE:
        if state.phase == ALARM or state.since is None:
            return Verdict(State(EASING, state.side, at))
        if at < state.since + timedelta(seconds=clear.hold_s):
            return Verdict(state)
    after = _from_normal(plan, sight.side or "", at)
    return Verdict(after, TURNED if after.phase == ALARM else CLOSED)


def _from_normal(plan: Plan, side: str, at: datetime) -> State:
    if not side:
        return State()
    return State(PENDING if plan.hold_s else ALARM, side, at)
