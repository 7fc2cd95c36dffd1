"""Tell the office that a program lives: a row touched every few seconds."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from noroshi.base.heartbeat import EVERY_S, instance
from noroshi.base.models import Pulse

KEEP = timedelta(hours=1)  # the dead are shown this long, then forgotten


@dataclass(slots=True)
class Heart:
    """The pulse of this process; `beat` may be called as often as one likes."""

    program: str
    started_at: datetime
    instance: str = field(default_factory=instance)
    next_at: float = 0.0

    def beat(self, now: datetime, note: str = "") -> None:
        """Touch the row when it is time again."""
        if time.monotonic() < self.next_at:
            return
        Pulse.objects.update_or_create(
            program=self.program,
            instance=self.instance,
            defaults={"started_at": self.started_at, "seen_at": now, "note": note[:200]},
        )
        self.next_at = time.monotonic() + EVERY_S


def forget_dead(now: datetime) -> int:
    """Remove rows of processes that ended long ago."""
    return Pulse.objects.filter(seen_at__lt=now - KEEP).delete()[0]
