"""The networks we understand: for each kind of connection, how to identify and how to parse."""

from collections.abc import Callable

from noroshi.networks import chirpstack, generic, sigfox, tts
from noroshi.networks.keys import SLICES, garbage_key, slice_of
from noroshi.networks.uplink import Arrival, Event, Identity, Uplink

__all__ = ["IDENTIFY", "PARSE", "SLICES", "garbage_key", "identify", "parse", "slice_of"]

IDENTIFY: dict[str, Callable[[Arrival], Identity]] = {
    "sigfox": sigfox.identify,
    "chirpstack": chirpstack.identify,
    "tts": tts.identify,
    "json": generic.identify,
}
PARSE: dict[str, Callable[[Arrival], tuple[Uplink | Event, ...]]] = {
    "sigfox": sigfox.parse,
    "chirpstack": chirpstack.parse,
    "tts": tts.parse,
    "json": generic.parse,
}


def identify(kind: str, arrival: Arrival) -> Identity:
    """Return the key and device of an arrival: the gate's hot path.

    Raises Malformed and nothing else; KeyError for a kind that is not in the registry.
    """
    return IDENTIFY[kind](arrival)


def parse(kind: str, arrival: Arrival) -> tuple[Uplink | Event, ...]:
    """Return the messages of an arrival, in the order sent.

    Raises Malformed and nothing else; KeyError for a kind that is not in the registry.
    """
    return PARSE[kind](arrival)
