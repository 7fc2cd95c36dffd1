"""What ChirpStack and The Things Stack share: gateways, link texts, whole numbers, bare JSON."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Protocol

import msgspec

from noroshi.networks import fields
from noroshi.networks.fields import TEXT_CHARS_MAX
from noroshi.networks.uplink import Arrival, Gateway, Malformed

SPACE = "lorawan"
ENCRYPTED = "encrypted"
# What a typed decoder raises: bad JSON or types, bad UTF-8 (a ValueError), too deep.
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)

Whole = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class Spot(msgspec.Struct, gc=False):
    """A position in degrees; a zero is left out by the networks."""

    latitude: float = 0.0
    longitude: float = 0.0


class Level(Protocol):
    """How loud a gateway heard a message."""

    @property
    def rssi(self) -> float | None:
        """In dBm."""

    @property
    def snr(self) -> float | None:
        """In dB."""


def refuse_binary(arrival: Arrival) -> None:
    """Raise Malformed unsupported_encoding for protobuf: set the integration to JSON."""
    kind = arrival.content_type
    if "octet-stream" in kind or "protobuf" in kind:
        raise Malformed("unsupported_encoding", "set the integration's format to JSON")


def heard_by(name: str, rssi: float | None, snr: float | None, spot: Spot | None) -> Gateway:
    """Return the gateway; a missing snr beside an rssi is the zero that networks leave out."""
    if snr is None and rssi is not None:
        snr = 0.0
    place = None if spot is None else fields.on_earth(spot.latitude, spot.longitude)
    if place is None:
        return Gateway(name, rssi, snr, None, None)
    return Gateway(name, rssi, snr, place[0], place[1])


def best(heard_by: Iterable[Level]) -> tuple[float | None, float | None]:
    """Return the highest rssi and the highest snr that were told."""
    rssi: float | None = None
    snr: float | None = None
    for each in heard_by:
        level, ratio = each.rssi, each.snr
        if level is not None and (rssi is None or level > rssi):
            rssi = level
        if ratio is None and level is not None:
            ratio = 0.0  # as in heard_by
        if ratio is not None and (snr is None or ratio > snr):
            snr = ratio
    return rssi, snr


def data_rate(spreading_factor: int, bandwidth_hz: int) -> str:
    """Return "SF7 BW125"."""
    return f"SF{spreading_factor} BW{bandwidth_hz // 1000}"


def megahertz(frequency_hz: float) -> str:
    """Return "923.2", "" for none."""
    return f"{frequency_hz / 1e6:g}" if frequency_hz else ""


def shown(link: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that say something, cut to TEXT_CHARS_MAX."""
    return {name: text[:TEXT_CHARS_MAX] for name, text in link.items() if text}
