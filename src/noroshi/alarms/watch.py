"""Judge what was kept: rule states, incidents and mails, in the readings' transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from noroshi.alarms import rows
from noroshi.alarms.judge import ALARM, CLOSED, OPENED, TURNED, UPPER, State, judge
from noroshi.alarms.mails import News, write
from noroshi.alarms.models import Incident
from noroshi.alarms.rows import Judged, Known, Watching
from noroshi.base import failpoints
from noroshi.outbox.actions import post_all
from noroshi.readings.store import Kept

NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True)
class Watched:
    """How many incidents the batch opened and closed."""

    opened: int
    closed: int


@dataclass(slots=True)
class Changes:
    """What a batch does to states and incidents, gathered to be written at once."""

    states: list[Judged] = field(default_factory=list)
    opened: list[Incident] = field(default_factory=list)
    touched: dict[int, Incident] = field(default_factory=dict)  # by primary key
    news: list[News] = field(default_factory=list)


def watch(kept: Sequence[Kept], *, now: datetime) -> Watched:
    """Judge the numbers of a batch by the rules of their devices; call inside the transaction.

    Late readings are not judged: they never open or close what newer readings decided.
    """
    values = _values(kept)
    at_stake = _rules_at_stake(values)
    rules = rows.locked(at_stake) if at_stake else []
    if not rules:
        return Watched(0, 0)
    states, open_now = rows.known([rule.id for rule in rules])
    changes = Changes()
    for rule in rules:
        state = states.get(rule.id, NOTHING_KNOWN)
        numbers = sorted(values[rule.device_id, rule.key])
        _judge_all(rule, state, numbers, open_now.get(rule.id), changes)
    _write(changes, now=now)
    return Watched(
        opened=sum(news.kind == OPENED for news in changes.news),
        closed=sum(news.kind == CLOSED for news in changes.news),
    )


Values = dict[tuple[int, str], list[tuple[datetime, float]]]


def _values(kept: Sequence[Kept]) -> Values:
    """The numbers to judge, by device and key; a boolean is 0 or 1."""
    values: Values = defaultdict(list)
    for one in kept:
        point = one.point
        if not one.is_late and isinstance(point.value, int | float):
            values[point.device_id, point.key].append((point.at, float(point.value)))
    return values


def _rules_at_stake(values: Values) -> list[int]:
    """The rules that these numbers could move: not at rest, or with a limit that is broken.

    Most rules are at rest and most readings are normal: such a pair costs no more than this.
    """
    if not values:
        return []
    at_stake = []
    device_ids = {device_id for device_id, _ in values}
    for rule_id, device_id, key, upper, lower, is_at_rest in rows.limits_of(device_ids):
        for _, value in values.get((device_id, key), ()):
            is_high = upper is not None and value > upper
            if is_high or not is_at_rest or (lower is not None and value < lower):
                at_stake.append(rule_id)
                break
    return at_stake


def _judge_all(
    rule: Watching,
    known: Known,
    numbers: list[tuple[datetime, float]],
    incident: Incident | None,
    changes: Changes,
) -> None:
    """Take one rule through its new numbers in the order of their time."""
    state = known.state
    for at, value in numbers:
        if known.judged_at is not None and at <= known.judged_at:
            continue
        verdict = judge(rule.bounds, state, value, at)
        state = verdict.state
        if verdict.transition in {CLOSED, TURNED} and incident is not None:
            _close(incident, value, at, changes)
            incident = None
        if verdict.transition in {OPENED, TURNED} and incident is None:
            incident = _open(rule, state, value, at)
            changes.opened.append(incident)
            changes.news.append(News(OPENED, incident, value, at))
        if incident is not None and state.phase == ALARM:
            _worsen(incident, value, changes)
    if state != known.state:
        changes.states.append(Judged(rule.id, state, numbers[-1][0]))


def _open(rule: Watching, state: State, value: float, at: datetime) -> Incident:
    limit = rule.bounds.upper if state.side == UPPER else rule.bounds.lower
    return Incident(
        tenant_id=rule.tenant_id,
        device_id=rule.device_id,
        rule_id=rule.id,
        key=rule.key,
        side=state.side,
        limit=value if limit is None else limit,
        since=state.since or at,
        opened_at=at,
        opened_value=value,
        worst_value=value,
    )


def _close(incident: Incident, value: float, at: datetime, changes: Changes) -> None:
    incident.closed_at, incident.closed_value = at, value
    _touch(incident, changes)
    changes.news.append(News(CLOSED, incident, value, at))


def _worsen(incident: Incident, value: float, changes: Changes) -> None:
    worst = max if incident.side == UPPER else min
    if worst(incident.worst_value, value) != incident.worst_value:
        incident.worst_value = value
        _touch(incident, changes)


def _touch(incident: Incident, changes: Changes) -> None:
    """Note a change of an incident that is in the database already."""
    if incident.pk is not None:
        changes.touched[incident.pk] = incident


def _write(changes: Changes, *, now: datetime) -> None:
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
    post_all(write(changes.news, now=now), now=now)
    failpoints.at("spine.mails_posted")


def _write_opened(changes: Changes) -> None:
    """Write new incidents; one that met an open incident of its rule is dropped, and its news."""
    written = rows.keep_opened(changes.opened)
    dropped = {incident.code for incident in changes.opened} - written
    if dropped:
        changes.news = [news for news in changes.news if news.incident.code not in dropped]
