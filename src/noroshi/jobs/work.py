"""The program `noroshi work`: the spine, batch after batch."""

import argparse

from django.utils import timezone

from noroshi.base.listen import Ear
from noroshi.base.loop import run_until_stopped
from noroshi.base.pulse import Heart
from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox.models import SLICES
from noroshi.pipeline import process_waiting

PAUSE_S = 1.0  # a net below the notices: nothing waits longer than this


def main() -> None:
    """Carry entries through until told to stop."""
    parser = argparse.ArgumentParser(prog="noroshi work")
    parser.add_argument("--share", type=int, default=1, help="number of workers in all")
    slices_max = -(-SLICES // max(1, parser.parse_args().share))
    sandbox = Sandbox()
    ear = Ear("noroshi_inbox")
    heart = Heart("work", started_at=timezone.now())

    def step() -> int:
        now = timezone.now()
        heart.beat(now)
        return process_waiting(sandbox, now=now, slices_max=slices_max)

    try:
        run_until_stopped(step, pause_s=PAUSE_S, wait=ear.wait)
    finally:
        sandbox.close()
        ear.close()


if __name__ == "__main__":
    main()
