"""The terminals: each posts its uplinks in order; what was said yes to is noted."""

import http.client
import itertools
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from noroshi.jobs.smoking.cast import Terminal
from noroshi.jobs.smoking.network import Network
from noroshi.jobs.smoking.story import fridge_uplink

RETRY_S = 0.1
PAUSE_S = 0.08
LAST_S_MAX = 60.0  # for the uplink that is on its way when the load ends
CROSSING_EVERY = 10
SPACING = timedelta(milliseconds=20)
TENTHS = 250  # values are tenths of a degree, and come back after so many


@dataclass
class Sent:
    """What one terminal sent: number → value, and which of them were answered with 2xx."""

    values: dict[int, float] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)


class Load:
    """A thread a terminal; every second one repeats until it hears yes, the others try once."""

    def __init__(self, line: Network, terminals: list[Terminal]) -> None:
        self.sent = {terminal.name: Sent() for terminal in terminals}
        self.refused = 0
        self.gap_s_max = 0.0
        self._line = line
        self._began = datetime.now(UTC) - timedelta(minutes=30)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._heard_at = time.monotonic()
        self._threads = [
            threading.Thread(target=self._send, args=(one, number % 2 == 0), daemon=True)
            for number, one in enumerate(terminals)
        ]

    def start(self) -> None:
        """Begin."""
        self._heard_at = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; each finishes the uplink it has begun."""
        self._stop.set()
        for thread in self._threads:
            thread.join(LAST_S_MAX)

    @property
    def told(self) -> int:
        """How many were answered with 2xx."""
        return sum(len(one.told) for one in self.sent.values())

    def _send(self, terminal: Terminal, repeats: bool) -> None:  # noqa: FBT001 - a thread's own
        mine = self.sent[terminal.name]
        for number in itertools.count():
            if self._stop.is_set():
                return
            celsius = value_of(number)
            mine.values[number] = celsius
            body = fridge_uplink(terminal.address, self._began + SPACING * number, number, celsius)
            until = time.monotonic() + LAST_S_MAX
            while not (is_taken := self._is_taken(body)) and repeats:
                if self._stop.is_set() and time.monotonic() > until:
                    return
                time.sleep(RETRY_S)
            if is_taken:
                mine.told.add(number)
                self._note_gap()
            time.sleep(PAUSE_S)

    def _is_taken(self, body: dict[str, object]) -> bool:
        try:
            is_taken = 200 <= self._line.post(body, "?event=up").status < 300
        except (OSError, http.client.HTTPException):
            is_taken = False
        if not is_taken:
            with self._lock:
                self.refused += 1
        return is_taken

    def _note_gap(self) -> None:
        now = time.monotonic()
        with self._lock:
            self.gap_s_max = max(self.gap_s_max, now - self._heard_at)
            self._heard_at = now


def value_of(number: int) -> float:
    """In tenths; one of ten is over the limit of 10 degrees, all others are well below."""
    tenths = number % TENTHS
    return (500 if number % CROSSING_EVERY == CROSSING_EVERY // 2 else -300) / 10 + tenths / 10
