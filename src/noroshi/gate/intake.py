"""What the gate does with one request: whose is it, may it come in, store it, answer."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from time import monotonic
from urllib.parse import unquote
from uuid import UUID

from noroshi.base import metrics
from noroshi.gate import answer, figures
from noroshi.gate.answer import Answer
from noroshi.gate.connections import Connection, Register
from noroshi.gate.head import Admission, Head
from noroshi.gate.keeper import Full, Keeper, TooLate
from noroshi.gate.rate import Buckets
from noroshi.gate.row import Row
from noroshi.gate.store import Side
from noroshi.networks import registry
from noroshi.networks.uplink import Arrival, Identity, Malformed

METHODS = frozenset({b"POST", b"PUT", b"GET"})
HEALTH = frozenset({b"/livez", b"/readyz", b"/healthz"})  # the last is the second's old name
BIDIR = "bidir"
EVENT_CHARS_MAX = 40
CONTENT_TYPE_CHARS_MAX = 100
TEXTS_KEPT = 512  # a sender says the same content type and query again and again

# What is counted before a row is made of it.
TURNED_AWAY = {
    answer.NOT_FOUND: "not_found",
    answer.METHOD_NOT_ALLOWED: "method",
    answer.AWAY: "away",
    answer.UNAUTHORIZED: "unauthorized",
    answer.ENCODED: "encoded",
    answer.TOO_MANY: "too_many",
}

log = logging.getLogger(__name__)

Reply = Callable[[Answer], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of senders (uplinks/s of one connection, 0 = any), and of readers."""

    rate_per_connection: int = 0
    metrics_token: str = ""  # empty = nobody


class Intake:
    """Judges requests and hands the good ones to the keeper."""

    def __init__(
        self, register: Register, keeper: Keeper, side: Side, terms: Terms | None = None
    ) -> None:
        """Work with the connections and the keeper of one gate."""
        self._register = register
        self._keeper = keeper
        self._side = side
        self._terms = terms or Terms()
        self._buckets = Buckets(self._terms.rate_per_connection)
        self._turned_away = dict.fromkeys(TURNED_AWAY, 0)
        self._asking: set[asyncio.Task[None]] = set()

    def take(self, head: Head, body: bytes, reply: Reply) -> None:
        """Call `reply` once, now or after the commit."""
        known = head.admission
        if known is None or known.edition != self._register.edition:
            path, _, query = _origin_form(head.target).partition(b"?")
            if path in HEALTH:
                reply(self._health(head, path))
                return
            if path == b"/metrics":
                reply(self._figures(head))
                return
            judged = self._admitted(head, path, query)
            if isinstance(judged, Answer):
                self._turn_away(judged, reply)
                return
            known = head.admission = judged
        if self._buckets.admit(known.connection.id, monotonic()):
            self._keep(known, body, reply)
        else:
            self._turn_away(answer.TOO_MANY, reply)

    def _turn_away(self, why: Answer, reply: Reply) -> None:
        self._turned_away[why] += 1
        reply(why)

    def _admitted(self, head: Head, path: bytes, query: bytes) -> Admission | Answer:
        """Whose request it is, or what it hears instead; true until the next load."""
        parts = path.split(b"/", 3)
        if len(parts) < 3 or parts[1] != b"in":
            return answer.NOT_FOUND
        if head.method not in METHODS:
            return answer.METHOD_NOT_ALLOWED
        if not self._register.is_loaded:
            return answer.AWAY
        connection = self._register.find(parts[2])
        if connection is None:
            return answer.NOT_FOUND
        if not connection.admits(head.headers):
            return answer.UNAUTHORIZED
        if head.headers.get(b"content-encoding", b"identity").lower() != b"identity":
            return answer.ENCODED
        asked = _text(query)
        return Admission(
            edition=self._register.edition,
            connection=connection,
            event=_event(parts[3] if len(parts) > 3 else b"", asked),
            content_type=_text(head.headers.get(b"content-type", b""))[:CONTENT_TYPE_CHARS_MAX],
            query=asked,
        )

    def _health(self, head: Head, path: bytes) -> Answer:
        if head.method != b"GET":
            return answer.METHOD_NOT_ALLOWED
        if path == b"/livez":
            return answer.HEALTHY
        if not self._register.is_loaded or not (self._keeper.is_up or self._side.is_up):
            return answer.AWAY
        return answer.SPOOLING if self._keeper.is_spooling else answer.HEALTHY

    def _figures(self, head: Head) -> Answer:
        shown = head.headers.get(b"authorization", b"").decode("latin-1")
        if not metrics.may_read(shown, self._terms.metrics_token):
            return answer.NOT_FOUND
        turned_away = {TURNED_AWAY[found]: count for found, count in self._turned_away.items()}
        told = figures.of_gate(
            self._keeper.figures(), turned_away, is_loaded=self._register.is_loaded
        )
        return answer.figures(metrics.text(told))

    def _keep(self, admission: Admission, body: bytes, reply: Reply) -> None:
        connection = admission.connection
        arrival = Arrival(
            connection.id,
            datetime.now(UTC),
            admission.event,
            admission.content_type,
            admission.query,
            body,
            connection.settings,
        )
        row, identity = row_of(connection.kind, arrival)

        def settle(error: Exception | None) -> None:
            if error is not None:
                reply(answer.AWAY if isinstance(error, TooLate) else answer.BROKEN)
            elif identity is not None and identity.asks_downlink and not self._keeper.is_spooling:
                self._ask_downlink(connection, identity, arrival, reply)
            else:
                is_bidir = identity is not None and identity.event == BIDIR
                reply(answer.NO_DOWNLINK if is_bidir else answer.STORED)

        try:
            self._keeper.take(row, settle)
        except Full:
            reply(answer.AWAY)

    def _ask_downlink(
        self, connection: Connection, identity: Identity, arrival: Arrival, reply: Reply
    ) -> None:
        async def ask() -> None:
            payload = await self._side.downlink(
                identity.key,
                identity.address,
                tenant_id=connection.tenant_id,
                now=arrival.received_at,
            )
            if payload is None:
                reply(answer.NO_DOWNLINK)
            else:
                reply(answer.downlink(answer.device_as_sent(arrival), payload))

        task = asyncio.get_running_loop().create_task(ask())
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)


def row_of(kind: str, arrival: Arrival) -> tuple[Row, Identity | None]:
    """The journal's row of an arrival; one that cannot be read is kept for the office to see."""
    try:
        identity = registry.identify(kind, arrival)
    except (Malformed, KeyError) as wrong:
        log.info("connection %s sent what cannot be read: %s", arrival.connection_id, wrong)
        sent = arrival.body or arrival.query.encode()
        key = registry.garbage_key(arrival.connection_id, arrival.received_at, sent)
        return _row(arrival, key, 0, arrival.event, ""), None
    slice_ = registry.slice_of(identity.space, identity.address)
    return _row(arrival, identity.key, slice_, identity.event, identity.address), identity


def _row(arrival: Arrival, key: UUID, slice_: int, event: str, address: str) -> Row:
    return Row(
        key,
        slice_,
        arrival.connection_id,
        arrival.received_at,
        clean(event),
        clean(address),
        arrival.content_type,
        arrival.query,
        arrival.body,
    )


def clean(text: str) -> str:
    """Text that PostgreSQL can hold: no U+0000, no half of a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


@lru_cache(maxsize=TEXTS_KEPT)
def _text(sent: bytes) -> str:
    return clean(sent.decode("utf-8", "replace"))


@lru_cache(maxsize=TEXTS_KEPT)
def _event(rest: bytes, query: str) -> str:
    if rest:
        event = unquote(rest.decode("utf-8", "replace")).strip("/ ")
    else:
        pairs = (pair.partition("=") for pair in query.split("&"))
        event = next((unquote(value) for name, _, value in pairs if name == "event"), "")
    return clean(event)[:EVENT_CHARS_MAX]


def _origin_form(target: bytes) -> bytes:
    """The path and query of a target that may be a whole URL, as proxies send it."""
    if target.startswith(b"/"):
        return target
    _scheme, found, rest = target.partition(b"://")
    return b"/" + rest.partition(b"/")[2] if found else target
