"""Judge what was kept: rule states, incidents and mails, in the readings' transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from noroshi.alarms import rows
from noroshi.alarms.judge import ALARM, CLOSED, LOWER, OPENED, TURNED, Outcome, judge_by
from noroshi.alarms.mails import News
from noroshi.alarms.models import Incident, Rule, RuleState
from noroshi.alarms.moments import Told, told_by
from noroshi.alarms.telling import tell
from noroshi.base import failpoints
from noroshi.devices.heartbeats import Beat
from noroshi.readings.store import Kept

SILENCE = "silence"
MOMENTARY = frozenset({"heat"})  # reached once: nothing recovers, and no mail says so


@dataclass(frozen=True, slots=True)
class Watched:
    """How many incidents the batch opened and closed."""

    opened: int
    closed: int


@dataclass(slots=True)
class Changes:
    """What a batch does to states and incidents, gathered to be written at once."""

    states: list[RuleState] = field(default_factory=list)
    opened: list[Incident] = field(default_factory=list)
    touched: dict[int, Incident] = field(default_factory=dict)  # by primary key
    news: list[News] = field(default_factory=list)


@dataclass(slots=True)
class Case:
    """One rule with what is known of it, and its open incident."""

    rule: Rule
    stored: RuleState
    incident: Incident | None


def watch(kept: Sequence[Kept], *, now: datetime, beats: Sequence[Beat] = ()) -> Watched:
    """Judge a batch by the rules of its devices; call inside the transaction.

    Late readings are not judged: they never open or close what newer readings decided.
    """
    told = told_by(kept, beats)
    at_stake = _rules_at_stake(told)
    rules = rows.locked(at_stake) if at_stake else []
    if not rules:
        return Watched(0, 0)
    states, open_now = rows.known([rule.pk for rule in rules])
    changes = Changes()
    for rule in rules:
        state = states.get(rule.pk) or RuleState(rule=rule)
        _judge_all(Case(rule, state, open_now.get(rule.pk)), told, changes)
    write_changes(changes, now=now)
    return Watched(
        opened=sum(news.kind == OPENED for news in changes.news),
        closed=sum(news.kind == CLOSED for news in changes.news),
    )


def _rules_at_stake(told: Told) -> list[int]:
    """The rules that this batch could move: not at rest, or with a limit that is broken.

    Most rules are at rest and most readings are normal: such a pair costs no more than this. Of
    rules that say more than two limits, all of the devices heard are at stake.
    """
    devices = told.devices
    if not devices:
        return []
    at_stake, values = [], told.numbers
    for rule_id, device_id, key, upper, lower, is_at_rest in rows.limits_of(devices):
        if is_at_rest is None:
            at_stake.append(rule_id)
            continue
        for _, value in values.get((device_id, key), ()):
            is_high = upper is not None and value > upper
            if is_high or not is_at_rest or (lower is not None and value < lower):
                at_stake.append(rule_id)
                break
    return at_stake


def _judge_all(case: Case, told: Told, changes: Changes) -> None:
    """Take one rule through what is new, in the order of its time."""
    rule, stored = case.rule, case.stored
    plan = rule.plan
    before = known = stored.known
    judged_at = stored.judged_at
    for at, values in told.moments(rule.device_id, plan.keys):
        if stored.judged_at is not None and at <= stored.judged_at:
            continue
        outcome = judge_by(plan, known, at, values)
        known, judged_at = outcome.known, at
        _follow(case, outcome, at, changes)
    if known != before:
        state = known.state
        stored.phase, stored.side, stored.since = state.phase, state.side, state.since
        stored.memory, stored.judged_at = list(known.memory), judged_at
        changes.states.append(stored)


def _follow(case: Case, outcome: Outcome, at: datetime, changes: Changes) -> None:
    """Do to the rule's incident what a reading made of it."""
    if outcome.transition in {CLOSED, TURNED} and case.incident is not None:
        _close(case.incident, outcome.value, at, changes)
        case.incident = None
    if outcome.transition in {OPENED, TURNED} and case.incident is None:
        case.incident = opened(case.rule, outcome, at)
        changes.opened.append(case.incident)
        changes.news.append(News(OPENED, case.incident, outcome.value, at))
    if outcome.is_said and case.incident is not None and outcome.known.state.phase == ALARM:
        _worsen(case.incident, outcome.value, changes)


def opened(rule: Rule, outcome: Outcome, at: datetime) -> Incident:
    """A new incident of the rule, not yet written."""
    state = outcome.known.state
    return Incident(
        tenant_id=rule.tenant_id,
        device_id=rule.device_id,
        rule=rule,
        kind=rule.kind,
        options=rule.options,
        key=rule.key,
        side=state.side,
        limit=outcome.limit,
        since=state.since or at,
        opened_at=at,
        opened_value=outcome.value,
        worst_value=outcome.value,
    )


def _close(incident: Incident, value: float, at: datetime, changes: Changes) -> None:
    if incident.kind == SILENCE:
        value = (at - incident.since).total_seconds()
        incident.worst_value = value
    incident.closed_at, incident.closed_value = at, value
    _touch(incident, changes)
    if incident.kind not in MOMENTARY:
        changes.news.append(News(CLOSED, incident, value, at))


def _worsen(incident: Incident, value: float, changes: Changes) -> None:
    worst = min if incident.side == LOWER else max
    if worst(incident.worst_value, value) != incident.worst_value:
        incident.worst_value = value
        _touch(incident, changes)


def _touch(incident: Incident, changes: Changes) -> None:
    """Note a change of an incident that is in the database already."""
    if incident.pk is not None:
        changes.touched[incident.pk] = incident


def write_changes(changes: Changes, *, now: datetime) -> None:
    """Old incidents close before new ones open: of one rule, only one may be open."""
    if changes.states:
        rows.keep_states(changes.states)
        failpoints.at("spine.states_kept")
    if changes.touched:
        rows.keep_touched(changes.touched.values())
        failpoints.at("spine.incidents_touched")
    if changes.opened:
        _write_opened(changes)
        failpoints.at("spine.incidents_opened")
    tell(changes.news, now=now)
    failpoints.at("spine.mails_posted")


def _write_opened(changes: Changes) -> None:
    """Write new incidents; one that met an open incident of its rule is dropped, and its news."""
    written = rows.keep_opened(changes.opened)
    dropped = {incident.code for incident in changes.opened} - written
    if dropped:
        changes.news = [news for news in changes.news if news.incident.code not in dropped]
