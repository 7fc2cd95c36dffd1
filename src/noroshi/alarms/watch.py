"""Judge what was kept: rule states, incidents and mails, in the readings' transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from noroshi.alarms.judge import ALARM, CLOSED, OPENED, TURNED, UPPER, Bounds, State, judge
from noroshi.alarms.mails import News, write
from noroshi.alarms.models import Incident, Rule, RuleState
from noroshi.base import failpoints, wire
from noroshi.outbox.actions import post_all
from noroshi.readings.store import Kept

STATE_FIELDS = ("rule_id", "phase", "side", "since", "judged_at")
INCIDENT_FIELDS = ("id", "worst_value", "closed_at", "closed_value")


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


def watch(kept: Sequence[Kept], *, now: datetime) -> Watched:
    """Judge the numbers of a batch by the rules of their devices; call inside the transaction.

    Late readings are not judged: they never open or close what newer readings decided.
    """
    values = _values(kept)
    rules = _locked(_rules_at_stake(values))
    if not rules:
        return Watched(0, 0)
    states = RuleState.objects.in_bulk([rule.pk for rule in rules])
    open_now = {
        incident.rule_id: incident for incident in Incident.objects.open_().filter(rule__in=rules)
    }
    changes = Changes()
    for rule in rules:
        state = states.get(rule.pk) or RuleState(rule=rule)
        numbers = sorted(values[rule.device_id, rule.key])
        _judge_all(rule, state, numbers, open_now.get(rule.pk), changes)
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
    with wire.cursor() as cursor:
        cursor.execute(_RULES, [list({device_id for device_id, _ in values})], binary=True)
        rows = cursor.fetchall()
    at_stake = []
    for rule_id, device_id, key, upper, lower, is_at_rest in rows:
        for _, value in values.get((device_id, key), ()):
            is_high = upper is not None and value > upper
            if is_high or not is_at_rest or (lower is not None and value < lower):
                at_stake.append(rule_id)
                break
    return at_stake


def _locked(rule_ids: list[int]) -> list[Rule]:
    """The rules, locked in one order: the lock of a rule guards its state and open incident.

    The states are read after the lock is held, so that they are what the last holder wrote.
    """
    if not rule_ids:
        return []
    rules = Rule.objects.filter(pk__in=rule_ids, is_active=True).order_by("pk")
    return list(rules.select_for_update(no_key=True))


def _judge_all(
    rule: Rule,
    known: RuleState,
    numbers: list[tuple[datetime, float]],
    incident: Incident | None,
    changes: Changes,
) -> None:
    """Take one rule through its new numbers in the order of their time."""
    bounds = Bounds(rule.upper, rule.lower, rule.margin, rule.hold_s)
    before = state = State(known.phase, known.side, known.since)
    for at, value in numbers:
        if known.judged_at is not None and at <= known.judged_at:
            continue
        verdict = judge(bounds, state, value, at)
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
    if state != before:
        known.phase, known.side, known.since = state.phase, state.side, state.since
        known.judged_at = numbers[-1][0]
        changes.states.append(known)


def _open(rule: Rule, state: State, value: float, at: datetime) -> Incident:
    limit = rule.upper if state.side == UPPER else rule.lower
    return Incident(
        tenant_id=rule.tenant_id,
        device_id=rule.device_id,
        rule=rule,
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
        _run(_KEEP_STATES, STATE_FIELDS, changes.states)
        failpoints.at("spine.states_kept")
    if changes.touched:
        _run(_KEEP_TOUCHED, INCIDENT_FIELDS, changes.touched.values())
        failpoints.at("spine.incidents_touched")
    if changes.opened:
        _write_opened(changes)
        failpoints.at("spine.incidents_opened")
    post_all(write(changes.news, now=now), now=now)
    failpoints.at("spine.mails_posted")


def _run(query: str, names: Sequence[str], rows: Iterable[RuleState | Incident]) -> None:
    """Write some fields of many rows in one statement, a column a parameter."""
    with wire.cursor() as cursor:
        cursor.execute(query, [[getattr(row, name) for row in rows] for name in names])


def _write_opened(changes: Changes) -> None:
    """Write new incidents; one that met an open incident of its rule is dropped, and its news."""
    Incident.objects.bulk_create(changes.opened, ignore_conflicts=True)
    codes = [incident.code for incident in changes.opened]
    there = set(Incident.objects.filter(code__in=codes).values_list("code", flat=True))
    dropped = set(codes) - there
    if dropped:
        changes.news = [news for news in changes.news if news.incident.code not in dropped]


_KEEP_STATES = """
INSERT INTO alarms_rulestate (rule_id, phase, side, since, judged_at)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (rule_id) DO UPDATE SET phase = excluded.phase, side = excluded.side,
    since = excluded.since, judged_at = excluded.judged_at
"""
_KEEP_TOUCHED = """
UPDATE alarms_incident AS known
SET worst_value = new.worst, closed_at = new.closed_at, closed_value = new.closed_value
FROM unnest(%s::bigint[], %s::float8[], %s::timestamptz[], %s::float8[])
    AS new (id, worst, closed_at, closed_value)
WHERE known.id = new.id
"""
_RULES = """
SELECT rule.id, rule.device_id, rule.key, rule.upper, rule.lower,
    state.phase IS NULL OR state.phase = 'normal'
FROM alarms_rule rule LEFT JOIN alarms_rulestate state ON state.rule_id = rule.id
WHERE rule.device_id = ANY (%b::bigint[]) AND rule.is_active
"""
