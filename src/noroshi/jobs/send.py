"""The program `noroshi send`: send mails and webhooks that are due, until told to stop."""

import sys
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.db import Error, connection
from django.utils import timezone

from noroshi.base.listen import Ear
from noroshi.base.loop import run_until_stopped
from noroshi.base.pulse import Heart
from noroshi.outbox.actions import CHANNEL
from noroshi.outbox.due import Rest, Sender
from noroshi.outbox.hook_due import Poster
from noroshi.outbox.send import BadServerAddress

PAUSE_S = 2.0
LOOK_S = 0.5
SENDERS = 4
POSTERS = 2  # of webhooks: no receiver of theirs ever holds up a mail


def main() -> None:
    """Send what is due; woken by the outbox, and every PAUSE_S for what was put off."""
    try:
        crew = Crew()
    except BadServerAddress as error:
        sys.exit(f"noroshi: NOROSHI_SMTP_URL cannot be used: {error}.")
    ear = Ear(CHANNEL)
    heart = Heart("send", started_at=timezone.now())

    def step() -> int:
        heart.beat(timezone.now())
        return crew.step()

    run_until_stopped(step, pause_s=PAUSE_S, wait=ear.wait)
    ear.close()
    crew.stop()


class Crew:
    """A few senders side by side: a server that answers slowly holds up one of them, not all."""

    def __init__(self) -> None:
        self._rest = Rest()
        self._senders: list[Sender | Poster] = [Sender(self._rest) for _ in range(SENDERS)]
        self._senders += [Poster(self._rest) for _ in range(POSTERS)]
        self._busy: dict[Future[int], Sender | Poster] = {}
        self._threads = ThreadPoolExecutor(SENDERS + POSTERS, "sender")

    def step(self) -> int:
        """Let all that are free look for work, and wait for one to come back; what it sent."""
        busy = set(map(id, self._busy.values()))
        for sender in self._senders:
            if id(sender) not in busy:
                self._busy[self._threads.submit(_work, sender)] = sender
        done, _ = wait(self._busy, timeout=LOOK_S, return_when=FIRST_COMPLETED)
        for future in done:
            del self._busy[future]
        return sum([future.result() for future in done])

    def stop(self) -> None:
        """Let each end the message it has begun, and no more."""
        self._rest.is_stopped = True
        self._threads.shutdown()


def _work(sender: Sender | Poster) -> int:
    try:
        return sender.send_due(timezone.now())
    except Error:
        connection.close()  # this thread's own; the next try makes a new one
        raise


if __name__ == "__main__":
    main()
