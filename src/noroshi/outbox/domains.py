"""How many mails a minute go to one domain: carriers refuse whoever sends them too many at once."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime


class Domains:
    """Counts the mails of the running minute; shared by the senders of one program.

    `most`: domain → mails a minute. Other domains are not held up. A few senders that look at the
    same moment may go over it by one mail each.
    """

    def __init__(self, most: Mapping[str, int]) -> None:
        self._most = dict(most)
        self._minute = 0
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, address: str, at: datetime) -> None:
        """A mail goes there now."""
        domain = address.rpartition("@")[2].lower()
        if domain in self._most:
            with self._lock:
                self._turn(at)
                self._counts[domain] += 1

    def full(self, at: datetime) -> Sequence[str]:
        """The domains that get no more in this minute, sorted."""
        with self._lock:
            self._turn(at)
            return sorted(one for one, count in self._counts.items() if count >= self._most[one])

    def _turn(self, at: datetime) -> None:
        minute = int(at.timestamp() // 60)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
