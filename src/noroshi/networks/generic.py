"""Any JSON over HTTP: the connection's settings say where id, time, payload and fields stand."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from noroshi.networks import fields
from noroshi.networks.fields import Fields
from noroshi.networks.keys import body_mark, day_of, key_of
from noroshi.networks.sigfox_radio import Record
from noroshi.networks.uplink import Arrival, Event, Identity, Malformed, Uplink

SPACES = frozenset({"generic", "lorawan", "sigfox"})
ADDRESS_CHARS_MAX = 64
EVENT = "up"
# Where things stand when the settings do not say.
DEFAULTS: Mapping[str, object] = {
    "id": "id",
    "time": "time",
    "payload": "payload",
    "payload_encoding": "hex",
    "fields": "fields",
    "f_port": "f_port",
    "counter": "counter",
    "rssi": "rssi",
    "snr": "snr",
    "space": "generic",
}
WHOLE = frozenset({"", ".", "$"})


def identify(arrival: Arrival) -> Identity:
    """Return whose message it is and its key; of a list, the first message names the device.

    Raises Malformed: not_json, no_device_id, bad_device_id, bad_time, bad_settings, …
    """
    first = _read(arrival)[0]
    space, address = _address(first, arrival.settings)
    at = _time(first, arrival)
    if at is None:
        counted = fields.as_whole(_find(first, arrival.settings, "counter")) is not None
        # With neither time nor counter a repetition looks like a second, equal measurement:
        # better to keep one too many than to lose all but the first of a day.
        at = day_of(arrival.received_at) if counted else arrival.received_at
    key = key_of(at, arrival.connection_id, EVENT, address, body_mark(arrival.body))
    return Identity(key, space, address, EVENT, asks_downlink=False)


def parse(arrival: Arrival) -> tuple[Uplink | Event, ...]:
    """Return the messages of one request, several when the body is a list or lines.

    Raises Malformed: as `identify`, and bad_hex, bad_base64.
    """
    return tuple(_uplink(data, arrival, row) for row, data in enumerate(_read(arrival)))


def _read(arrival: Arrival) -> list[object]:
    return [row.data for row in fields.load_many(arrival.body)]


def _uplink(data: object, arrival: Arrival, row: int) -> Uplink:
    settings = arrival.settings
    space, address = _address(data, settings)
    at = _time(data, arrival) or arrival.received_at
    counter = fields.as_whole(_find(data, settings, "counter"))
    payload = _payload(data, settings)
    decoded = _decoded(data, settings)
    return Uplink(
        space=space,
        address=address,
        sent_at=at,
        message=key_of(at, space, address, counter, row, body_mark(arrival.body)),
        event=EVENT,
        payload=payload,
        f_port=fields.as_whole(_find(data, settings, "f_port")),
        counter=counter,
        rssi=fields.as_number(_find(data, settings, "rssi")),
        snr=fields.as_number(_find(data, settings, "snr")),
        heard_by=(),
        location=None,
        decoded=decoded,
        values={},
        link={},
        problem="",
    )


def _address(data: object, settings: Mapping[str, object]) -> tuple[str, str]:
    space = settings.get("space") or "generic"
    if not isinstance(space, str) or space not in SPACES:
        raise Malformed("bad_settings", f"there is no address space {str(space)[:40]}")
    told = _find(data, settings, "id")
    if space == "sigfox":
        return space, Record({"device": told}).device("device")
    text = fields.as_text(told)
    if space == "lorawan":
        return space, fields.eui(text)
    if not text:
        raise Malformed("no_device_id", f"nothing at {str(_path(settings, 'id'))[:80]}")
    if len(text) > ADDRESS_CHARS_MAX or not text.isprintable():
        raise Malformed("bad_device_id", f"not 1 to 64 printable characters: {text[:40]}")
    return space, text


def _time(data: object, arrival: Arrival) -> datetime | None:
    return fields.instant(_find(data, arrival.settings, "time"), arrival.received_at)


def _payload(data: object, settings: Mapping[str, object]) -> bytes:
    told = _find(data, settings, "payload")
    encoding = settings.get("payload_encoding") or DEFAULTS["payload_encoding"]
    if encoding == "base64":
        return fields.base64_bytes(told)
    text = fields.as_text(told)
    if encoding == "text":
        return text.encode()
    if encoding != "hex":
        raise Malformed("bad_settings", "payload_encoding is hex, base64 or text")
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise Malformed("bad_hex", f"the payload is not hex: {text[:40]}") from None


def _decoded(data: object, settings: Mapping[str, object]) -> Mapping[str, object] | None:
    place = _path(settings, "fields")
    if isinstance(place, dict):
        # A path a field: {"temperature": "env.t"}.
        picked = {str(name): _follow(data, str(path)) for name, path in place.items()}
        return {name: value for name, value in picked.items() if value is not None} or None
    found = _find(data, settings, "fields")
    return found if isinstance(found, dict) else None


def _find(data: object, settings: Mapping[str, object], what: str) -> object:
    path = _path(settings, what)
    return _follow(data, path) if isinstance(path, str) else None


def _path(settings: Mapping[str, object], what: str) -> object:
    return settings[what] if what in settings else DEFAULTS[what]


def _follow(data: object, path: str) -> object:
    if path in WHOLE:
        return data
    for step in _steps(path):
        if isinstance(data, list):
            data = data[int(step)] if step.isdecimal() and int(step) < len(data) else None
        else:
            data = Fields(data).raw(step)
        if data is None:
            return None
    return data


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    plain = path.removeprefix("$.").replace("[", ".").replace("]", "")
    return tuple(step for step in plain.split(".") if step)
