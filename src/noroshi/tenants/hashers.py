"""Argon2id at the strength OWASP names: 19 MiB, two passes, one lane; few at a time."""

import functools
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.contrib.auth.hashers import Argon2PasswordHasher

Result = TypeVar("Result")

AT_A_TIME_MAX = 2  # in one process: 40 MiB at most
WAITING_MAX = 20  # a whole queue is through in about a second


class TooBusy(Exception):
    """More people sign in at this moment than passwords can be reckoned; come again soon."""


class Gate:
    """Do some at a time, keep some waiting, turn the others away at once.

    The work is done in threads of its own: the C library keeps the freed memory of each thread that
    ever reckoned a password, so that 16 threads would hold 300 MiB.
    """

    def __init__(self, at_a_time_max: int, waiting_max: int) -> None:
        self._places = threading.BoundedSemaphore(at_a_time_max + waiting_max)
        self._workers = ThreadPoolExecutor(at_a_time_max, thread_name_prefix="password")

    def through(self, work: Callable[[], Result]) -> Result:
        """The result of the work. Raises TooBusy when even the queue is full."""
        if not self._places.acquire(blocking=False):
            raise TooBusy
        try:
            return self._workers.submit(work).result()
        finally:
            self._places.release()


GATE = Gate(AT_A_TIME_MAX, WAITING_MAX)


class Argon2id(Argon2PasswordHasher):
    """Django's default takes 100 MiB a sign-in, which is a way to exhaust the machine."""

    memory_cost = 19 * 1024  # KiB
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """The hash of the password in its one way of writing (NFC)."""
        written = unicodedata.normalize("NFC", password)
        return GATE.through(functools.partial(super().encode, written, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """Whether it is this password, on whichever keyboard it was typed."""
        typed = unicodedata.normalize("NFC", password)
        return GATE.through(functools.partial(super().verify, typed, encoded))
