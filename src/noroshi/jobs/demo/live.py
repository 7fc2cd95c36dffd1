"""The present at demo pace: what is due now goes out now, in order for each terminal."""

import asyncio
import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from zlib import crc32

from noroshi.jobs.demo import radio
from noroshi.jobs.demo.radio import Callback
from noroshi.jobs.demo.sender import Lane, Target
from noroshi.jobs.demo.state import State
from noroshi.jobs.demo.story import Story
from noroshi.jobs.demo.timeline import Timeline, strangers
from noroshi.jobs.demo.weather import World

LANES = 4
ROUND_S = 0.25
GARBAGE_AFTER = timedelta(seconds=90)
GARBAGE_EVERY = timedelta(hours=1)


class Live:
    """The demo from now on; counts in `state` whatever is acknowledged."""

    def __init__(
        self, world: World, timelines: Sequence[Timeline], target: Target, state: State
    ) -> None:
        """Open no connection yet."""
        self._world = world
        self._timelines = timelines
        self._state = state
        self._lanes = [Lane(target) for _ in range(LANES)]
        self._queues: list[asyncio.Queue[Callback]] = [asyncio.Queue() for _ in range(LANES)]
        self._coming: list[tuple[datetime, int, Callback]] = []
        self._order = count()

    async def run(self, began: datetime) -> None:
        """Go on from the instant up to which the past was sent, until cancelled."""
        for timeline in self._timelines:
            for message in timeline.past(began - radio.SLACK, began):
                self._expect(
                    one for one in radio.callbacks_of(self._world.noise, message) if one.due > began
                )
        for stranger in strangers(self._world, datetime.now(UTC)):
            self._expect(radio.callbacks_of(self._world.noise, stranger))
        async with asyncio.TaskGroup() as group:
            for lane, queue in zip(self._lanes, self._queues, strict=True):
                group.create_task(self._carry(lane, queue))
            group.create_task(self._keep_time(began))

    async def _keep_time(self, after: datetime) -> None:
        told = Story(datetime.now(UTC).timestamp())
        spoils_at = datetime.now(UTC) + GARBAGE_AFTER
        while True:
            now = datetime.now(UTC)
            for timeline in self._timelines:
                for message in timeline.live(after, now, told):
                    self._expect(radio.callbacks_of(self._world.noise, message))
            if now >= spoils_at:
                spoils_at += GARBAGE_EVERY
                self._expect(radio.garbage(now))
            after = self._state.reached = now
            self._send_due(now)
            await asyncio.sleep(ROUND_S)

    def _expect(self, callbacks: "Iterator[Callback] | Sequence[Callback]") -> None:
        for callback in callbacks:
            heapq.heappush(self._coming, (callback.due, next(self._order), callback))

    def _send_due(self, now: datetime) -> None:
        while self._coming and self._coming[0][0] <= now:
            callback = heapq.heappop(self._coming)[2]
            self._queues[crc32(callback.address.encode()) % LANES].put_nowait(callback)

    async def _carry(self, lane: Lane, queue: "asyncio.Queue[Callback]") -> None:
        try:
            while True:
                callback = await queue.get()
                answer = await lane.deliver(callback)
                self._state.count([callback])
                if callback.asks_downlink and answer.status == 200 and answer.body:
                    now = datetime.now(UTC)
                    self._expect([radio.acknowledged(callback, answered_at=now)])
        finally:
            await lane.close()
