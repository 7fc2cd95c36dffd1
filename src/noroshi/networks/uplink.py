"""What an adapter is given and what it makes of it: arrival, identity, uplink, event."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

DETAIL_CHARS_MAX = 200


class Malformed(ValueError):
    """A body that is no message; `reason` is a stable code, `detail` one short English line."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """Keep the code and at most DETAIL_CHARS_MAX printable characters of the detail."""
        self.reason = reason
        shown = "".join(char if char.isprintable() else "?" for char in detail[:DETAIL_CHARS_MAX])
        self.detail = shown.encode(errors="replace").decode()
        super().__init__(f"{reason}: {self.detail}" if self.detail else reason)


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One callback as the gate took it: still bytes.

    `event` is what the URL says (may be empty), `settings` are the connection's.
    """

    connection_id: int
    received_at: datetime
    event: str
    content_type: str
    query: str
    body: bytes
    settings: Mapping[str, object]


class Identity(msgspec.Struct, frozen=True, gc=False):
    """What the gate must know of an arrival before it is stored: its key and whose it is.

    `key` is the same when the network repeats itself; `event` is the network's event in the one
    spelling that `parse` understands again; `asks_downlink` means the device listens for an answer.
    """

    key: uuid.UUID
    space: str
    address: str
    event: str
    asks_downlink: bool


class Gateway(msgspec.Struct, frozen=True, gc=False):
    """A base station that heard the message; rssi in dBm, snr in dB, position in degrees."""

    id: str
    rssi: float | None
    snr: float | None
    latitude: float | None
    longitude: float | None

    def gateway(self) -> "Gateway":
        """Itself: what a network sends says the same of the base station that it tells of."""
        return self


class Hearing(Protocol):
    """A base station that heard the message, as its network tells it."""

    def gateway(self) -> Gateway:
        """In the words of the house."""


class Location(msgspec.Struct, frozen=True, gc=False):
    """Where the network believes the device is: degrees and metres; `source` says how it knows."""

    latitude: float
    longitude: float
    altitude: float | None
    radius_m: float | None
    source: str


class Uplink(msgspec.Struct, frozen=True, gc=False):
    """One radio message of a device.

    `message` names the radio message: Sigfox UPLINK, BIDIR and DATA ADVANCED of one share it.
    `decoded` is what the network itself decoded, `values` are facts it reports as readings
    (battery_percent, battery_volt, …), `link` small texts for display, not to be changed. `problem`
    is empty, or "encrypted" when the payload cannot be read here. `heard_by` stays as it was sent:
    few ask for more than how many there are.
    """

    space: str
    address: str
    sent_at: datetime
    message: uuid.UUID
    event: str
    payload: bytes
    f_port: int | None
    counter: int | None
    rssi: float | None
    snr: float | None
    heard_by: Sequence[Hearing]
    location: Location | None
    decoded: Mapping[str, object] | None
    values: Mapping[str, float | str | bool]
    link: Mapping[str, str]
    problem: str

    @property
    def gateways(self) -> tuple[Gateway, ...]:
        """Who heard it."""
        return tuple(each.gateway() for each in self.heard_by)


class Event(msgspec.Struct, frozen=True, gc=False):
    """Whatever a network tells of a device that is not an uplink: join, status, downlink fate."""

    space: str
    address: str
    at: datetime
    kind: str
    details: Mapping[str, object]
    values: Mapping[str, float | str | bool]
    location: Location | None = None
