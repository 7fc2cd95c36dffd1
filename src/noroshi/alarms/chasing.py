"""Incidents that nobody acknowledges: tell again, and hand on to the next group."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from noroshi.alarms.judge import OPENED
from noroshi.alarms.mails import News
from noroshi.alarms.models import Chase, Event, Incident, Notice, Policy, Recipient
from noroshi.alarms.policies import next_due, on_duty, policies_of, steps_of
from noroshi.alarms.telling import Wanted, decide
from noroshi.base import failpoints
from noroshi.base.claim import claim

CLAIMED_MAX = 500
MINUTE = timedelta(minutes=1)

Steps = Sequence[tuple[int, int]]


def chase_due(now: datetime) -> int:
    """Tell again where it is due; how many incidents were looked at.

    The lock of a chase is the claim; what is told and what is noted of it commit together.
    """
    done = 0
    while True:
        with transaction.atomic():
            due = Chase.objects.filter(due_at__lte=now).select_related("incident")
            claimed = claim(due.order_by("due_at"), limit=CLAIMED_MAX)
            _chase(claimed, now)
            failpoints.at("chase.written")
        done += len(claimed)
        if len(claimed) < CLAIMED_MAX:
            return done


def _chase(claimed: Sequence[Chase], now: datetime) -> None:
    tenants = {one.tenant_id for one in claimed}
    policies, steps = policies_of(tenants), steps_of(tenants)
    over = [one for one in claimed if _is_looked_after(one.incident)]
    goes_on = [one for one in claimed if not _is_looked_after(one.incident)]
    told = _told_of([one.incident_id for one in goes_on])
    people = on_duty({group for own in steps.values() for _, group in own}, now)
    wanted: list[Wanted] = []
    for one in goes_on:
        own, policy = steps.get(one.tenant_id, []), policies[one.tenant_id]
        wanted += _escalated(one, own, people, now)
        wanted += _repeated(one, policy, told.get(one.incident_id, {}), now)
        due = next_due(policy, own, (one.escalated_min, one.repeats), one.begun_at)
        if due is None:
            over.append(one)
        else:
            one.due_at = due
            one.save(update_fields=["escalated_min", "repeats", "due_at"])
    Chase.objects.filter(pk__in=[one.pk for one in over]).delete()
    decide(wanted, now=now)


def _escalated(
    chase: Chase, steps: Steps, people: dict[int, list[Recipient]], now: datetime
) -> list[Wanted]:
    """The groups whose minutes are over, each person once."""
    passed = int((now - chase.begun_at) / MINUTE)
    due = [(after, group) for after, group in steps if chase.escalated_min < after <= passed]
    found: dict[int, Wanted] = {}
    for after, group in due:
        chase.escalated_min = after
        for person in people.get(group, ()):
            news = _news(chase.incident)
            found.setdefault(person.pk, Wanted(news, Event.ESCALATED, person, after))
    return list(found.values())


def _repeated(
    chase: Chase, policy: Policy, told: dict[int, Recipient], now: datetime
) -> list[Wanted]:
    """Everybody told so far, once more; repeats that were missed are made up for by one."""
    if policy.repeat_every_min is None:
        return []
    passed = int((now - chase.begun_at) / (MINUTE * policy.repeat_every_min))
    number = min(passed, policy.repeats_max)
    if number <= chase.repeats:
        return []
    chase.repeats = number
    news = _news(chase.incident)
    return [Wanted(news, Event.REPEATED, person, number) for person in told.values()]


def _told_of(incidents: Sequence[int]) -> dict[int, dict[int, Recipient]]:
    """Who was told of each by a mail, or is to be."""
    told: dict[int, dict[int, Recipient]] = defaultdict(dict)
    rows = Notice.objects.filter(incident__in=incidents).exclude(state=Notice.State.DROPPED)
    for one in rows.exclude(recipient=None).select_related("recipient"):
        if one.recipient is not None:
            told[one.incident_id][one.recipient.pk] = one.recipient
    return told


def _news(incident: Incident) -> News:
    return News(OPENED, incident, incident.opened_value, incident.opened_at)


def _is_looked_after(incident: Incident) -> bool:
    return incident.acknowledged_at is not None or incident.closed_at is not None
