"""One Sigfox message as its fields tell it: device, payload, stations, location, custom fields."""

import re
from collections.abc import Mapping
from datetime import datetime

from noroshi.networks import fields
from noroshi.networks.fields import Fields
from noroshi.networks.keys import key_of
from noroshi.networks.uplink import Gateway, Location, Malformed, Uplink

SPACE = "sigfox"
PAYLOAD_BYTES_MAX = 12

# Other spellings that customers' templates use, in lower case.
_ALIASES = {
    "deviceid": "device",
    "id": "device",
    "device_id": "device",
    "seq": "seqnumber",
    "seq_number": "seqnumber",
    "avgsignal": "avgsnr",
    "avg_snr": "avgsnr",
    "bsid": "station",
    "device_type_id": "devicetypeid",
    "devicetype": "devicetypeid",
}
# What the backend itself says of a radio message; any other field is the customer's own.
_OF_NETWORK = frozenset(
    {
        "device",
        "time",
        "data",
        "seqnumber",
        "devicetypeid",
        "rssi",
        "snr",
        "avgsnr",
        "station",
        "duplicate",
        "duplicates",
        "ack",
        "longpolling",
        "lqi",
        "linkquality",
        "fixedlat",
        "fixedlng",
        "operatorname",
        "countrycode",
        "computedlocation",
        "binaryparserenabled",
    }
)
_QUALITIES = ("LIMIT", "AVERAGE", "GOOD", "EXCELLENT", "NA")
_LOCATED_BY = ("stations", "gps", "network", "poi", "network-hd", "database", "wifi")
_DEVICE = re.compile(r"[0-9A-F]{1,8}")
_ONE_BIT = {"0": b"\x00", "false": b"\x00", "1": b"\x01", "true": b"\x01"}


class Record:
    """One message: `known` has its fields in lower case under one spelling of each."""

    __slots__ = ("known", "sent")

    def __init__(self, sent: Mapping[str, object]) -> None:
        """Of two spellings of one field the first that is filled counts."""
        self.sent = sent
        self.known = Fields({})
        self.complete(sent)

    def complete(self, more: Mapping[str, object]) -> None:
        """Fill in what is still missing."""
        known = dict(self.known.data)
        for name, value in more.items():
            low = name.lower()
            common = _ALIASES.get(low, low)
            if common not in known or _is_missing(known[common]):
                known[common] = value
        self.known = Fields(known)

    def has(self, name: str) -> bool:
        """Say whether the field is there and filled."""
        return not _is_missing(self.known.data.get(name))

    def needed(self, name: str) -> object:
        """Return a field that may not be an unfilled template variable.

        Raises Malformed template_not_filled.
        """
        value = self.known.data.get(name)
        if fields.is_template(value):
            raise Malformed("template_not_filled", f"{name} was sent as {str(value)[:40]}")
        return value

    def device(self, name: str) -> str:
        """Return the device's id: upper-case hex without leading zeros.

        Raises Malformed: template_not_filled, no_device_id, bad_device_id.
        """
        told = fields.as_text(self.needed(name))
        if not told:
            raise Malformed("no_device_id", "the message names no device")
        address = told.upper().lstrip("0") or "0"
        if _DEVICE.fullmatch(address) is None:
            raise Malformed("bad_device_id", f"not a Sigfox id of 1 to 8 hex digits: {told[:40]}")
        return address

    def payload(self) -> bytes:
        """Return the 0 to 12 bytes sent; a one-bit message is one byte, 0 or 1.

        Raises Malformed: template_not_filled, bad_hex, too_long.
        """
        raw = self.needed("data")
        told = fields.as_text(raw)
        if not told:
            if isinstance(raw, dict | list | float):
                raise Malformed("bad_hex", "data is not hex text")
            return b""
        if told.lower() in _ONE_BIT:
            return _ONE_BIT[told.lower()]
        try:
            payload = bytes.fromhex(told)
        except ValueError:
            raise Malformed("bad_hex", f"data is not hex: {told[:40]}") from None
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise Malformed("too_long", f"data has {len(payload)} bytes, Sigfox sends at most 12")
        return payload

    def gateways(self) -> tuple[Gateway, ...]:
        """Return the stations of `duplicates`, or the one of an old-style callback."""
        heard = _nested(self.known.raw("duplicates"))
        if isinstance(heard, list):
            rows = [Fields(row) for row in heard if isinstance(row, dict)]
            return tuple(
                Gateway(row.text("bsId"), row.number("rssi"), row.number("snr"), None, None)
                for row in rows
            )
        known = self.known
        rssi, snr = known.number("rssi"), known.number("snr")
        station = known.text("station").upper()
        if not station and rssi is None and snr is None:
            return ()
        spot = fields.on_earth(known.number("lat"), known.number("lng")) if station else None
        latitude, longitude = spot or (None, None)
        return (Gateway(station, rssi, snr, latitude, longitude),)

    def computed_location(self) -> Location | None:
        """Return where the network computed the device to be, None when it could not."""
        told = _nested(self.known.raw("computedlocation"))
        found = Fields(told[0] if isinstance(told, list) and told else told)
        spot = fields.on_earth(found.number("lat"), found.number("lng"))
        if spot is None or found.whole("status") not in {None, 1}:
            return None
        return Location(*spot, None, found.number("radius"), _located_by(found.whole("source")))

    def old_location(self) -> Location | None:
        """Return the location of the former GEOLOC callback."""
        known = self.known
        spot = fields.on_earth(known.number("lat"), known.number("lng"))
        if spot is None:
            return None
        by = known.whole("geolocsource")
        source = known.text("geolocsource").lower() if by is None else _located_by(by)
        return Location(*spot, None, known.number("radius"), source or "network")

    def fixed_location(self) -> Location | None:
        """Return the position that was typed into the backend for a device that does not move."""
        spot = fields.on_earth(self.known.number("fixedlat"), self.known.number("fixedlng"))
        return None if spot is None else Location(*spot, None, None, "fixed")

    def decoded(self) -> dict[str, object] | None:
        """Return the customer's own fields, those of a custom payload or a binary parser."""
        stations = {"lat", "lng"} if self.has("station") else set()
        own = {
            name: value
            for name, value in self.sent.items()
            if _ALIASES.get(name.lower(), name.lower()) not in _OF_NETWORK
            and name.lower() not in stations
            and not _is_missing(value)
        }
        return own or None

    def link(self) -> dict[str, str]:
        """Return what is worth showing of the radio path."""
        known = self.known
        quality = known.text("lqi").upper()
        level = known.whole("linkquality")
        if not quality and level is not None and level < len(_QUALITIES):
            quality = _QUALITIES[level]
        link = {
            "lqi": quality,
            "operator": known.text("operatorname"),
            "country": known.text("countrycode"),
            "device_type": known.text("devicetypeid"),
        }
        return {name: text for name, text in link.items() if text}

    def details(self) -> dict[str, object]:
        """Return every field as sent but device and time."""
        return {
            name: value
            for name, value in self.sent.items()
            if _ALIASES.get(name.lower(), name.lower()) not in {"device", "time"}
            and not _is_missing(value)
        }


def uplink_of(record: Record, kind: str, address: str, at: datetime) -> Uplink:
    """Return the uplink of an UPLINK, BIDIR or DATA ADVANCED record.

    All three of one message share `message`. Raises Malformed: bad_hex, too_long.
    """
    gateways = record.gateways()
    seq = record.known.whole("seqnumber")
    return Uplink(
        space=SPACE,
        address=address,
        sent_at=at,
        message=key_of(at, SPACE, address, seq),
        event=kind,
        payload=record.payload(),
        f_port=None,
        counter=seq,
        rssi=max((each.rssi for each in gateways if each.rssi is not None), default=None),
        snr=max((each.snr for each in gateways if each.snr is not None), default=None),
        heard_by=gateways,
        location=record.computed_location() or record.fixed_location(),
        decoded=record.decoded(),
        values={},
        link=record.link(),
        problem="",
    )


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not fields.as_text(value))


def _located_by(source: int | None) -> str:
    known = source is not None and source < len(_LOCATED_BY)
    return _LOCATED_BY[source] if known and source is not None else "network"


def _nested(value: object) -> object:
    # A form or a quoted template carries an object as text.
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return value
    try:
        return fields.load(value.encode())
    except Malformed:
        return None
