"""One connection to a broker: log in, subscribe, hear messages, say which of them are kept."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from noroshi.mqtt import packets
from noroshi.mqtt.packets import Frames, Login, Message, NotMqtt, Packet, TooBig, Welcome
from noroshi.mqtt.trouble import Trouble, Why, printable, trouble_of

CONNECT_S_MAX = 10.0
ANSWER_S_MAX = 10.0
MESSAGE_BYTES_MAX = (64 << 10) + 1024  # the gate's largest body, and a head
SUBSCRIPTION = 1  # the number of the one SUBSCRIBE of a connection

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a broker is; `ca` is PEM text, empty = the machine's own authorities."""

    host: str
    port: int
    is_tls: bool = False
    ca: str = ""


class Hearer(Protocol):
    """Who is told what a broker sends."""

    def take(self, message: Message) -> None:
        """One message, which waits for its acknowledgement unless its number is 0."""

    def pass_over(self, big: TooBig) -> None:
        """One message that was too big to be held."""


async def opened(place: Place, login: Login, hearer: Hearer) -> "Link":
    """A connection that the broker has welcomed. Raises Trouble."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_S_MAX):
            _transport, link = await loop.create_connection(
                lambda: Link(login, hearer), place.host, place.port, ssl=tls_of(place)
            )
    except ssl.SSLError as error:
        raise Trouble(Why.TLS, printable(error.reason or str(error))) from None
    except socket.gaierror:
        raise Trouble(Why.UNKNOWN_HOST, place.host) from None
    except TimeoutError:
        raise Trouble(Why.UNREACHABLE, f"{place.host}:{place.port}") from None
    except OSError as error:
        raise Trouble(Why.UNREACHABLE, printable(error.strerror or str(error))) from None
    try:
        told = await link.answer(link.welcome)
        if told.code:
            raise trouble_of(told.code, told.reason)
    except BaseException:
        link.leave()
        raise
    return link


def tls_of(place: Place) -> ssl.SSLContext | None:
    """How the broker proves itself: always by a certificate for its name. Raises Trouble."""
    if not place.is_tls:
        return None
    try:
        return ssl.create_default_context(cadata=place.ca or None)
    except ssl.SSLError as error:
        raise Trouble(Why.BAD_CA, printable(error.reason or str(error))) from None


class Link(asyncio.Protocol):
    """One connection; made by `opened`, over when `ended` is done, which fails with Trouble."""

    def __init__(self, login: Login, hearer: Hearer) -> None:
        """Made for each try; `hearer` is told from the first message of a kept session on."""
        loop = asyncio.get_running_loop()
        self.login = login
        self.welcome: asyncio.Future[Welcome] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.ended.add_done_callback(asyncio.Future.exception)  # it may be that nobody asks
        self._granted: asyncio.Future[tuple[int, ...]] = loop.create_future()
        self._loop = loop
        self._frames = Frames(login.version, MESSAGE_BYTES_MAX)
        self._hearer = hearer
        self._transport: asyncio.Transport | None = None
        self._is_paused = False
        self._has_begun = False
        self._heard_at = loop.time()

    # What a program does with it.

    async def subscribe(self, topics: Sequence[str]) -> tuple[int, ...]:
        """Ask for these topics; returns the QoS that each of them got. Raises Trouble."""
        self._write(packets.subscribe(self.login.version, SUBSCRIPTION, topics))
        granted = await self.answer(self._granted)
        for topic, code in zip(topics, granted, strict=False):
            if code >= packets.REFUSED_FROM:
                raise Trouble(Why.TOPIC, topic)
        if len(granted) != len(topics):
            raise Trouble(Why.NOT_MQTT, "not one answer a topic")
        return granted

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """Say that these messages are kept."""
        self._write(packets.acknowledge(numbers))

    def decline(self, number: int) -> None:
        """Say that this message will never be kept, and need not come again."""
        self._write(packets.decline(self.login.version, number))

    def pause(self) -> None:
        """Read no more until `resume`."""
        if not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._heard_at = self._loop.time()
            self._transport.resume_reading()

    async def stay(self, keep_alive_s: float) -> None:
        """Keep the connection alive until it ends. Raises Trouble."""
        while not self.ended.done():
            await asyncio.wait([self.ended], timeout=keep_alive_s / 2)
            silent_s = self._loop.time() - self._heard_at
            if not self._is_paused and silent_s > keep_alive_s * 1.5:
                self.fail(Trouble(Why.NO_ANSWER))
            self._write(packets.PING)
        self.ended.result()

    def fail(self, trouble: Trouble) -> None:
        """Cut the connection: what is not acknowledged comes again on the next one."""
        if not self.ended.done():
            self.ended.set_exception(trouble)
        if self._transport is not None:
            self._transport.abort()

    def leave(self) -> None:
        """Say good-bye; the broker keeps the session."""
        self._write(packets.LEAVE)
        if not self.ended.done():
            self.ended.set_result(None)
        if self._transport is not None:
            self._transport.close()

    async def answer(self, asked: "asyncio.Future[Answer]") -> Answer:
        """What the broker answers, while the connection lives. Raises Trouble."""
        either: list[asyncio.Future[Any]] = [asked, self.ended]
        await asyncio.wait(either, timeout=ANSWER_S_MAX, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return asked.result()
        if self.ended.done():
            self.ended.result()
        raise Trouble(Why.NO_ANSWER)

    # What the loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who we are."""
        self._transport = cast(asyncio.Transport, transport)
        self._write(packets.connect(self.login))

    def connection_lost(self, exc: Exception | None) -> None:
        """The broker, or the way to it, is gone."""
        self._transport = None
        if not self.ended.done():
            said = "" if exc is None else printable(str(exc))
            is_tls = isinstance(exc, ssl.SSLError)
            why = Why.TLS if is_tls else Why.LOST
            self.ended.set_exception(Trouble(why, said))

    def data_received(self, data: bytes) -> None:
        """Read on; whatever is no MQTT ends the connection."""
        self._heard_at = self._loop.time()
        hearer = self._hearer
        try:
            if not self._has_begun:
                self._has_begun = True
                packets.begin(data)
            for each in self._frames.feed(data):
                if type(each) is Message:
                    hearer.take(each)
                elif type(each) is TooBig:
                    hearer.pass_over(each)
                elif type(each) is Packet:
                    self._hear(each)
        except NotMqtt as error:
            self.fail(Trouble(Why.NOT_MQTT, str(error)))

    def _hear(self, packet: Packet) -> None:
        if packet.kind == packets.CONNACK and not self.welcome.done():
            self.welcome.set_result(packets.welcome(self.login.version, packet.body))
        elif packet.kind == packets.SUBACK and not self._granted.done():
            self._granted.set_result(packets.granted(self.login.version, packet.body))
        elif packet.kind == packets.DISCONNECT:
            self.fail(trouble_of(*packets.farewell(packet.body)))
        elif packet.kind != packets.PINGRESP:
            raise NotMqtt(f"a packet of kind {packet.kind}")

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
