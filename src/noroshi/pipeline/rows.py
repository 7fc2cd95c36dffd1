"""What one message becomes in the store: its own row, its readings, a sign of life."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from noroshi.codecs.result import Decoded, Position, Value
from noroshi.devices import heartbeats
from noroshi.devices.downlinks import Fate
from noroshi.devices.fitting import fit
from noroshi.inbox import exceptions
from noroshi.inbox.exceptions import Trouble
from noroshi.networks.uplink import Uplink
from noroshi.pipeline.messages import FUTURE_MAX, Heard, clamp
from noroshi.readings.store import Point
from noroshi.readings.uplinks import NewUplink

PROBLEM_CHARS_MAX = 200
F_PORT_MAX = 255


def trouble_of(message: Heard, kind: str, reason: str, detail: str) -> Trouble:
    """A trouble with a known device's message."""
    uplink = message.uplink
    return Trouble(message.row, kind, reason, detail, uplink.space, uplink.address)


def new_uplink(message: Heard, result: Decoded | None, *, now: datetime) -> NewUplink:
    """The row that keeps the message readable for people."""
    uplink, row, device = message.uplink, message.row, message.device
    # By position: a row of so many fields is made twice as fast.
    return NewUplink(
        device.id,
        message.at,  # sent_at
        uplink.message,
        device.tenant_id,
        row.key,  # entry_key
        row.received_at,
        now,  # processed_at
        uplink.event,
        None if uplink.f_port is None or uplink.f_port > F_PORT_MAX else uplink.f_port,
        uplink.counter,
        uplink.payload,
        heartbeats.level(uplink.rssi),
        heartbeats.level(uplink.snr),
        len(uplink.heard_by),
        uplink.link,
        data_of(message, result),
        device.type.codec_version_id if result else None,
        problem_of(uplink, result),
        is_late=message.at < row.received_at - FUTURE_MAX,
    )


def problem_of(uplink: Uplink, result: Decoded | None) -> str:
    """One line of what went wrong with reading the payload, or an empty text."""
    if result is None:
        return uplink.problem
    if not result.error and not result.warnings:
        return ""
    said = f"{result.error}: {result.detail}" if result.error else "; ".join(result.warnings)
    return exceptions.clean(said)[:PROBLEM_CHARS_MAX]


def data_of(message: Heard, result: Decoded | None) -> Mapping[str, object]:
    """The decoded values for the record; of an event its details."""
    measured = result.measurements if result is not None else ()
    if len(measured) == 1 and not message.details and not message.uplink.values:
        (only,) = measured
        if Position not in {type(value) for value in only.values.values()}:
            return only.values  # by far the commonest
    data: dict[str, object] = {**message.details, **message.uplink.values}
    for measurement in measured:
        for key, value in measurement.values.items():
            data[key] = msgspec.structs.asdict(value) if isinstance(value, Position) else value
    return data


def points_of(message: Heard, result: Decoded | None) -> list[Point]:
    """Every reading the message brings: decoded ones, the network's own, its location."""
    uplink, points = message.uplink, list[Point]()
    if uplink.values:
        add_points(points, message, None, uplink.values)
    if result is not None:
        for measurement in result.measurements:
            add_points(points, message, measurement.at, measurement.values)
    place = uplink.location
    if place is not None:
        where = Position(place.latitude, place.longitude, place.altitude)
        add_points(points, message, None, {"location": where})
    return points


def add_points(
    points: list[Point], message: Heard, measured_at: datetime | None, values: Mapping[str, Value]
) -> None:
    """Add the readings of one instant, as the device type names them; None = the uplink's own."""
    device = message.device
    tenant_id, device_id, kinds = device.tenant_id, device.id, device.type.kinds
    at = message.at if measured_at is None else clamp(measured_at, message.row.received_at)
    for key, value in values.items():
        kind = kinds.get(key)
        if type(value) is float and (kind == "number" or kind is None):
            points.append(Point(tenant_id, device_id, key, "number", at, value))  # as fit would
            continue
        fitted = fit(value, kind)
        if fitted is not None:
            points.append(Point(tenant_id, device_id, key, fitted.kind, at, fitted.value))


def beat(message: Heard, row: NewUplink) -> heartbeats.Beat:
    """The uplink as a sign of life, out of its own row."""
    return heartbeats.Beat(
        row.device_id,
        row.tenant_id,
        row.sent_at,
        row.received_at,
        message.uplink.counter,
        row.rssi_dbm,
        row.snr_db,
        row.gateways,
    )


def fate_of(message: Heard) -> Fate | None:
    """What the network says became of a downlink, where the event speaks of one."""
    if message.uplink.event != "acknowledge":
        return None
    code, text = message.details.get("infoCode", ""), message.details.get("infoMessage", "")
    return Fate(message.device.id, is_sent=str(code) == "0", said=f"{code} {text}".strip())
