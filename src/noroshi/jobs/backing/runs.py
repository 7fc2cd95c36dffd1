"""What backups and drills came to, written down for the office."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from noroshi.base.models import BackupRun

KEPT = timedelta(days=400)
SAID_CHARS_MAX = 500
LOST = "ended without a word"


@dataclass(frozen=True, slots=True)
class Came:
    """What a run came to; `size` in bytes, `rows` of all tables."""

    is_good: bool
    said: str
    place: str = ""
    size: int = 0
    rows: int = 0


def written_down(kind: str, now: datetime, work: Callable[[], Came]) -> Came:
    """Do the work and write down what came of it. Only one of a kind runs: older ones are over."""
    unfinished = BackupRun.objects.filter(kind=kind, ended_at=None)
    unfinished.update(ended_at=now, is_good=False, said=LOST)
    run = BackupRun.objects.create(kind=kind, started_at=now)
    came = Came(is_good=False, said=LOST)
    try:
        came = work()
    finally:
        BackupRun.objects.filter(pk=run.pk).update(
            ended_at=timezone.now(),
            is_good=came.is_good,
            said=came.said[:SAID_CHARS_MAX],
            place=came.place,
            size=came.size,
            rows=came.rows,
        )
    return came


def prune(now: datetime) -> int:
    """Forget runs of long ago."""
    return BackupRun.objects.filter(started_at__lt=now - KEPT).delete()[0]
