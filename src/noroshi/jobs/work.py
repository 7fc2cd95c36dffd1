"""The program `noroshi work`: the spine, batch after batch."""

import argparse
import gc
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from noroshi.base.listen import Ear
from noroshi.base.loop import run_until_stopped
from noroshi.base.pulse import Heart
from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox.models import SLICES
from noroshi.pipeline import process_waiting
from noroshi.readings.store import forget_series

GARBAGE_OBJECTS = 100_000  # a batch lives in one round: looking for cycles more often finds none
PAUSE_S = 1.0  # a net below the notices: nothing waits longer than this


def main() -> None:
    """Carry entries through until told to stop."""
    parser = argparse.ArgumentParser(prog="noroshi work")
    parser.add_argument("--share", type=int, default=1, help="number of workers in all")
    slices_max = -(-SLICES // max(1, parser.parse_args().share))
    sandbox = Sandbox()
    ear = Ear("noroshi_inbox")
    heart = Heart("work", started_at=timezone.now())
    spare_the_collector()
    keep_plans()

    def step() -> int:
        now = timezone.now()
        with forgetful():
            heart.beat(now)
            return process_waiting(sandbox, now=now, slices_max=slices_max)

    try:
        run_until_stopped(step, pause_s=PAUSE_S, wait=ear.wait)
    finally:
        sandbox.close()
        ear.close()


def spare_the_collector() -> None:
    """Let the garbage collector pass by the program's own objects, and look at batches whole."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)


def keep_plans() -> None:
    """Let the server plan each of the spine's queries once, not at every batch anew.

    They are the same again and again, by keys; and an array of ids tells the planner nothing. To be
    called before this thread connects.
    """
    connection.settings_dict["OPTIONS"]["options"] = "-c plan_cache_mode=force_generic_plan"


@contextmanager
def forgetful() -> Iterator[None]:
    """Forget what was read of the database when it goes away.

    A server that crashed may give the id of a series that was never committed to another one.
    """
    try:
        yield
    except (OperationalError, InterfaceError):
        forget_series()
        raise


if __name__ == "__main__":
    main()
