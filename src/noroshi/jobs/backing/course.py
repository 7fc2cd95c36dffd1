"""What many looks at the receiver come to: how far behind, gone since when, waited for or not."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from noroshi.jobs.backing.standing import Standing
from noroshi.jobs.backing.strands import Received

PATIENCE_S = 10.0  # so long commits wait for a receiver that is gone
STUCK_S = 30.0  # after so long one that comes no further is replaced
CALM_S = 10.0  # so long it must follow again before they wait for it once more
NEAR_BYTES = 1 << 24  # nobody waits for a receiver that is further behind
SAMPLES_MAX = 20_000
PAGE_HEADER_BYTES = 40  # the next record begins after it, the last one ends before it


@dataclass(slots=True)
class Course:
    """What is remembered from look to look; `at` is in monotonic seconds.

    Attributes:
        begun_at: of this program. streamed_at: when it followed last. sync_at: when commits waited.
        moved_at: when it came further, or was where the server is.
        has_dropped: the last time that commits waited for it ended in haste.
        samples: how far was written when, of what is not received; the oldest first.
        mark: the end of a record, with its time, that is to be received next.
    """

    begun_at: float
    streamed_at: float | None = None
    streaming_since: float | None = None
    sync_at: float | None = None
    moved_at: float | None = None
    received: int = 0
    has_dropped: bool = False
    samples: deque[tuple[float, int]] = field(default_factory=deque)
    mark: Received | None = None

    def see(self, seen: Standing, at: float) -> None:
        """Take in one look."""
        received = seen.received or 0
        if seen.is_streaming:
            self.streamed_at = at
            self.streaming_since = at if self.streaming_since is None else self.streaming_since
        else:
            self.streaming_since = None
        if seen.is_sync:
            self.sync_at = at
        if received != self.received or not seen.behind:
            self.received, self.moved_at = received, at
        if not self.samples or self.samples[-1][1] < seen.written:
            self.samples.append((at, seen.written))
            if len(self.samples) > SAMPLES_MAX:
                del self.samples[1]  # the oldest says since when it is behind
        while self.samples and self.samples[0][1] <= received:
            self.samples.popleft()

    def passed(self, seen: Standing, now: datetime) -> Received | None:
        """The last mark, when it was received; the next one is set then."""
        if self.mark is None:
            self.mark = Received(seen.inserted, now)
        if (seen.received or 0) + PAGE_HEADER_BYTES < self.mark.lsn:
            return None
        passed, self.mark = self.mark, Received(seen.inserted, now)
        return passed

    def behind_s(self, at: float) -> float:
        """How long ago the oldest was written that is not received."""
        return at - self.samples[0][0] if self.samples else 0.0

    def gone_s(self, at: float) -> float:
        """For how long it has not followed."""
        return at - max(self.begun_at, self.streamed_at or 0.0)

    def stuck_s(self, at: float) -> float:
        """For how long it has come no further, though there is something to receive."""
        return at - max(self.begun_at, self.moved_at or 0.0)

    def alone_s(self, at: float) -> float:
        """For how long commits have not waited for it."""
        return at - max(self.begun_at, self.sync_at or 0.0)


def verdict(course: Course, seen: Standing, at: float, *, is_wanted: bool) -> bool | None:
    """True: commits shall wait from now on; False: no longer; None: as it is."""
    if seen.is_sync:
        is_dead = max(course.gone_s(at), course.behind_s(at)) > PATIENCE_S
        return False if is_dead or not is_wanted else None
    if not is_wanted or seen.names or not seen.is_streaming or seen.behind > NEAR_BYTES:
        return None
    calm_s = at - course.streaming_since if course.streaming_since is not None else 0.0
    return None if course.has_dropped and calm_s < CALM_S else True
