"""One broker's subscription: connects, listens, and connects again, until it is told to end."""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime

from noroshi.gate.keeper import Keeper
from noroshi.listen.broker import Broker, Report, State
from noroshi.listen.line import Counts, Line
from noroshi.mqtt.link import opened
from noroshi.mqtt.trouble import LASTING, Trouble, Why

RETRY_S_MIN = 0.25
RETRY_S_MAX = 4.0
LASTING_S_MAX = 60.0  # brokers shut out who knocks with a wrong password again and again
STEADY_S = 10.0  # a connection that held so long was well
LEAVE_S_MAX = 0.8  # less than `end` waits before it says so again
NO_SESSION, QOS_0 = "no_session", "qos_0"  # worth knowing, though messages come

log = logging.getLogger(__name__)


class Subscription:
    """Keeps one broker's session alive for as long as `run` runs."""

    def __init__(self, broker: Broker, keeper: Keeper, on_change: Callable[[], None]) -> None:
        """`on_change` is called at each change of state."""
        self.broker = broker
        self._keeper = keeper
        self._counts = Counts()
        self._on_change = on_change
        self._had_session = False  # with this broker, as far as this process knows
        self._state = State.CONNECTING
        self._why = self._detail = ""
        self._changed_at = datetime.now(UTC)
        self._tries = 0

    def report(self) -> Report:
        """How it fares now."""
        counts = self._counts
        return Report(
            self.broker.connection_id,
            self._state,
            self._why,
            self._detail,
            self._changed_at,
            counts.heard_at,
            counts.messages,
            counts.passed_over,
        )

    async def run(self) -> None:
        """Listen until cancelled; every trouble is waited out."""
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await self._listen()
            except Trouble as trouble:
                if loop.time() - begun > STEADY_S:
                    self._tries = 0
                self._change(State.WAITING, str(trouble.why), trouble.detail)
                await asyncio.sleep(self._pause_s(trouble))

    async def _listen(self) -> None:
        """One connection from its beginning to its end. Raises Trouble."""
        broker = self.broker
        if broker.is_sealed:
            raise Trouble(Why.NO_KEY)
        line = Line(broker, self._keeper, self._counts)
        link = line.link = await opened(broker.place, broker.login, line)
        try:
            welcome = link.welcome.result()
            granted = await link.subscribe(broker.topics)
            warning = QOS_0 if 0 in granted else ""
            if self._had_session and not welcome.has_session:
                warning = NO_SESSION
            self._had_session = True
            self._change(State.LISTENING, warning)
            own = broker.login.keep_alive_s
            told = welcome.keep_alive_s
            await link.stay(min(own, told) if told else own)
        except asyncio.CancelledError:
            await self._part(line)
            raise
        finally:
            line.link = None
            link.leave()

    async def _part(self, line: Line) -> None:
        """Take no more, and acknowledge what is durable in good time; the rest comes again."""
        link = line.link
        if link is None:
            return
        link.pause()
        until = asyncio.get_running_loop().time() + LEAVE_S_MAX
        while line.in_flight and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.01)
            link.pause()

    def _pause_s(self, trouble: Trouble) -> float:
        most = LASTING_S_MAX if trouble.why in LASTING else RETRY_S_MAX
        pause_s = min(most, RETRY_S_MIN * (1 << self._tries))
        self._tries = min(self._tries + 1, 10)
        return pause_s * random.uniform(0.75, 1.25)  # noqa: S311 - only to come apart

    def _change(self, state: State, why: str = "", detail: str = "") -> None:
        if (state, why, detail) == (self._state, self._why, self._detail):
            return
        self._state, self._why, self._detail = state, why, detail
        self._changed_at = datetime.now(UTC)
        self._on_change()
        level = logging.WARNING if state is State.WAITING else logging.INFO
        words = ": ".join(part for part in (str(state), why, detail) if part)
        log.log(
            level, "connection %s, %s: %s", self.broker.connection_id, self.broker.place.host, words
        )
