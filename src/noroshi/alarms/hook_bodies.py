"""What webhooks say of incidents: figures and codes for machines; the fields only ever grow."""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from noroshi.alarms.models import Event, Incident, Outage, OutageTenant
from noroshi.alarms.rows import Place
from noroshi.devices.models import Quantity
from noroshi.outbox.hooks import body_of as outer
from noroshi.outbox.hooks import instant

OPEN, ACKNOWLEDGED, CLOSED = "open", "acknowledged", "closed"


@dataclass(frozen=True, slots=True)
class Told:
    """One event of one incident; `number` as in a notice, `link` of the device's page or empty."""

    event: Event
    number: int
    incident: Incident
    at: datetime
    value: float
    device: Place
    quantity: Quantity | None
    link: str


def body_of(told: Told) -> str:
    """The JSON that is posted."""
    incident, quantity = told.incident, told.quantity
    data = {
        "incident": incident.code,
        "state": _state(incident),
        "number": told.number,
        "device": {
            "code": told.device.code,
            "name": told.device.name,
            "site": told.device.site or None,
        },
        "condition": incident.kind,
        "quantity": {
            "key": incident.key,
            "name": quantity.name if quantity else incident.key,
            "unit": (quantity.unit if quantity else "") or None,
        },
        "side": incident.side or None,
        "limit": _number(incident.limit),
        "value": _number(told.value),
        "worst_value": _number(incident.worst_value),
        "since": instant(incident.since),
        "opened_at": instant(incident.opened_at),
        "closed_at": instant(incident.closed_at) if incident.closed_at else None,
        "links": {"device": told.link} if told.link else {},
    }
    return outer(f"incident.{told.event}", told.at, data)


def of_outage(kind: str, at: datetime, outage: Outage, row: OutageTenant) -> str:
    """The JSON that tells of a network's outage; `silent`: how many terminals of this tenant."""
    data = {
        "outage": outage.code,
        "network": outage.space,
        "state": CLOSED if row.ended_at else OPEN,
        "silent": row.silent,
        "began_at": instant(outage.began_at),
        "ended_at": instant(row.ended_at) if row.ended_at else None,
    }
    return outer(kind, at, data)


def _state(incident: Incident) -> str:
    if incident.closed_at is not None:
        return CLOSED
    return ACKNOWLEDGED if incident.acknowledged_at is not None else OPEN


def _number(value: float) -> float | None:
    """JSON knows no infinity."""
    return value if isfinite(value) else None
