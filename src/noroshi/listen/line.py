"""One connection to a broker at work: messages to the keeper, acknowledgements back in order."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from noroshi.gate.intake import clean, row_of
from noroshi.gate.keeper import Full, Keeper, TooLate
from noroshi.listen.broker import Broker
from noroshi.mqtt.link import Link
from noroshi.mqtt.packets import Message, TooBig
from noroshi.mqtt.trouble import Trouble, Why
from noroshi.networks import chirpstack
from noroshi.networks.uplink import Arrival

TOPIC_CHARS_MAX = 1000
TOPICS_KEPT = 16_384  # a device says its topic again and again
IN_FLIGHT_BYTES_MAX = 16 << 20

log = logging.getLogger(__name__)


class _Unanswered(NamedTuple):
    number: int
    size: int
    kept: "asyncio.Future[None] | None"  # None: passed over, to be acknowledged in its turn


class Counts:
    """What came over one broker since the listener began."""

    def __init__(self) -> None:
        self.messages = 0
        self.passed_over = 0
        self.heard_at: datetime | None = None


class Line:
    """Hears one link. Nothing is acknowledged before it is durable, and nothing out of order."""

    def __init__(self, broker: Broker, keeper: Keeper, counts: Counts) -> None:
        """Begin with nothing heard; `link` is set by who opens it."""
        self.link: Link | None = None
        self._broker = broker
        self._keeper = keeper
        self._counts = counts
        self._unanswered: deque[_Unanswered] = deque()
        self._bytes = 0
        self._is_settling = False
        self._call_soon: Callable[..., object] = asyncio.get_running_loop().call_soon

    @property
    def in_flight(self) -> int:
        """How many messages wait for their acknowledgement."""
        return len(self._unanswered)

    def take(self, message: Message) -> None:
        """Hand a message to the keeper."""
        counts = self._counts
        if message.is_retained:
            # It tells of a time before this subscription, and comes anew with each of them.
            counts.passed_over += 1
            self._await(message.number, 0, None)
            return
        counts.messages += 1
        now = counts.heard_at = datetime.now(UTC)
        broker = self._broker
        event, query = _told(broker.kind, message.topic)
        arrival = Arrival(
            broker.connection_id, now, event, "", query, message.body, broker.settings
        )
        try:
            kept = self._keeper.put(row_of(broker.kind, arrival)[0])
        except Full:
            self._fail(Trouble(Why.NO_STORE))
            return
        kept.add_done_callback(self._settle_soon)
        if message.number:
            self._await(message.number, len(message.body), kept)

    def pass_over(self, big: TooBig) -> None:
        """Count what is too big, and let the broker forget it."""
        self._counts.passed_over += 1
        topic = big.topic[:200].decode("utf-8", "replace")
        log.warning(
            "connection %s: a message of %s bytes under %r is too big, passed over",
            self._broker.connection_id,
            big.length,
            topic,
        )
        self._await(big.number, 0, None)

    def _await(self, number: int, size: int, kept: "asyncio.Future[None] | None") -> None:
        if not number:
            return
        self._unanswered.append(_Unanswered(number, size, kept))
        self._bytes += size
        if kept is None:
            self._settle_soon(None)
        if self.link is not None and self._is_full():
            self.link.pause()

    def _is_full(self) -> bool:
        # A broker of 5 keeps to the number by itself; one of 3.1.1 knows no such number.
        is_over = len(self._unanswered) >= self._broker.login.in_flight_max
        return is_over or self._bytes >= IN_FLIGHT_BYTES_MAX

    def _settle_soon(self, kept: "asyncio.Future[None] | None") -> None:
        if kept is not None:
            kept.exception()  # asked, so that none is complained of
        if not self._is_settling:
            self._is_settling = True
            self._call_soon(self._settle)

    def _settle(self) -> None:
        """Acknowledge from the oldest on, as far as all is durable; many in one write."""
        self._is_settling = False
        link, unanswered = self.link, self._unanswered
        numbers: list[int] = []
        while unanswered and ((kept := unanswered[0].kept) is None or kept.done()):
            number, size, _kept = unanswered[0]
            error = None if kept is None else kept.exception()
            if isinstance(error, TooLate):
                self._fail(Trouble(Why.NO_STORE))
                break
            unanswered.popleft()
            self._bytes -= size
            if error is None:
                numbers.append(number)
            elif link is not None:
                link.acknowledge(numbers)
                numbers = []
                link.decline(number)
        if link is not None:
            if numbers:
                link.acknowledge(numbers)
            if not self._is_full():
                link.resume()

    def _fail(self, trouble: Trouble) -> None:
        """What is not acknowledged comes again on the next connection."""
        self._unanswered.clear()
        self._bytes = 0
        if self.link is not None:
            self.link.fail(trouble)
            self.link = None


@lru_cache(maxsize=TOPICS_KEPT)
def _told(kind: str, topic: bytes) -> tuple[str, str]:
    """The event that a topic names, and the topic as the journal shows it."""
    text = clean(topic.decode("utf-8", "replace"))[:TOPIC_CHARS_MAX]
    last = text.rpartition("/")[2]
    event = last if kind == "chirpstack" and last in chirpstack.EVENTS else ""
    return event, "topic=" + quote(text, safe="/@:+")
