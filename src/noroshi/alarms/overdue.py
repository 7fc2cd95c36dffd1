"""What it means that nothing came: devices overdue by their own rhythm, told by the clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from noroshi.alarms import awake, outages
from noroshi.alarms.conditions import Silence
from noroshi.alarms.judge import CLOSED, OPENED, miss
from noroshi.alarms.mails import News
from noroshi.alarms.models import Incident, Rhythm, Rule, RuleState
from noroshi.alarms.watch import Case, Changes, Watched, opened, write_changes
from noroshi.base import wire
from noroshi.readings.rhythm import gaps_of

INTERVALS = 3
GRACE = timedelta(minutes=10)
OVERDUE_MAX = 2000  # rules in one transaction
LEARN_MAX = 500  # devices in one turn
LEARN_AGAIN = timedelta(days=1)
GAPS_MIN = 10

# By the type's interval or the device's own, else by what the uplinks of this very device tell.
# Who was never heard is unknown, not silent. What is told already is not asked about again.
OVERDUE = """
SELECT id, heard_at, patience, tenant_id, space FROM (
    SELECT rule.id, rule.tenant_id, device.space, beat.sent_at AS heard_at, coalesce(
        make_interval(secs => (rule.options ->> 'after_s')::float8),
        make_interval(secs => coalesce((rule.options ->> 'intervals')::int, %b)
            * coalesce(device.interval_s, rhythm.interval_s, type.interval_s)) + %b
    ) AS patience
    FROM alarms_rule rule
    JOIN devices_device device ON device.id = rule.device_id AND device.retired_at IS NULL
    JOIN devices_devicetype type ON type.id = device.type_id
    JOIN devices_heartbeat beat ON beat.device_id = device.id
    LEFT JOIN alarms_rhythm rhythm ON rhythm.device_id = device.id
    LEFT JOIN alarms_rulestate state ON state.rule_id = rule.id
    WHERE rule.is_active AND rule.is_timed AND rule.id > %b AND rule.created_at <= %b
    AND (state.phase IS NULL OR (state.phase <> 'unknown' AND state.side <> 'gone'))
) AS timed
WHERE heard_at + patience < %b
ORDER BY id LIMIT %b
"""
UNLEARNED = """
SELECT DISTINCT rule.device_id, rule.tenant_id
FROM alarms_rule rule LEFT JOIN alarms_rhythm rhythm ON rhythm.device_id = rule.device_id
WHERE rule.is_active AND rule.is_timed
AND (rhythm.learned_at IS NULL OR rhythm.learned_at < %b)
LIMIT %b
"""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A rule whose device should have been heard by `due`."""

    rule_id: int
    heard_at: datetime
    due: datetime
    place: tuple[int, str] = (0, "")  # whose, and in which network


def tell(now: datetime, *, is_awake: bool) -> int:
    """Judge all that is overdue; how many incidents that opened or closed.

    `is_awake`: whether uplinks come in and are judged just now. While they are not, and for as long
    afterwards as they were not, nobody is overdue; the same holds for an outage of the network.
    """
    ours = awake.between(awake.keep(now, is_awake=is_awake))
    if not is_awake:
        return 0
    count = 0
    for found in _overdue(now):
        theirs = outages.held({one.place[0] for one in found}, now)
        late = [
            one
            for one in found
            if one.due + awake.deaf_for([*ours, *theirs.get(one.place, ())], one.heard_at, now)
            < now
        ]
        if late:
            with transaction.atomic():
                done = _judge(late, now)
            count += done.opened + done.closed
    return count


def learn(now: datetime) -> int:
    """Look anew at how often watched devices are heard; how many."""
    with wire.cursor() as cursor:
        rows = cursor.execute(UNLEARNED, [now - LEARN_AGAIN, LEARN_MAX]).fetchall()
    tenants = dict(rows)
    found = gaps_of(list(tenants), now)
    Rhythm.objects.bulk_create(
        [
            Rhythm(
                device_id=device_id,
                tenant_id=tenants[device_id],
                interval_s=max(round(gaps.gap_s), 1) if gaps.count >= GAPS_MIN else None,
                uplinks=gaps.count,
                learned_at=now,
            )
            for device_id, gaps in found.items()
        ],
        update_conflicts=True,
        unique_fields=["device"],
        update_fields=["interval_s", "uplinks", "learned_at"],
    )
    return len(found)


def _overdue(now: datetime) -> Iterator[list[Overdue]]:
    """All that is due, some thousands at a time."""
    last = 0
    while True:
        with wire.cursor() as cursor:
            cursor.execute(OVERDUE, [INTERVALS, GRACE, last, now, now, OVERDUE_MAX])
            rows = cursor.fetchall()
        if rows:
            yield [
                Overdue(rule, heard, heard + patience, (tenant, space))
                for rule, heard, patience, tenant, space in rows
            ]
        if len(rows) < OVERDUE_MAX:
            return
        last = rows[-1][0]


def _judge(late: Sequence[Overdue], now: datetime) -> Watched:
    """As the spine judges: the rules are locked in one order, their states read after that."""
    since = {one.rule_id: one for one in late}
    rules = list(
        Rule.objects.filter(pk__in=since, is_active=True)
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    heard = _heard_again(rules, since)
    states = RuleState.objects.in_bulk([rule.pk for rule in rules])
    incidents = {
        incident.rule_id: incident for incident in Incident.objects.open_().filter(rule__in=rules)
    }
    changes = Changes()
    closed = 0
    for rule in rules:
        if rule.device_id not in heard:
            case = Case(rule, states.get(rule.pk) or RuleState(rule=rule), incidents.get(rule.pk))
            closed += _miss(case, since[rule.pk], now, changes)
    write_changes(changes, now=now)
    return Watched(len(changes.opened), closed)


def _heard_again(rules: Sequence[Rule], since: dict[int, Overdue]) -> set[int]:
    """Devices that were heard between the question and the lock."""
    at = {rule.device_id: since[rule.pk].heard_at for rule in rules}
    with wire.cursor() as cursor:
        cursor.execute(
            "SELECT device_id, sent_at FROM devices_heartbeat WHERE device_id = ANY (%b::bigint[])",
            [list(at)],
        )
        return {device_id for device_id, sent_at in cursor if sent_at > at[device_id]}


def _miss(case: Case, late: Overdue, now: datetime, changes: Changes) -> int:
    """Do what the rule says of missing data; 1 when that ended an incident."""
    rule, stored = case.rule, case.stored
    plan, known = rule.plan, stored.known
    outcome = miss(plan, known, now)
    if outcome.known == known:
        return 0
    state = outcome.known.state
    stored.phase, stored.side, stored.since = state.phase, state.side, state.since
    stored.judged_at = late.heard_at
    changes.states.append(stored)
    if outcome.transition == OPENED:
        incident = opened(rule, outcome, now)
        incident.since = late.heard_at
        if isinstance(plan.condition, Silence):
            incident.limit = (late.due - late.heard_at).total_seconds()
            incident.opened_value = incident.worst_value = (now - late.heard_at).total_seconds()
        changes.opened.append(incident)
        changes.news.append(News(OPENED, incident, incident.opened_value, now))
    if outcome.transition == CLOSED and case.incident is not None:
        # Nothing recovered, so nobody is told that it did.
        case.incident.closed_at = now
        changes.touched[case.incident.pk] = case.incident
        return 1
    return 0
