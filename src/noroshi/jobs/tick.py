"""The program `noroshi tick`: timed work, done by one leader at a time."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from noroshi.alarms import awake, chasing, gathering, outages, overdue, sharing
from noroshi.alarms.actions import end_of_retired
from noroshi.base.loop import run_until_stopped
from noroshi.base.pulse import Heart, forget_dead
from noroshi.contracts import snapshots, traces
from noroshi.devices.waiting import run_registered
from noroshi.inbox import retention as inbox_retention
from noroshi.jobs import ledger, raw
from noroshi.jobs.backing import runs
from noroshi.jobs.backing.timed import Backups
from noroshi.jobs.review_mails import remind_of_reviews
from noroshi.jobs.silence import look_for_outages, tell_overdue
from noroshi.outbox import incoming, standing
from noroshi.outbox import retention as outbox_retention
from noroshi.readings import closing
from noroshi.retention import plans
from noroshi.tenants import approvals, audit, intents, sessions, sign_ins, violations, visits

PAUSE_S = 1.0
LEADER_LOCK = 7_210_001
MINUTE_S, HOUR_S = 60.0, 3600.0
SILENCE_S = 20.0  # a device that falls silent is told within a minute
LOCK_NOT_AVAILABLE = "55P03"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Task:
    """One piece of timed work; `run(now)` returns how much it did."""

    name: str
    every_s: float
    run: Callable[[datetime], int]
    due: float = field(default=0.0)  # on the monotonic clock


def timetable() -> list[Task]:
    """All timed work. A table that grows has its line here from the day it is born."""
    return [
        Task("journal partitions", HOUR_S, inbox_retention.make_partitions),
        Task("readings partitions", HOUR_S, closing.make_partitions),
        Task("registered since", MINUTE_S, run_registered),
        Task("gathered mails", 1.0, gathering.send_due),
        Task("alarms told again", 5.0, chasing.chase_due),
        Task("prune notices", HOUR_S, gathering.prune),
        Task("incidents of retired devices", MINUTE_S, end_of_retired),
        Task("outages of networks", SILENCE_S, look_for_outages),
        Task("prune outages", 6 * HOUR_S, outages.prune),
        Task("silent devices", SILENCE_S, tell_overdue),
        Task("shared rules", MINUTE_S, sharing.keep_up),
        Task("rhythm of devices", 10 * MINUTE_S, overdue.learn),
        Task("prune stretches awake", 6 * HOUR_S, awake.prune),
        Task("close days", 5 * MINUTE_S, closing.close_days),
        Task("merge months", HOUR_S, closing.merge_months),
        Task("pack journal", 10 * MINUTE_S, raw.pack),
        Task("prune journal", 6 * HOUR_S, raw.prune),
        Task("prune readings", 6 * HOUR_S, closing.prune),
        Task("plans of deletion", HOUR_S, plans.keep_up),
        Task("prune plans of deletion", 6 * HOUR_S, plans.prune),
        Task("papers of contracts", MINUTE_S, snapshots.take_missing),
        Task("prune traces", 6 * HOUR_S, traces.prune),
        Task("anchor the ledger", HOUR_S, ledger.keep),
        Task("prune drafts of acts", HOUR_S, intents.prune_drafts),
        Task("prune the audit log", 6 * HOUR_S, audit.prune),
        Task("prune approvals", 6 * HOUR_S, approvals.prune),
        Task("prune violations", 6 * HOUR_S, violations.prune),
        Task("prune mails", HOUR_S, outbox_retention.prune),
        Task("prune addresses", 6 * HOUR_S, standing.prune),
        Task("prune incoming mails", HOUR_S, incoming.prune),
        Task("reviews of registers", HOUR_S, remind_of_reviews),
        Task("close auditors' accounts", MINUTE_S, visits.close_accounts_over),
        Task("prune sessions", HOUR_S, sessions.prune),
        Task("prune sign-ins", 6 * HOUR_S, sign_ins.prune),
        Task("backups", MINUTE_S, Backups().run),
        Task("prune backup runs", 6 * HOUR_S, runs.prune),
        Task("forget dead programs", 10 * MINUTE_S, forget_dead),
    ]


def run_due(tasks: list[Task]) -> int:
    """Run what is due; a task that fails is logged and tried again at its next time."""
    done = 0
    for task in tasks:
        if task.due > time.monotonic():
            continue
        task.due = time.monotonic() + task.every_s
        done += 1
        try:
            count = task.run(timezone.now())
        except (OperationalError, InterfaceError) as error:
            if not is_busy(error):
                raise  # the database is away: for all tasks alike
            log.info("%s: the table is in use, tried again in %d s", task.name, task.every_s)
            continue
        except DatabaseError:
            log.exception("%s failed, tried again in %d s", task.name, task.every_s)
            continue
        if count:
            log.info("%s: %d", task.name, count)
    return 0 if done == 0 else 1


def is_busy(error: Exception) -> bool:
    """Whether a lock was not to be had in the time that a task gave itself."""
    return getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE


def is_leader() -> bool:
    """Hold the leader's lock on this session; it is free when the session ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s "
            "AND pid = pg_backend_pid()) OR pg_try_advisory_lock(%s)",
            [LEADER_LOCK, LEADER_LOCK],
        )
        return bool(cursor.fetchone()[0])


def main() -> None:
    """Keep time until told to stop."""
    tasks = timetable()
    heart = Heart("tick", started_at=timezone.now())

    def step() -> int:
        heart.beat(timezone.now())
        return run_due(tasks) if is_leader() else 0

    run_until_stopped(step, pause_s=PAUSE_S)


if __name__ == "__main__":
    main()
