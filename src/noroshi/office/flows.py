"""The way of the uplinks in figures: what each stage took, what became of it, what is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from noroshi.base.models import Pulse
from noroshi.inbox import flow
from noroshi.office.questions import QUIET_PROGRAM
from noroshi.office.words import job_of


@dataclass(frozen=True, slots=True)
class Gates:
    """The figures of all gates that live, added up; counts since each began.

    `spool_bytes` wait for this database, `strange_bytes` for another one.
    """

    count: int
    received: int
    stored: int
    duplicate: int
    refused: int
    spooled: int
    waiting: int
    spool_bytes: int
    strange_bytes: int
    is_spooling: bool

    @property
    def unaccounted(self) -> int:
        """Received, but nowhere: 0 when all is well."""
        known = self.stored + self.duplicate + self.refused + self.spooled + self.waiting
        return self.received - known


@dataclass(frozen=True, slots=True)
class Stage:
    """One line: `total` came in and is `parts` now; `unaccounted` None = not counted."""

    job: str
    name: str
    what: str
    total: int
    parts: list[tuple[str, int]]
    unaccounted: int | None


def gates(now: datetime) -> Gates:
    """What the gates' last pulses tell. One query."""
    alive = Pulse.objects.filter(program="gate", seen_at__gte=now - QUIET_PROGRAM)
    told = [figures for figures in alive.values_list("figures", flat=True) if figures]

    def summed(name: str) -> int:
        return sum(int(figures.get(name, 0)) for figures in told)

    return Gates(
        count=len(told),
        received=summed("received"),
        stored=summed("stored"),
        duplicate=summed("duplicate"),
        refused=summed("refused"),
        spooled=summed("spooled"),
        waiting=summed("waiting"),
        # Both lie in one place: gates that share it tell the same of what is not theirs.
        spool_bytes=summed("spool_bytes"),
        strange_bytes=max((int(figures.get("strange_bytes", 0)) for figures in told), default=0),
        is_spooling=any(figures.get("is_spooling") for figures in told),
    )


def stages(now: datetime) -> Iterator[Stage]:
    """Both stages of the way. Two queries."""
    told = gates(now)
    yield Stage(
        job_of("gate"),
        "gate",
        _("いま動いている受信口が起動してから受け取った数"),
        told.received,
        [
            (_("保存"), told.stored),
            (_("重複"), told.duplicate),
            (_("お断り"), told.refused),
            (_("一時保管"), told.spooled),
            (_("保存中"), told.waiting),
        ],
        told.unaccounted,
    )
    entries = flow.account()
    yield Stage(
        job_of("work"),
        "work",
        _("これまでに保存した数"),
        entries.stored,
        [
            (_("処理済"), entries.decoded),
            (_("処理できず"), entries.failed),
            (_("処理待ち"), entries.waiting),
        ],
        entries.unaccounted,
    )
