"""What an entry would become if it ran now: its messages, their devices, their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from noroshi import pipeline
from noroshi.codecs.result import Decoded, Position, Value
from noroshi.codecs.sandbox import NoSandbox, Sandbox
from noroshi.codecs.words import say_error, say_warning
from noroshi.devices import find
from noroshi.devices.models import Device
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.models import Connection
from noroshi.networks import registry
from noroshi.networks.uplink import Event, Malformed, Uplink
from noroshi.office.words import Said, say

MESSAGES_MAX = 20  # of one entry; a batch may hold hundreds


@dataclass(frozen=True, slots=True)
class Values:
    """What a codec gave, in words: rows of (instant or None, [(name, value)])."""

    rows: Sequence[tuple[datetime | None, Sequence[tuple[str, str]]]] = ()
    warnings: Sequence[str] = ()
    error: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """One message of an entry. `device` None: not registered. `values` None: nothing to decode."""

    message: Uplink | Event
    is_uplink: bool
    facts: Sequence[tuple[str, str]]
    device: Device | None
    values: Values | None


@dataclass(frozen=True, slots=True)
class Understanding:
    """All messages of an entry, or why there are none."""

    messages: Sequence[Understood] = field(default_factory=list)
    left_off: int = 0
    refusal: Said | None = None
    detail: str = ""


def understand(row: EntryRow, source: Connection) -> Understanding:
    """Parse and decode as the spine would at this moment; nothing is written."""
    try:
        items = registry.parse(source.kind, pipeline.arrival(row, source))
    except Malformed as refusal:
        return Understanding(refusal=say(refusal.reason), detail=refusal.detail)
    shown = items[:MESSAGES_MAX]
    sent = [((item.space, item.address), pipeline.time_of(row, item)) for item in shown]
    known_then = find.holders(sent)
    holders = [known_then.at(place, at) for place, at in sent]
    found_ids = [one.id for one in holders if one is not None]
    named = Device.objects.filter(pk__in=found_ids).select_related("tenant", "type__codec")
    devices = {device.pk: device for device in named}
    found = []
    with Sandbox(has_spare=False) as sandbox:
        for item, known in zip(shown, holders, strict=True):
            device = devices.get(known.id) if known else None
            values = None
            if known is not None and isinstance(item, Uplink):
                values = decoded_values(
                    pipeline.heard(row, known, item, pipeline.time_of(row, item)), sandbox
                )
            found.append(Understood(item, isinstance(item, Uplink), facts_of(item), device, values))
    return Understanding(found, left_off=len(items) - len(shown))


def decoded_values(heard: pipeline.Heard, sandbox: Sandbox) -> Values | None:
    """What the device's codec makes of the message; None when there is nothing to decode."""
    job = pipeline.job(heard)
    if job is None:
        return None
    try:
        return values_of(sandbox.decode([job])[0])
    except NoSandbox as away:
        return Values(error=say_error("crashed"), detail=str(away))


def values_of(decoded: Decoded) -> Values:
    """A decoder's result in words."""
    return Values(
        rows=[(one.at, pairs_of(one.values)) for one in decoded.measurements],
        warnings=[say_warning(warning) for warning in decoded.warnings],
        error=say_error(decoded.error) if decoded.error else "",
        detail=decoded.detail,
    )


def pairs_of(values: Mapping[str, Value]) -> list[tuple[str, str]]:
    """(name, value as text)."""
    return [(name, plain(value)) for name, value in values.items()]


def plain(value: object) -> str:
    """One value as text, with no digits that nobody measured."""
    if isinstance(value, Position):
        return f"{value.latitude:.6f}, {value.longitude:.6f}"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def facts_of(item: Uplink | Event) -> list[tuple[str, str]]:
    """What the network says of the message, for display."""
    if isinstance(item, Event):
        return [
            (str(name), plain(value)) for name, value in {**item.details, **item.values}.items()
        ]
    told: list[tuple[str, object]] = [
        ("fPort", item.f_port),
        ("counter", item.counter),
        ("RSSI dBm", item.rssi),
        ("SNR dB", item.snr),
        ("gateways", len(item.heard_by) or None),
        *item.values.items(),
        *item.link.items(),
        ("problem", item.problem or None),
    ]
    return [(name, plain(value)) for name, value in told if value is not None]
