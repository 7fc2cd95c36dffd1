"""Which brokers this process listens to: those that are open and whose turn it got."""

import asyncio
import contextlib
import logging

from noroshi.base.heartbeat import EVERY_S
from noroshi.gate.keeper import Keeper, end
from noroshi.listen.broker import Broker, Report
from noroshi.listen.store import Away, Desk
from noroshi.listen.subscription import Subscription

ROUND_S = 2.0  # so long a dead listener's brokers may wait for the next one
AWAY_S = 0.5

log = logging.getLogger(__name__)


class Listener:
    """One subscription a broker; the same broker is listened to by one process at a time."""

    def __init__(self, desk: Desk, keeper: Keeper) -> None:
        """Nothing is opened before `run`."""
        self._desk = desk
        self._keeper = keeper
        self._running: dict[int, tuple[Subscription, asyncio.Task[None]]] = {}
        self._told: dict[int, Report] = {}
        self._is_away = False
        self._has_brokers = False

    async def run(self) -> None:
        """Listen until cancelled. Raises BadDatabase when waiting would not help.

        While the database is away, what runs goes on, and its messages go to the spool.
        """
        try:
            while True:
                self._desk.changed.clear()
                try:
                    await self._round()
                except Away as away:
                    if not self._is_away:
                        log.warning("database is away: %s", away)
                    self._is_away = True
                    await asyncio.sleep(AWAY_S)
                    continue
                if self._is_away:
                    log.warning("database is back")
                self._is_away = False
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ROUND_S if self._has_brokers else EVERY_S):
                        await self._desk.changed.wait()
        finally:
            await end([task for _, task in self._running.values()])
            self._desk.close()

    async def _round(self) -> None:
        await self._keeper.belong(await self._desk.mark())
        brokers = {broker.connection_id: broker for broker in await self._desk.brokers()}
        self._has_brokers = bool(brokers)
        for number, (subscription, task) in list(self._running.items()):
            if task.done():
                task.result()
            # A turn is lost with the connection to the database; another may have it by now.
            is_wanted = brokers.get(number) == subscription.broker
            if not is_wanted or not await self._desk.take_turn(number):
                await self._stop(number, task)
        for number, broker in brokers.items():
            if number not in self._running and await self._desk.take_turn(number):
                self._start(broker)
        await self._report()

    def _start(self, broker: Broker) -> None:
        subscription = Subscription(broker, self._keeper, self._desk.changed.set)
        self._running[broker.connection_id] = (
            subscription,
            asyncio.create_task(subscription.run()),
        )

    async def _stop(self, number: int, task: "asyncio.Task[None]") -> None:
        await end([task])
        del self._running[number]
        await self._desk.give_turn(number)

    async def _report(self) -> None:
        reports = {number: each.report() for number, (each, _task) in self._running.items()}
        changed = [one for number, one in reports.items() if self._told.get(number) != one]
        await self._desk.tell(changed, f"brokers {len(reports)}, {self._keeper.counts}")
        self._told = reports
