"""Backups and drills at their time: each a program of its own, so that no other work waits."""

import logging
import subprocess
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from noroshi.base.environment import Backup
from noroshi.base.models import BackupRun
from noroshi.jobs.backing import strands

JST = ZoneInfo("Asia/Tokyo")
AGAIN = timedelta(hours=1)  # after a backup that failed
WORDS = {"backup": ("backup", "--prune"), "drill": ("drill",)}
DRILL_AGAIN = timedelta(days=1)

log = logging.getLogger(__name__)


class Backups:
    """Starts what is due and sees to its end; of one leader, who is one at a time."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def run(self, now: datetime) -> int:
        """Start what is due; 1 when something was."""
        wanted: Backup = settings.BACKUP
        if self._child is not None and self._child.poll() is None:
            return 0
        self._child = None
        if wanted.folder is None:
            return 0
        name = due(wanted, now)
        if name is None:
            return 0
        log.info("time for a %s", name)
        self._child = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "noroshi", *WORDS[name]], stdin=subprocess.DEVNULL
        )
        return 1


def due(wanted: Backup, now: datetime) -> str | None:
    """`backup`, `drill` or nothing."""
    last = BackupRun.objects.filter(kind=BackupRun.Kind.BACKUP).order_by("-started_at").first()
    if last is None or last.started_at < last_time_of(wanted.at, now):
        return "backup"
    if not last.is_good:
        return "backup" if last.started_at < now - AGAIN else None
    if is_cut(wanted, last.started_at):
        return "backup"
    drills = BackupRun.objects.filter(kind=BackupRun.Kind.DRILL).order_by("-started_at")
    proved = drills.first()
    if wanted.drill_days == 0:
        return None
    if proved is None or proved.started_at < now - timedelta(days=wanted.drill_days):
        return "drill"
    return "drill" if not proved.is_good and proved.started_at < now - DRILL_AGAIN else None


def is_cut(wanted: Backup, made_at: datetime) -> bool:
    """Whether the log that is received now does not go on from the backup of that time."""
    if wanted.folder is None or not wanted.is_wal:
        return False
    return any(strand.begun_at > made_at for strand in strands.all_in(wanted.folder))


def last_time_of(at: tuple[int, int], now: datetime) -> datetime:
    """The last moment, at or before `now`, at which it was this hour and minute in Japan."""
    here = now.astimezone(JST)
    moment = here.replace(hour=at[0], minute=at[1], second=0, microsecond=0)
    return moment if moment <= here else moment - timedelta(days=1)
