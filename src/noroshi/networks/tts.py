"""The Things Stack v3: webhook bodies and storage rows, told apart by the key that is present."""

from datetime import datetime

import msgspec

from noroshi.networks import fields, lorawan
from noroshi.networks.bodies import pairs
from noroshi.networks.fields import Fields
from noroshi.networks.keys import body_mark, day_of, key_of
from noroshi.networks.lorawan import SPACE
from noroshi.networks.tts_message import Ids, Message, Settings, location_of, message_of
from noroshi.networks.uplink import Arrival, Event, Identity, Malformed, Uplink

UP = "up"
# The key in the body and the event's name in this house; the first that is present decides.
KINDS = {
    "uplink_message": UP,
    "uplink_normalized": "normalized",
    "join_accept": "join",
    "downlink_ack": "downlink_ack",
    "downlink_nack": "downlink_nack",
    "downlink_sent": "downlink_sent",
    "downlink_failed": "downlink_failed",
    "downlink_queued": "downlink_queued",
    "downlink_queue_invalidated": "downlink_queue_invalidated",
    "location_solved": "location",
    "service_data": "service_data",
}
_SECRET = frozenset({"app_s_key", "session_key_id"})


class _Named(msgspec.Struct, gc=False):
    dev_eui: str = ""


class _Identified(msgspec.Struct, gc=False):
    """As little of an uplink as its key needs."""

    session_key_id: str = ""
    f_cnt: lorawan.Whole = 0
    frm_payload: str = ""
    received_at: str = ""


class _IdentifiedBody(msgspec.Struct):
    end_device_ids: _Named | None = None
    received_at: str = ""
    uplink_message: _Identified | None = None


class _Up(msgspec.Struct):
    end_device_ids: Ids
    uplink_message: Message
    received_at: str = ""
    simulated: bool = False


_IDENTIFIED = msgspec.json.Decoder(_IdentifiedBody)
_UP = msgspec.json.Decoder(_Up)


def identify(arrival: Arrival) -> Identity:
    """Return whose message it is and its key.

    Raises Malformed: unsupported_encoding, unknown_event, not_json, no_device_id, bad_time, …
    """
    lorawan.refuse_binary(arrival)
    try:
        body = _IDENTIFIED.decode(arrival.body)
    except lorawan.UNREADABLE:
        return _identify_leniently(arrival)
    message = body.uplink_message
    if message is None or body.end_device_ids is None or not body.end_device_ids.dev_eui:
        return _identify_leniently(arrival)
    address = fields.eui(body.end_device_ids.dev_eui)
    at = fields.instant(message.received_at or body.received_at, arrival.received_at)
    return _identity(arrival, UP, address, at, message)


def parse(arrival: Arrival) -> tuple[Uplink | Event, ...]:
    """Return the messages of one webhook call, or of the lines that the storage API gave.

    Raises Malformed: as `identify`, and bad_base64.
    """
    lorawan.refuse_binary(arrival)
    fields.guard(arrival.body)
    try:
        body = _UP.decode(arrival.body)
    except lorawan.UNREADABLE:
        return tuple(_parse_one(body, arrival) for body in _read(arrival))
    if not body.end_device_ids.dev_eui:
        return tuple(_parse_one(body, arrival) for body in _read(arrival))
    return (_uplink(body, UP, fields.eui(body.end_device_ids.dev_eui), arrival),)


def _identify_leniently(arrival: Arrival) -> Identity:
    bodies = _read(arrival)
    body = bodies[0]
    name, event = _kind(body)
    inner = body.inner(name)
    message = _Identified(
        session_key_id=inner.text("session_key_id"),
        f_cnt=inner.whole("f_cnt") or 0,
        frm_payload=fields.as_text(inner.raw("frm_payload")),
        received_at=inner.text("received_at") or body.text("received_at"),
    )
    at = fields.instant(message.received_at, arrival.received_at)
    # Several rows in one body are known by the whole body, not by their first.
    keyed = message if event == UP and len(bodies) == 1 else None
    return _identity(arrival, event, _address(body, arrival), at, keyed)


def _identity(
    arrival: Arrival, event: str, address: str, at: datetime | None, message: _Identified | None
) -> Identity:
    connection = arrival.connection_id
    if message is not None and at is not None:
        session, payload = message.session_key_id, message.frm_payload
        key = key_of(at, connection, event, address, session, message.f_cnt, payload)
    else:
        when = day_of(arrival.received_at) if at is None else at
        key = key_of(when, connection, event, address, body_mark(arrival.body))
    return Identity(key, SPACE, address, event, asks_downlink=False)


def _read(arrival: Arrival) -> list[Fields]:
    rows = fields.load_many(arrival.body)
    return [Fields(row.raw("result")) if row.inner("result").data else row for row in rows]


def _kind(body: Fields) -> tuple[str, str]:
    for name, event in KINDS.items():
        if isinstance(body.raw(name), dict):
            return name, event
    raise Malformed("unknown_event", "none of the message kinds of The Things Stack is present")


def _address(body: Fields, arrival: Arrival) -> str:
    ids = body.inner("end_device_ids")
    named = ids.text("dev_eui")
    if not named and ids.text("device_id").lower().startswith("eui-"):
        named = ids.text("device_id")[4:]
    if not named and arrival.query:
        # A field mask can strip the ids; a path variable brings them back.
        query = Fields(dict(pairs(arrival.query)))
        named = query.text("dev_eui") or query.text("devEUI")
    return fields.eui(named)


def _parse_one(body: Fields, arrival: Arrival) -> Uplink | Event:
    name, event = _kind(body)
    inner = body.inner(name)
    address = _address(body, arrival)
    if event not in {UP, "normalized"}:
        return _event(body, inner, event, address, arrival)
    ids = body.inner("end_device_ids")
    application = dict(ids.inner("application_ids").data)
    known = Ids(address, ids.text("device_id"), ids.text("dev_addr"), application)
    simulated = body.flag("simulated") or False
    whole = _Up(known, message_of(inner), body.text("received_at"), simulated)
    return _uplink(whole, event, address, arrival)


def _uplink(body: _Up, event: str, address: str, arrival: Arrival) -> Uplink:
    message = body.uplink_message
    received = message.received_at or body.received_at
    at = fields.instant(received, arrival.received_at) or arrival.received_at
    gateways = tuple([each.gateway() for each in message.rx_metadata])
    rssi, snr = lorawan.best(gateways)
    decoded = message.decoded_payload if event == UP else message.normalized_payload
    battery = message.last_battery_percentage
    percent = None if battery is None else battery.value
    return Uplink(
        space=SPACE,
        address=address,
        sent_at=at,
        message=key_of(
            at, SPACE, address, message.f_cnt, message.session_key_id or message.frm_payload
        ),
        event=event,
        payload=fields.base64_bytes(message.frm_payload),
        f_port=message.f_port,
        counter=message.f_cnt,
        rssi=rssi,
        snr=snr,
        heard_by=gateways,
        location=location_of(message.locations) if message.locations else None,
        decoded=decoded if isinstance(decoded, dict) and not message.app_s_key else None,
        values={} if percent is None else {"battery_percent": percent},
        link=_link(body),
        problem=lorawan.ENCRYPTED if message.app_s_key else "",
    )


def _link(body: _Up) -> dict[str, str]:
    ids, message = body.end_device_ids, body.uplink_message
    settings = message.settings or Settings()
    version = message.version_ids
    application = (ids.application_ids or {}).get("application_id")
    model, band = "", ""
    if version is not None:
        model = "/".join(part for part in (version.brand_id, version.model_id) if part)
        band = version.band_id
    return lorawan.shown(
        {
            "device_name": ids.device_id,
            "application": application if isinstance(application, str) else "",
            "dev_addr": ids.dev_addr,
            "data_rate": settings.rate(),
            "frequency_mhz": lorawan.megahertz(fields.as_number(settings.frequency) or 0.0),
            "model": model,
            "region": band,
            "confirmed": "yes" if message.confirmed else "",
            "simulated": "yes" if body.simulated else "",
        }
    )


def _event(body: Fields, inner: Fields, event: str, address: str, arrival: Arrival) -> Event:
    received = inner.text("received_at") or body.text("received_at")
    at = fields.instant(received, arrival.received_at) or arrival.received_at
    location = None
    if event == "location":
        spot = inner.inner("location")
        location = fields.place(spot, spot.text("source").lower() or "network")
    details: dict[str, object] = {
        name: value for name, value in inner.data.items() if name not in _SECRET
    }
    correlation = body.raw("correlation_ids")
    if isinstance(correlation, list):
        details.setdefault("correlation_ids", correlation)
    return Event(SPACE, address, at, event, details, {}, location)
