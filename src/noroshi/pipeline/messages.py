"""What came in as messages of devices: parsed, put to who held the thing, decoded."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from noroshi.codecs.lora_object import lora_object, wants_lora_object
from noroshi.codecs.result import Decoded, Job
from noroshi.codecs.sandbox import Sandbox
from noroshi.devices import find
from noroshi.devices.find import DeviceFacts
from noroshi.devices.heartbeats import Beat
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.exceptions import Trouble
from noroshi.inbox.models import Connection
from noroshi.inbox.sources import Source, sources
from noroshi.networks import registry
from noroshi.networks.uplink import Arrival, Event, Malformed, Uplink

FUTURE_MAX = timedelta(minutes=10)  # a clock further ahead than this is wrong
PAST_MAX = timedelta(days=400)

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
    beats: list[Beat] = field(default_factory=list)  # once they are kept


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
        heard_by=(),
        location=item.location,
        decoded=None,
        values=item.values,
        link={},
        problem="",
    )
    return Heard(row, device, uplink, item.details, is_radio=False, at=at)


def clamp(said: datetime, received_at: datetime) -> datetime:
    """`said` unless it lies in the future or further back than anything is kept."""
    return said if -FUTURE_MAX <= received_at - said <= PAST_MAX else received_at


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
