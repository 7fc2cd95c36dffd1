"""Repeat a step until the program is told to stop."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from django.db import InterfaceError, OperationalError, connections

RETRY_S = 1.0
STOP_NOTICED_S = 0.5  # a wait by `wait` is cut into such pieces, so that a stop is soon seen

log = logging.getLogger(__name__)


def run_until_stopped(
    step: Callable[[], int],
    *,
    pause_s: float,
    wait: Callable[[float], bool] | None = None,
) -> None:
    """Repeat `step` while it finds work, pause when it finds none, end on SIGTERM or SIGINT.

    `wait` (seconds) may end a pause early by answering True: Ear.wait of base.listen does when the
    database has news. A database that is away is waited for: the step's transaction is gone and
    is done again.
    """
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    while not stop.is_set():
        try:
            found = step()
        except (OperationalError, InterfaceError) as error:
            log.warning("database is away, trying again: %s", str(error).strip().split("\n")[0])
            connections.close_all()
            stop.wait(RETRY_S)
            continue
        if found == 0:
            _pause(stop, pause_s, wait)


def _pause(stop: threading.Event, pause_s: float, wait: Callable[[float], bool] | None) -> None:
    if wait is None:
        stop.wait(pause_s)
        return
    end = time.monotonic() + pause_s
    while not stop.is_set() and (left := end - time.monotonic()) > 0:
        if wait(min(left, STOP_NOTICED_S)):
            return
