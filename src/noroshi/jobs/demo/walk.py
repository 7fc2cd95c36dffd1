"""Send a span of the past in order: each terminal's callbacks on a lane of their own."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from zlib import crc32

from noroshi.jobs.demo.noise import Noise
from noroshi.jobs.demo.radio import SLACK, Callback, callbacks_of
from noroshi.jobs.demo.sender import Lane, Target
from noroshi.jobs.demo.timeline import Timeline

SLOW_S = 0.1  # a gate that takes longer for an answer has enough to do
RATE_MIN = 20.0


class Pace:
    """How many callbacks a second: slower while the gate is slow, then faster again."""

    def __init__(self, rate: float) -> None:
        """Begin at the rate wished for, which is also the highest."""
        self.wished = rate
        self.rate = rate

    def heed(self, took_s: float) -> None:
        """Mind how long an answer took on average."""
        if took_s > SLOW_S:
            self.rate = max(min(RATE_MIN, self.wished), 0.6 * self.rate)
        else:
            self.rate = min(self.wished, 1.1 * self.rate)


class Walk:
    """Goes through the past with some lanes; one terminal is always on the same one."""

    def __init__(
        self, noise: Noise, timelines: Sequence[Timeline], target: Target, *, lanes: int
    ) -> None:
        """Open no connection yet."""
        self._noise = noise
        self._timelines = timelines
        self._lanes = [Lane(target) for _ in range(lanes)]

    async def send(self, after: datetime, until: datetime, pace: Pace) -> list[Callback]:
        """Send all that is due after `after` and up to `until`; returns it, acknowledged."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        due = self.due(after, until)
        queues: list[list[Callback]] = [[] for _ in self._lanes]
        for callback in due:
            queues[crc32(callback.address.encode()) % len(queues)].append(callback)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_carry(lane, queue))
                for lane, queue in zip(self._lanes, queues, strict=True)
            ]
        if due:
            pace.heed(sum(task.result() for task in tasks) / len(due))
        rest_s = len(due) / pace.rate - (loop.time() - began)
        await asyncio.sleep(max(0.0, rest_s))
        return due

    def due(self, after: datetime, until: datetime) -> list[Callback]:
        """The callbacks due in that span, in order; some belong to a message before it."""
        return sorted(
            (one for one in self._around(after, until) if after < one.due <= until),
            key=lambda one: one.due,
        )

    def _around(self, after: datetime, until: datetime) -> Iterator[Callback]:
        for timeline in self._timelines:
            for message in timeline.past(after - SLACK, until + SLACK):
                yield from callbacks_of(self._noise, message)

    async def aclose(self) -> None:
        """Close the connections."""
        for lane in self._lanes:
            await lane.close()


async def _carry(lane: Lane, queue: Sequence[Callback]) -> float:
    """Deliver one after the other; the seconds that the answers took together."""
    took_s = 0.0
    for callback in queue:
        took_s += (await lane.deliver(callback)).took_s
    return took_s
