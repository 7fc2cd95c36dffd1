"""Devices that fell silent, told at their time, unless it is the installation that was silent."""

from datetime import datetime, timedelta

from noroshi.alarms import outages, overdue
from noroshi.base.models import Pulse
from noroshi.inbox import journal

PULSE_MAX = timedelta(seconds=60)
LAG_MAX = timedelta(minutes=2)
INTAKE = ("gate", "listen")  # by either of them uplinks come in


def tell_overdue(now: datetime) -> int:
    """Open and close what is due; how many incidents."""
    return overdue.tell(now, is_awake=is_awake(now))


def look_for_outages(now: datetime) -> int:
    """Open and close outages of networks; how many."""
    return outages.look(now, is_awake=is_awake(now))


def is_awake(now: datetime) -> bool:
    """Whether what is sent now comes in, and is judged soon."""
    seen = list(Pulse.objects.filter(program__in=INTAKE).values_list("seen_at", flat=True))
    if not seen or max(seen) < now - PULSE_MAX:
        return False
    oldest = journal.waiting(count_max=1).oldest_at
    return oldest is None or oldest > now - LAG_MAX
