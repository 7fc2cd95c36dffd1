"""How each contractor wants to be told: its policy or the defaults, its groups on duty."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from noroshi.alarms import rows
from noroshi.alarms.models import Chase, Duty, Group, Incident, Policy, Recipient
from noroshi.alarms.roster import Hours, is_on
from noroshi.base import wire

OF_TENANTS = "WHERE tenant_id = ANY (%b::bigint[])"
AT_ONCE = f"{OF_TENANTS} AND after_min = 0"
LATER = f"{OF_TENANTS} AND after_min > 0 ORDER BY after_min, id"


def policies_of(tenants: Collection[int]) -> dict[int, Policy]:
    """The policy of each; the defaults for one that has no row."""
    stored = rows.fetched(Policy, OF_TENANTS, [wire.numbers(list(tenants), wire.INT8)])
    found = {one.tenant_id: one for one in stored}
    return {key: found.get(key) or Policy(tenant_id=key) for key in tenants}


def on_duty(groups: Collection[int], at: datetime) -> dict[int, list[Recipient]]:
    """Who of each group is on duty at that instant, each once. One query."""
    found: dict[int, dict[int, Recipient]] = defaultdict(dict)
    duties = Duty.objects.filter(group__in=groups).select_related("recipient")
    for duty in duties.order_by("recipient_id"):
        if is_on(Hours(duty.weekdays, duty.begins, duty.ends), at):
            found[duty.group_id][duty.recipient_id] = duty.recipient
    return {group: list(people.values()) for group, people in found.items()}


def told_at_once(tenants: Collection[int], at: datetime) -> dict[int, list[Recipient]]:
    """Who of each contractor is on duty in a group that is told of every alarm."""
    stored = rows.fetched(Group, AT_ONCE, [wire.numbers(list(tenants), wire.INT8)])
    groups = {one.pk: one.tenant_id for one in stored}
    found: dict[int, list[Recipient]] = defaultdict(list)
    for group, people in on_duty(groups, at).items() if groups else ():
        found[groups[group]] += people
    return found


def steps_of(tenants: Collection[int]) -> dict[int, list[tuple[int, int]]]:
    """After how many minutes which group is told, in this order: (minutes, group)."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one in rows.fetched(Group, LATER, [wire.numbers(list(tenants), wire.INT8)]):
        found[one.tenant_id].append((one.after_min or 0, one.pk))
    return found


def chases_of(incidents: Sequence[Incident], *, now: datetime) -> list[Chase]:
    """One for each incident of which somebody is told again if nobody acknowledges it."""
    tenants = {one.tenant_id for one in incidents}
    if not tenants:
        return []
    policies, steps = policies_of(tenants), steps_of(tenants)
    chases = []
    for one in incidents:
        due = next_due(policies[one.tenant_id], steps.get(one.tenant_id, []), (0, 0), now)
        if due is not None:
            chases.append(
                Chase(incident_id=one.pk, tenant_id=one.tenant_id, begun_at=now, due_at=due)
            )
    return chases


def next_due(
    policy: Policy, steps: Sequence[tuple[int, int]], so_far: tuple[int, int], begun_at: datetime
) -> datetime | None:
    """When somebody is told again; `so_far` is (minutes of the last step, repeats). None: never."""
    escalated_min, repeats = so_far
    minutes = [after for after, _ in steps if after > escalated_min][:1]
    if policy.repeat_every_min is not None and repeats < policy.repeats_max:
        minutes.append(policy.repeat_every_min * (repeats + 1))
    return begun_at + timedelta(minutes=min(minutes)) if minutes else None
