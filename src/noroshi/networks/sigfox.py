"""Sigfox callbacks: what the backend, or SORACOM Beam for it, sends about a device."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from noroshi.networks import bodies, fields
from noroshi.networks.keys import body_mark, day_of, key_of
from noroshi.networks.sigfox_radio import SPACE, Record, uplink_of
from noroshi.networks.uplink import Arrival, Event, Identity, Malformed, Uplink

# A device listens for its downlink from about 20 s after its uplink; a later answer is lost.
BIDIR_AGE_MAX = timedelta(seconds=20)

RADIO = frozenset({"uplink", "bidir", "advanced"})
# How a URL may call a kind, and its one name here.
KINDS = {
    "uplink": "uplink",
    "up": "uplink",
    "data": "uplink",
    "bidir": "bidir",
    "advanced": "advanced",
    "data-advanced": "advanced",
    "data_advanced": "advanced",
    "dataadvanced": "advanced",
    "status": "status",
    "acknowledge": "acknowledge",
    "ack": "acknowledge",
    "geoloc": "geoloc",
    "error": "error",
    "event": "event",
    "repeater": "repeater",
}
# What only one kind carries when the URL is silent, most telling first.
_SIGNS = (
    ("infocode", "acknowledge"),
    ("eventtype", "event"),
    ("severity", "error"),
    ("ack", "bidir"),
    ("longpolling", "bidir"),
    ("lqi", "advanced"),
    ("linkquality", "advanced"),
    ("computedlocation", "advanced"),
    ("duplicates", "advanced"),
    ("data", "uplink"),
    ("batt", "status"),
    ("geolocsource", "geoloc"),
    ("radius", "geoloc"),
)


def identify(arrival: Arrival) -> Identity:
    """Return whose message it is, its key, and whether the device now listens for a downlink.

    Of a batch, the first message names the device. Raises Malformed: template_not_filled,
    not_json, no_device_id, bad_device_id, no_time, bad_time, unknown_event, …
    """
    records = _records(arrival)
    first = records[0]
    kind = _kind(arrival, first)
    address = _device(first, kind)
    at = _time(first, kind, arrival)
    return Identity(
        key=_key(arrival, records, kind, address, at),
        space=SPACE,
        address=address,
        event=kind,
        asks_downlink=(
            kind == "bidir"
            and first.known.flag("ack") is True
            and at is not None
            and arrival.received_at - at <= BIDIR_AGE_MAX
        ),
    )


def parse(arrival: Arrival) -> tuple[Uplink | Event, ...]:
    """Return the messages of one callback, several for a batch.

    Raises Malformed: as `identify`, and bad_hex, too_long.
    """
    return tuple(_parse_one(record, arrival) for record in _records(arrival))


def _records(arrival: Arrival) -> list[Record]:
    records = [Record(sent.data) for sent in bodies.messages(arrival)]
    if len(records) == 1 and arrival.query and arrival.body:
        # Some keep the device in the URL and only the rest in the body.
        records[0].complete(dict(bodies.pairs(arrival.query)))
    return records


def _kind(arrival: Arrival, record: Record) -> str:
    named = arrival.event.strip().strip("/").lower()
    if named:
        if named not in KINDS:
            raise Malformed("unknown_event", f"Sigfox has no callback {named[:40]}")
        return KINDS[named]
    for sign, kind in _SIGNS:
        if record.has(sign):
            return kind
    return "uplink"


def _device(record: Record, kind: str) -> str:
    name = "device"
    if kind == "event" and not record.has("device"):
        of_device = record.known.text("sourcetype").lower() == "device"
        name = "sourceid" if of_device else "deviceinfo"
    return record.device(name)


def _time(record: Record, kind: str, arrival: Arrival) -> datetime | None:
    at = fields.instant(record.needed("time"), arrival.received_at)
    if at is None and kind in RADIO:
        # Without its time a message and its repetition could not be told from two messages.
        raise Malformed("no_time", "the callback's template lacks {time}")
    return at


def _key(
    arrival: Arrival, records: list[Record], kind: str, address: str, at: datetime | None
) -> uuid.UUID:
    connection = arrival.connection_id
    first = records[0]
    data = fields.as_text(first.known.raw("data")).upper()
    if kind in RADIO and at is not None and data and len(records) == 1:
        seq = first.known.whole("seqnumber")
        return key_of(at, connection, kind, address, seq, data)
    when = day_of(arrival.received_at) if at is None else at
    return key_of(when, connection, kind, address, body_mark(arrival.body, arrival.query))


def _parse_one(record: Record, arrival: Arrival) -> Uplink | Event:
    kind = _kind(arrival, record)
    address = _device(record, kind)
    at = _time(record, kind, arrival)
    if kind in RADIO and at is not None:
        return uplink_of(record, kind, address, at)
    return _event(record, kind, address, at or arrival.received_at)


def _event(record: Record, kind: str, address: str, at: datetime) -> Event:
    values: Mapping[str, float | str | bool] = _status(record) if kind == "status" else {}
    location = record.computed_location() or record.old_location() if kind == "geoloc" else None
    return Event(SPACE, address, at, kind, record.details(), values, location)


def _status(record: Record) -> Mapping[str, float | str | bool]:
    volts = record.known.number("batt")
    celsius = record.known.number("temp")
    values: dict[str, float | str | bool] = {}
    if volts is not None:
        values["battery_volt"] = volts
    if celsius is not None:
        values["temperature"] = celsius
    return values
