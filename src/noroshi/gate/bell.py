"""When the spine is told of new rows: at once after a rest, else together with others."""

import asyncio
from collections.abc import Callable

NOTICE_S = 0.005  # a notice costs more than a row, and wakes everybody who listens
ANY, NEW, NEVER = 0, 1, (1 << 31) - 1  # tell when so many rows of the statement are new


class Bell:
    """Says for each statement whether it tells, and rings for those that told nothing."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """Call `ring` when rows are kept that nobody was told of, and no others come."""
        self.is_owing = False
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._told_at = -NOTICE_S
        self._timer: asyncio.TimerHandle | None = None

    def least(self) -> int:
        """From how many new rows on the next statement tells."""
        if self._loop.time() - self._told_at < NOTICE_S:
            return NEVER
        return ANY if self.is_owing else NEW

    def note(self, least: int, stored: int) -> None:
        """What came of the statement: so many rows were new."""
        if stored >= least:
            self.rest()
        elif stored and not self.is_owing:
            self.is_owing = True
            # The next statement is likely to be there before.
            self._timer = self._loop.call_later(2 * NOTICE_S, self._ring)

    def rest(self) -> None:
        """All is told."""
        self.is_owing = False
        self._told_at = self._loop.time()
        self.hush()

    def hush(self) -> None:
        """Do not ring; what is owed is told by the next statement."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
