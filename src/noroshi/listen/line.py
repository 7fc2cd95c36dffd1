"""One connection to a broker at work: messages to the keeper, acknowledgements back in order."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
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


class _Unanswered:
    """A message that waits for its acknowledgement, which comes in its turn."""

    __slots__ = ("error", "is_done", "line", "number", "size")

    def __init__(self, line: "Line", number: int, size: int) -> None:
        self.line = line
        self.number = number
        self.size = size
        self.is_done = False
        self.error: Exception | None = None

    def settle(self, error: Exception | None = None) -> None:
        self.is_done = True
        self.error = error
        self.line.settle_soon()


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
            self._pass_over(message.number)
            return
        counts.messages += 1
        now = counts.heard_at = datetime.now(UTC)
        broker = self._broker
        event, query = _told(broker.kind, message.topic)
        arrival = Arrival(
            broker.connection_id, now, event, "", query, message.body, broker.settings
        )
        unanswered = _Unanswered(self, message.number, len(message.body))
        try:
            self._keeper.take(row_of(broker.kind, arrival)[0], unanswered.settle)
        except Full:
            self._fail(Trouble(Why.NO_STORE))
            return
        if message.number:
            self._await(unanswered)

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
        self._pass_over(big.number)

    def settle_soon(self) -> None:
        """Acknowledge what can be, once for all that became durable together."""
        if not self._is_settling:
            self._is_settling = True
            self._call_soon(self._settle)

    def _pass_over(self, number: int) -> None:
        if number:
            unanswered = _Unanswered(self, number, 0)
            self._await(unanswered)
            unanswered.settle()

    def _await(self, unanswered: _Unanswered) -> None:
        self._unanswered.append(unanswered)
        self._bytes += unanswered.size
        if self.link is not None and self._is_full():
            self.link.pause()

    def _is_full(self) -> bool:
        # A broker of 5 keeps to the number by itself; one of 3.1.1 knows no such number.
        is_over = len(self._unanswered) >= self._broker.login.in_flight_max
        return is_over or self._bytes >= IN_FLIGHT_BYTES_MAX

    def _settle(self) -> None:
        """Acknowledge from the oldest on, as far as all is durable; many in one write."""
        self._is_settling = False
        link, unanswered = self.link, self._unanswered
        numbers: list[int] = []
        while unanswered and unanswered[0].is_done:
            first = unanswered[0]
            if isinstance(first.error, TooLate):
                self._fail(Trouble(Why.NO_STORE))
                break
            unanswered.popleft()
            self._bytes -= first.size
            if first.error is None:
                numbers.append(first.number)
            elif link is not None:
                link.acknowledge(numbers)
                numbers = []
                link.decline(first.number)
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
