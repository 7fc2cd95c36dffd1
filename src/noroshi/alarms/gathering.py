"""What is due for recipients: gathered mails, morning digests, what came during a pause."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from noroshi.alarms import group_mails, paces, pacing
from noroshi.alarms.models import Event, Notice, Pace, Policy, Recipient
from noroshi.alarms.policies import policies_of
from noroshi.alarms.telling import limits_of
from noroshi.base import failpoints
from noroshi.base.claim import claim
from noroshi.outbox.actions import post_all

CLAIMED_MAX = 50
KEPT = timedelta(days=400)
DELETED_MAX = 20_000
AGAIN = (Event.REPEATED, Event.ESCALATED)
State, Reason = Notice.State, Notice.Reason


def send_due(now: datetime) -> int:
    """Write the gathered mails that are due; how many recipients were looked at.

    The lock of a recipient's pace is the claim; notices and mail commit together.
    """
    _drop_of_removed()
    done = 0
    while True:
        with transaction.atomic():
            due = Pace.objects.filter(due_at__lte=now).select_related("recipient")
            claimed = claim(due.order_by("due_at"), limit=CLAIMED_MAX)
            policies = policies_of({one.tenant_id for one in claimed})
            for pace in claimed:
                _send(pace, policies[pace.tenant_id], now)
            paces.keep_paces(claimed)
            failpoints.at("gather.written")
        done += len(claimed)
        if len(claimed) < CLAIMED_MAX:
            return done


def prune(now: datetime) -> int:
    """Forget notices older than KEPT, as long as mails are kept; a bounded number a run."""
    old = Notice.objects.filter(decided_at__lt=now - KEPT).exclude(state=State.WAITING)
    ids = list(old.order_by("decided_at").values_list("pk", flat=True)[:DELETED_MAX])
    return Notice.objects.filter(pk__in=ids).delete()[0]


def _drop_of_removed() -> None:
    """What waited for somebody who was taken off the list is told to nobody."""
    orphans = Notice.objects.filter(recipient=None, state=State.WAITING)
    orphans.update(state=State.DROPPED, reason=Reason.REMOVED)


def _send(pace: Pace, policy: Policy, now: datetime) -> None:
    waiting = Notice.objects.filter(recipient=pace.pk, state=State.WAITING)
    due = list(waiting.filter(due_at__lte=now).select_related("incident__device").order_by("pk"))
    wanted = _still_wanted(due, pace.recipient)
    if wanted:
        _post(pace, wanted, policy, now)
    later = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    pace.due_at = later


def _still_wanted(due: Sequence[Notice], person: Recipient) -> list[Notice]:
    """Without reminders of what somebody looks after by now; nothing for who is stopped."""
    over = [one for one in due if one.event in AGAIN and _is_looked_after(one)]
    stopped = [] if person.is_active else [one for one in due if one not in over]
    for dropped, reason in ((over, Reason.LOOKED_AFTER), (stopped, Reason.STOPPED)):
        Notice.objects.filter(pk__in=[one.pk for one in dropped]).update(
            state=State.DROPPED, reason=reason
        )
    gone = {one.pk for one in (*over, *stopped)}
    return [one for one in due if one.pk not in gone]


def _is_looked_after(notice: Notice) -> bool:
    incident = notice.incident
    return incident.acknowledged_at is not None or incident.closed_at is not None


def _post(pace: Pace, wanted: Sequence[Notice], policy: Policy, now: datetime) -> None:
    way = pacing.gathered(paces.lately_of(pace), limits_of(policy), now)
    paces.put(pace, way.lately)
    rows = Notice.objects.filter(pk__in=[one.pk for one in wanted])
    if way.how == pacing.AT_ONCE:
        mail = group_mails.gathered(pace.recipient, wanted, policy, now=now)
        rows.update(state=State.POSTED, posted_at=now, message_id=mail.message_id)
        post_all([mail], now=now)
        return
    rows.update(reason=Reason.PAUSED, due_at=way.due_at)
    if way.is_first_pause:
        post_all([group_mails.paused(pace.recipient, policy, way, now=now)], now=now)
