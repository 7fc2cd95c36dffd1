"""The spine: what came in becomes readings, incidents and mails, one transaction a batch."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from noroshi.alarms import watch
from noroshi.base import failpoints, news, tally
from noroshi.codecs.lora_object import lora_object, wants_lora_object
from noroshi.codecs.result import Decoded, Job, Measurement, Position
from noroshi.codecs.sandbox import NoSandbox, Sandbox
from noroshi.devices import find, heartbeats
from noroshi.devices.downlinks import Fate, settle_downlinks
from noroshi.devices.find import DeviceFacts
from noroshi.devices.fitting import fit
from noroshi.inbox import exceptions, journal
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.exceptions import Trouble
from noroshi.inbox.models import Connection
from noroshi.inbox.sources import Source, sources
from noroshi.networks import registry
from noroshi.networks.uplink import Arrival, Event, Malformed, Uplink
from noroshi.readings import backdated, store
from noroshi.readings.store import Kept, NewUplink, Point

BATCH_ENTRIES_MAX = 2000  # only a backlog fills it: what a batch costs once is shared by more
AGAIN_ENTRIES_MAX = 200
FUTURE_MAX = timedelta(minutes=10)  # a clock further ahead than this is wrong
PAST_MAX = timedelta(days=400)
PROBLEM_CHARS_MAX = 200
F_PORT_MAX = 255
PROGRAM_LIMIT = "54"  # SQLSTATE class: one message asks too much of the server, e.g. in depth

log = logging.getLogger(__name__)


class Heard(msgspec.Struct, frozen=True, gc=False):
    """One message of a registered device on its way through a batch."""

    row: EntryRow
    device: DeviceFacts
    uplink: Uplink
    details: Mapping[str, object]  # of an event; empty for an uplink
    is_radio: bool  # whether the device itself was heard
    at: datetime


@dataclass(slots=True)
class Parsed:
    """What a batch holds after the first two steps."""

    owners: Mapping[int, int | None] = field(default_factory=dict)  # of connections, see parse
    heard: list[Heard] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)  # devices whose tenant holds the thing no more
    gone: int = 0  # entries whose connection is no more


def process_waiting(
    sandbox: Sandbox, *, now: datetime, slices_max: int, limit: int = BATCH_ENTRIES_MAX
) -> int:
    """Carry the next batch through; returns the number of entries handled, 0 when idle.

    1 also when there was nothing in the slices claimed: others may have something.

    Everything an entry causes and the watermark that says it is done commit together.
    """
    with transaction.atomic():
        marks = journal.claim_slices(slices_max)
        if not marks:
            return 0
        again = exceptions.claim_again(marks, limit=AGAIN_ENTRIES_MAX)
        exceptions.settle(again)
        old = journal.by_keys([row.entry_key for row in again]) if again else []
        new, read_to = journal.read_on(marks, limit=limit)
        mended = len(old) - carry_or_split(old, sandbox, now=now)
        failed = carry_or_split(new, sandbox, now=now)
        passed = {tally.DECODED: len(new) - failed + mended, tally.FAILED: failed - mended}
        tally.add(passed, slot=min(marks))
        journal.move(marks, read_to)
    failpoints.at("spine.committed")
    return len(old) + len(new) or int(read_to > min(marks.values()))


def carry_or_split(rows: Sequence[EntryRow], sandbox: Sandbox, *, now: datetime) -> int:
    """Carry the rows, halving until a bad one stands alone on the list; how many got there."""
    if not rows:
        return 0
    try:
        with transaction.atomic():
            return carry(rows, sandbox, now=now)
    except Exception as error:  # the one broad except of the house
        if is_of_the_machine(error):
            raise  # nobody's message is at fault: the whole batch is tried again
        if len(rows) > 1:
            half = len(rows) // 2
            failed = carry_or_split(rows[:half], sandbox, now=now)
            return failed + carry_or_split(rows[half:], sandbox, now=now)
        is_data = isinstance(error, DatabaseError)
        log.error("entry %s failed: %s", rows[0].key, error, exc_info=not is_data)
        reason = "bad_data" if is_data else "bug"
        exceptions.put([Trouble(rows[0], "failed", reason, f"{type(error).__name__}: {error}")])
        return 1


def is_of_the_machine(error: Exception) -> bool:
    """Whether trying again later may help, with the same rows."""
    if isinstance(error, OperationalError):
        code = getattr(error.__cause__, "sqlstate", None) or ""
        return not code.startswith(PROGRAM_LIMIT)
    return isinstance(error, InterfaceError | NoSandbox)


def carry(rows: Sequence[EntryRow], sandbox: Sandbox, *, now: datetime) -> int:
    """Parse, find, decode, store, watch, tell: the whole way; how many entries are in trouble."""
    parsed = find_devices(parse(rows))
    decoded = decode(parsed.heard, sandbox)
    failpoints.at("spine.decoded")
    kept = keep(parsed, decoded, now=now)
    watched = watch.watch(kept, now=now)
    if parsed.troubles:
        exceptions.put(parsed.troubles)
    tell(parsed, has_incidents=bool(watched.opened or watched.closed))
    failpoints.at("spine.told")
    return parsed.gone + len({trouble.row.key for trouble in parsed.troubles})


# Parse and find


def parse(rows: Sequence[EntryRow]) -> tuple[Parsed, list[tuple[EntryRow, Uplink | Event]]]:
    """Each row as the messages it holds; what is no message goes on the list as refused.

    A connection without an owner is the provider's own, open to all devices.
    """
    known = sources({row.connection_id for row in rows})
    parsed, items = Parsed({key: source.tenant_id for key, source in known.items()}), []
    for row in rows:
        source = known.get(row.connection_id)
        if source is None:
            log.error("entry %s names connection %s, which is gone", row.key, row.connection_id)
            parsed.gone += 1
            continue
        try:
            messages = registry.parse(source.kind, arrival(row, source))
        except Malformed as refusal:
            parsed.troubles.append(Trouble(row, "refused", refusal.reason, refusal.detail))
            continue
        items += [(row, message) for message in messages]
    return parsed, items


def arrival(row: EntryRow, source: Connection | Source) -> Arrival:
    """The row as its network's adapter wants it."""
    return Arrival(
        connection_id=row.connection_id,
        received_at=row.received_at,
        event=row.event,
        content_type=row.content_type,
        query=row.query,
        body=row.body,
        settings=source.settings,
    )


def find_devices(
    found: tuple[Parsed, list[tuple[EntryRow, Uplink | Event]]],
) -> Parsed:
    """Put each message to the device of who held the thing when it was sent.

    Messages of strangers, and of things that nobody held then, wait on the list.
    """
    parsed, items = found
    sent = [((item.space, item.address), time_of(row, item)) for row, item in items]
    holders = find.holders(sent)
    for (row, item), (place, at) in zip(items, sent, strict=True):
        device = holders.at(place, at)
        if device is None or parsed.owners[row.connection_id] not in {None, device.tenant_id}:
            # With its time: who holds the thing from when on decides whether it runs again.
            is_past = holders.is_past(place, device)
            reason, detail = ("no_holder", at.isoformat()) if is_past else ("unknown_device", "")
            parsed.troubles.append(Trouble(row, "unknown", reason, detail, *place))
            continue
        if holders.before and holders.is_past(place, device):
            parsed.ended.add(device.id)
        parsed.heard.append(heard(row, device, item, at))
    return parsed


def time_of(row: EntryRow, item: Uplink | Event) -> datetime:
    """When the network says it was sent, if that can be."""
    return clamp(item.sent_at if isinstance(item, Uplink) else item.at, row.received_at)


def heard(row: EntryRow, device: DeviceFacts, item: Uplink | Event, at: datetime) -> Heard:
    """The message with its device; what a network tells of a device is kept like an uplink."""
    if isinstance(item, Uplink):
        return Heard(row, device, item, {}, is_radio=True, at=at)
    uplink = Uplink(
        space=item.space,
        address=item.address,
        sent_at=item.at,
        message=row.key,
        event=item.kind,
        payload=b"",
        f_port=None,
        counter=None,
        rssi=None,
        snr=None,
        gateways=(),
        location=item.location,
        decoded=None,
        values=item.values,
        link={},
        problem="",
    )
    return Heard(row, device, uplink, item.details, is_radio=False, at=at)


def clamp(said: datetime, received_at: datetime) -> datetime:
    """`said` unless it lies in the future or further back than anything is kept."""
    is_sound = received_at - PAST_MAX <= said <= received_at + FUTURE_MAX
    return said if is_sound else received_at


# Decode


def decode(heard: Sequence[Heard], sandbox: Sandbox) -> list[Decoded | None]:
    """What the codec of each device's type makes of its uplink; None: nothing to decode."""
    jobs = [job(message) for message in heard]
    results = iter(sandbox.decode([wanted for wanted in jobs if wanted is not None]))
    return [None if wanted is None else next(results) for wanted in jobs]


def job(message: Heard) -> Job | None:
    """The decoding of one uplink; events and frames without payload need none."""
    uplink, facts = message.uplink, message.device.type
    if not message.is_radio or uplink.problem or facts.codec_version_id is None:
        return None
    if not (uplink.decoded if facts.codec_kind == "network" else uplink.payload):
        return None
    source = find.codec_source(facts.codec_version_id)
    return Job(
        tenant_id=message.device.tenant_id,
        version_id=facts.codec_version_id,
        kind=facts.codec_kind,
        source=source,
        payload=uplink.payload,
        f_port=uplink.f_port,
        received_at=message.at,
        decoded=uplink.decoded,
        variables={},
        lora_object=lora_object(uplink, message.at) if wants_lora_object(source) else None,
    )


# Store


def keep(parsed: Parsed, decoded: Sequence[Decoded | None], *, now: datetime) -> list[Kept]:
    """Write uplinks, readings and heartbeats; returns the readings the rules shall judge."""
    uplinks: list[NewUplink] = []
    points: list[Point] = []
    for message, result in zip(parsed.heard, decoded, strict=True):
        uplinks.append(new_uplink(message, result, now=now))
        points += points_of(message, result)
        if result is not None and result.error:
            detail = f"{result.error}: {result.detail}"
            parsed.troubles.append(trouble_of(message, "failed", "codec_failed", detail))
    store.keep_uplinks(uplinks)
    kept = store.keep_points(points)
    backdated.note(uplinks, points)
    if lost := store.lost(points, kept):
        over = [message for message in parsed.heard if message.device.id in lost]
        parsed.troubles += [
            trouble_of(one, "failed", "too_many_series", lost[one.device.id]) for one in over
        ]
    heartbeats.hear([beat(message) for message in parsed.heard if message.is_radio])
    settle_downlinks([fate for message in parsed.heard if (fate := fate_of(message))])
    failpoints.at("spine.downlinks_settled")
    # All are judged, also of a message that was known: its first callback may have had no payload,
    # or a codec that failed. To judge the same reading twice changes nothing. But who held the
    # thing once is told of no alarm any more.
    if parsed.ended:
        return [one for one in kept if one.point.device_id not in parsed.ended]
    return kept


def trouble_of(message: Heard, kind: str, reason: str, detail: str) -> Trouble:
    """A trouble with a known device's message."""
    uplink = message.uplink
    return Trouble(message.row, kind, reason, detail, uplink.space, uplink.address)


def new_uplink(message: Heard, result: Decoded | None, *, now: datetime) -> NewUplink:
    """The row that keeps the message readable for people."""
    uplink = message.uplink
    return NewUplink(
        device_id=message.device.id,
        sent_at=message.at,
        message=uplink.message,
        tenant_id=message.device.tenant_id,
        entry_key=message.row.key,
        received_at=message.row.received_at,
        processed_at=now,
        event=uplink.event,
        f_port=None if uplink.f_port is None or uplink.f_port > F_PORT_MAX else uplink.f_port,
        counter=uplink.counter,
        payload=uplink.payload,
        rssi_dbm=heartbeats.level(uplink.rssi),
        snr_db=heartbeats.level(uplink.snr),
        gateways=len(uplink.gateways),
        link=dict(uplink.link),
        data=data_of(message, result),
        codec_version_id=message.device.type.codec_version_id if result else None,
        problem=problem_of(uplink, result),
        is_late=message.at < message.row.received_at - FUTURE_MAX,
    )


def problem_of(uplink: Uplink, result: Decoded | None) -> str:
    """One line of what went wrong with reading the payload, or an empty text."""
    if result is None:
        return uplink.problem
    said = f"{result.error}: {result.detail}" if result.error else "; ".join(result.warnings)
    return exceptions.clean(said)[:PROBLEM_CHARS_MAX]


def data_of(message: Heard, result: Decoded | None) -> dict[str, object]:
    """The decoded values for the record; of an event its details."""
    data: dict[str, object] = {**message.details, **message.uplink.values}
    for measurement in result.measurements if result else ():
        for key, value in measurement.values.items():
            data[key] = msgspec.structs.asdict(value) if isinstance(value, Position) else value
    return data


def points_of(message: Heard, result: Decoded | None) -> Iterator[Point]:
    """Every reading the message brings: decoded ones, the network's own, its location."""
    if message.uplink.values:
        yield from points_in(message, Measurement(None, message.uplink.values))
    for measurement in result.measurements if result else ():
        yield from points_in(message, measurement)
    place = message.uplink.location
    if place is not None:
        where = Position(place.latitude, place.longitude, place.altitude)
        yield from points_in(message, Measurement(None, {"location": where}))


def points_in(message: Heard, measurement: Measurement) -> Iterator[Point]:
    """The readings of one measurement, as the device type names them."""
    device = message.device
    at = message.at if measurement.at is None else clamp(measurement.at, message.row.received_at)
    for key, value in measurement.values.items():
        fitted = fit(value, device.type.kinds.get(key))
        if fitted is not None:
            yield Point(device.tenant_id, device.id, key, fitted.kind, at, fitted.value)


def beat(message: Heard) -> heartbeats.Beat:
    """The uplink as a sign of life."""
    uplink = message.uplink
    return heartbeats.Beat(
        device_id=message.device.id,
        tenant_id=message.device.tenant_id,
        sent_at=message.at,
        received_at=message.row.received_at,
        counter=uplink.counter,
        rssi_dbm=heartbeats.level(uplink.rssi),
        snr_db=heartbeats.level(uplink.snr),
        gateways=len(uplink.gateways),
    )


def fate_of(message: Heard) -> Fate | None:
    """What the network says became of a downlink, where the event speaks of one."""
    if message.uplink.event != "acknowledge":
        return None
    code, text = message.details.get("infoCode", ""), message.details.get("infoMessage", "")
    return Fate(message.device.id, is_sent=str(code) == "0", said=f"{code} {text}".strip())


# Tell


def tell(parsed: Parsed, *, has_incidents: bool) -> None:
    """Wake the open pages of the tenants concerned, and the office's where something is wrong."""
    devices: dict[int, dict[str, None]] = {}
    for message in parsed.heard:
        devices.setdefault(message.device.tenant_id, {})[message.device.code] = None
    kinds = ["reading", "incident"] if has_incidents else ["reading"]
    if devices:
        news.tell_pages({tenant: list(codes) for tenant, codes in devices.items()}, kinds=kinds)
    if parsed.troubles:
        news.tell_pages({news.OFFICE: news.ANY_DEVICE}, kinds=["trouble"])
