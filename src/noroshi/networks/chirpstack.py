"""ChirpStack v4: the eight JSON events of its HTTP integration."""

import uuid
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from noroshi.networks import fields, lorawan
from noroshi.networks.fields import Fields
from noroshi.networks.keys import body_mark, day_of, key_of
from noroshi.networks.lorawan import SPACE, Spot, Whole
from noroshi.networks.uplink import Arrival, Event, Gateway, Identity, Location, Malformed, Uplink

UP = "up"
EVENTS = frozenset({UP, "join", "ack", "txack", "status", "log", "location", "integration"})

# What only one kind of event carries, most telling first.
_SIGNS = (
    ("rxInfo", UP),
    ("integrationName", "integration"),
    ("downlinkId", "txack"),
    ("acknowledged", "ack"),
    ("queueItemId", "ack"),
    ("margin", "status"),
    ("batteryLevel", "status"),
    ("level", "log"),
    ("location", "location"),
    ("fPort", UP),
    ("data", UP),
    ("devAddr", "join"),
)
# Told elsewhere, or secret.
_NOT_DETAILS = frozenset({"deviceInfo", "deduplicationId", "time", "rxInfo", "joinServerContext"})

LINKS_KEPT_MAX = 20_000  # about 1 kB each
_SHOWN = (
    *("device_name", "profile", "application", "application_id", "dev_addr", "data_rate"),
    *("frequency_mhz", "region", "confirmed"),
)


class _Named(msgspec.Struct, rename="camel", gc=False):
    dev_eui: str = ""


class _Identified(msgspec.Struct, rename="camel"):
    """As little of a message as its key needs."""

    device_info: _Named | None = None
    deduplication_id: str = ""
    time: str = ""
    dev_addr: str = ""
    f_cnt: Whole = 0
    data: str = ""


class _DeviceInfo(msgspec.Struct, rename="camel", gc=False):
    dev_eui: str = ""
    device_name: str = ""
    device_profile_name: str = ""
    application_name: str = ""
    application_id: str = ""


class _Rx(msgspec.Struct, rename="camel", gc=False):
    gateway_id: str = ""
    rssi: float | None = None
    snr: float | None = None
    location: Spot | None = None

    def gateway(self) -> Gateway:
        """Return it in the words of the house."""
        return lorawan.heard_by(self.gateway_id.lower(), self.rssi, self.snr, self.location)


class _Lora(msgspec.Struct, rename="camel", gc=False):
    bandwidth: Whole = 0
    spreading_factor: Whole = 0


class _Modulation(msgspec.Struct, rename="camel", gc=False):
    lora: _Lora | None = None
    fsk: object = None
    lr_fhss: object = None


class _Tx(msgspec.Struct, gc=False):
    frequency: float = 0.0
    modulation: _Modulation | None = None


class _Up(msgspec.Struct, rename="camel", gc=False):
    device_info: _DeviceInfo
    time: str = ""
    deduplication_id: str = ""
    dev_addr: str = ""
    f_cnt: Whole = 0
    f_port: Whole | None = None
    confirmed: bool = False
    data: str = ""
    decoded: dict[str, object] | None = msgspec.field(default=None, name="object")
    rx_info: list[_Rx] = []
    tx_info: _Tx | None = None
    join_server_context: dict[str, object] | None = None
    region_config_id: str = ""


_IDENTIFIED = msgspec.json.Decoder(_Identified)
_UP = msgspec.json.Decoder(_Up)


def identify(arrival: Arrival) -> Identity:
    """Return whose message it is and its key.

    Raises Malformed: unsupported_encoding, unknown_event, not_json, no_device_id, bad_time, …
    """
    if arrival.event not in EVENTS:
        return _identify_leniently(arrival)
    lorawan.refuse_binary(arrival)
    try:
        message = _IDENTIFIED.decode(arrival.body)
    except lorawan.UNREADABLE:
        return _identify_leniently(arrival)
    if message.device_info is None or not message.device_info.dev_eui:
        return _identify_leniently(arrival)
    address = fields.eui(message.device_info.dev_eui)
    return _identity(arrival, arrival.event, address, message)


def parse(arrival: Arrival) -> tuple[Uplink | Event, ...]:
    """Return the uplink or event of one callback.

    Raises Malformed: as `identify`, and bad_base64.
    """
    if arrival.event == UP:
        lorawan.refuse_binary(arrival)
        fields.guard(arrival.body)
        try:
            message = _UP.decode(arrival.body)
        except lorawan.UNREADABLE:
            pass  # Read below with more patience, or refused with its reason.
        else:
            return (_uplink(message, arrival),)
    body, event = _read(arrival)
    if event == UP:
        return (_uplink(_up_of(body), arrival),)
    return (_event(body, event, arrival),)


def _identify_leniently(arrival: Arrival) -> Identity:
    body, event = _read(arrival)
    address = fields.eui(body.inner("deviceInfo").text("devEui"))
    message = _Identified(
        deduplication_id=body.text("deduplicationId"),
        time=body.text("time"),
        dev_addr=body.text("devAddr"),
        f_cnt=body.whole("fCnt") or 0,
        data=fields.as_text(body.raw("data")),
    )
    return _identity(arrival, event, address, message)


def _identity(arrival: Arrival, event: str, address: str, message: _Identified) -> Identity:
    at = fields.instant(message.time, arrival.received_at)
    connection = arrival.connection_id
    key: uuid.UUID
    if event == UP and at is not None:
        name = message.deduplication_id or message.dev_addr
        key = key_of(at, connection, event, address, name, message.f_cnt, message.data)
    else:
        when = day_of(arrival.received_at) if at is None else at
        key = key_of(when, connection, event, address, body_mark(arrival.body))
    return Identity(key, SPACE, address, event, asks_downlink=False)


def _read(arrival: Arrival) -> tuple[Fields, str]:
    lorawan.refuse_binary(arrival)
    event = arrival.event.strip().lower()
    if event and event not in EVENTS:
        raise Malformed("unknown_event", f"ChirpStack has no event {event[:40]}")
    value = fields.load(arrival.body)
    if not isinstance(value, dict):
        raise Malformed("not_json", "expected an object")
    body = Fields(value)
    return body, event or _event_of(body)


def _event_of(body: Fields) -> str:
    for sign, event in _SIGNS:
        if body.raw(sign) is not None:
            return event
    raise Malformed("unknown_event", "the URL lacks ?event= and the fields do not tell")


def _up_of(body: Fields) -> _Up:
    """Read an uplink whose fields have other types or cases than ChirpStack writes."""
    info, transmission = body.inner("deviceInfo"), body.inner("txInfo")
    modulation = transmission.inner("modulation")
    lora = modulation.inner("lora")
    decoded, context = body.raw("object"), body.raw("joinServerContext")
    return _Up(
        device_info=_DeviceInfo(
            dev_eui=info.text("devEui"),
            device_name=info.text("deviceName"),
            device_profile_name=info.text("deviceProfileName"),
            application_name=info.text("applicationName"),
            application_id=info.text("applicationId"),
        ),
        time=body.text("time"),
        deduplication_id=body.text("deduplicationId"),
        dev_addr=body.text("devAddr"),
        f_cnt=body.whole("fCnt") or 0,
        f_port=body.whole("fPort"),
        confirmed=body.flag("confirmed") or False,
        data=fields.as_text(body.raw("data")),
        decoded=decoded if isinstance(decoded, dict) else None,
        rx_info=[_rx_of(row) for row in body.rows("rxInfo")],
        tx_info=_Tx(
            transmission.number("frequency") or 0.0,
            _Modulation(
                _Lora(lora.whole("bandwidth") or 0, lora.whole("spreadingFactor") or 0)
                if lora.data
                else None
            ),
        ),
        join_server_context=context if isinstance(context, dict) else None,
        region_config_id=body.text("regionConfigId"),
    )


def _rx_of(row: Fields) -> _Rx:
    spot = row.inner("location")
    return _Rx(
        row.text("gatewayId"),
        row.number("rssi"),
        row.number("snr"),
        Spot(spot.number("latitude") or 0.0, spot.number("longitude") or 0.0),
    )


def _uplink(message: _Up, arrival: Arrival) -> Uplink:
    address = fields.eui(message.device_info.dev_eui)
    at = fields.instant(message.time, arrival.received_at) or arrival.received_at
    rssi, snr = lorawan.best(message.rx_info)
    counter = message.f_cnt
    name = message.deduplication_id or f"{message.dev_addr}/{counter}/{message.data}"
    context = message.join_server_context
    encrypted = context is not None and bool(Fields(context).raw("appSKey"))
    return Uplink(
        space=SPACE,
        address=address,
        sent_at=at,
        message=key_of(at, SPACE, address, name),
        event=UP,
        payload=fields.base64_bytes(message.data),
        f_port=message.f_port,
        counter=counter,
        rssi=rssi,
        snr=snr,
        heard_by=message.rx_info,
        location=None,
        decoded=None if encrypted else message.decoded,
        values={},
        link=_link(message),
        problem=lorawan.ENCRYPTED if encrypted else "",
    )


def _link(message: _Up) -> Mapping[str, str]:
    info, transmission = message.device_info, message.tx_info
    return _shown(
        info.device_name,
        info.device_profile_name,
        info.application_name,
        info.application_id,
        message.dev_addr,
        "" if transmission is None else _rate(transmission.modulation),
        0.0 if transmission is None else transmission.frequency,
        message.region_config_id,
        "yes" if message.confirmed else "",
    )


@lru_cache(maxsize=LINKS_KEPT_MAX)
def _shown(*told: str | float) -> Mapping[str, str]:
    """What a device's uplinks say again and again: all but the radio's channel stays the same."""
    link = dict(zip(_SHOWN, told, strict=True))
    link["frequency_mhz"] = lorawan.megahertz(float(link["frequency_mhz"]))
    return lorawan.shown({name: str(text) for name, text in link.items()})


def _rate(modulation: _Modulation | None) -> str:
    if modulation is None:
        return ""
    if modulation.lora is not None:
        return lorawan.data_rate(modulation.lora.spreading_factor, modulation.lora.bandwidth)
    if modulation.fsk is not None:
        return "FSK"
    return "" if modulation.lr_fhss is None else "LR-FHSS"


def _event(body: Fields, event: str, arrival: Arrival) -> Event:
    address = fields.eui(body.inner("deviceInfo").text("devEui"))
    at = fields.instant(body.text("time"), arrival.received_at) or arrival.received_at
    location: Location | None = None
    if event == "location":
        spot = body.inner("location")
        location = fields.place(spot, spot.text("source").lower() or "network")
    details = {name: value for name, value in body.data.items() if name not in _NOT_DETAILS}
    values = _status(body) if event == "status" else {}
    return Event(SPACE, address, at, event, details, values, location)


def _status(body: Fields) -> Mapping[str, float | str | bool]:
    values: dict[str, float | str | bool] = {"link_margin_db": body.number("margin") or 0.0}
    if body.flag("externalPowerSource"):
        values["external_power"] = True
        return values
    # A battery never reports 0 %: the device's 0 means mains, so 0 here is only "not told".
    level = body.number("batteryLevel")
    if level and not body.flag("batteryLevelUnavailable"):
        values["battery_percent"] = level
    return values
