"""The global LoRaObject, as Milesight's gateways give it to their codecs; pure."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from noroshi.codecs.frames import LORA_OBJECT
from noroshi.codecs.result import clean
from noroshi.networks.fields import as_number
from noroshi.networks.uplink import Gateway, Uplink

SOURCES_MAX = 500  # remembered, as many as texts are kept in memory
GATEWAYS_MAX = 20
EXACT_MAX = 2**53  # larger integers are none in JavaScript

_LORA_RATE = re.compile(r"SF([0-9]{1,3}) BW([0-9]{1,6})")


@lru_cache(maxsize=SOURCES_MAX)
def wants_lora_object(source: str) -> bool:
    """Whether the source mentions LoRaObject; those that do not are spared it."""
    return LORA_OBJECT in source


def lora_object(uplink: Uplink, at: datetime) -> dict[str, object]:
    """What the network told of the uplink, under Milesight's names; what it did not is left out.

    ``at`` is the uplink's time (aware). rssi in dBm, loRaSNR in dB, frequency in Hz, data base64.
    """
    link = uplink.link
    named = {
        "applicationID": link.get("application_id"),
        "applicationName": link.get("application"),
        "deviceName": link.get("device_name"),
        "devAddr": link.get("dev_addr"),
        "fPort": uplink.f_port,
        "fCnt": uplink.counter,
    }
    return {
        "devEUI": uplink.address,
        "time": at.isoformat(),
        "data": base64.b64encode(uplink.payload).decode(),
        "rxInfo": [_gateway(one, at) for one in uplink.gateways[:GATEWAYS_MAX]],
        "txInfo": _radio(link.get("frequency_mhz", ""), link.get("data_rate", "")),
        **_told(named),
    }


def _gateway(gateway: Gateway, at: datetime) -> dict[str, object]:
    named: dict[str, object] = {
        "rssi": gateway.rssi,
        "loRaSNR": gateway.snr,
        "latitude": gateway.latitude,
        "longitude": gateway.longitude,
    }
    own = {"mac": gateway.id, "name": gateway.id, "time": at.isoformat()}
    return _told(own | named)


def _radio(frequency_mhz: str, data_rate: str) -> dict[str, object]:
    megahertz, rate = as_number(frequency_mhz), _LORA_RATE.fullmatch(data_rate)
    radio: dict[str, object] = {}
    if megahertz is not None:
        radio["frequency"] = round(megahertz * 1e6)
    if rate is not None:
        numbers = {"spreadFactor": int(rate[1]), "bandwidth": int(rate[2])}
        radio["dataRate"] = {"modulation": "LORA", **numbers}
    return _told(radio)


def _told(named: Mapping[str, object]) -> dict[str, object]:
    """What is known and can travel as JSON: senders write any name and any number."""
    told: dict[str, object] = {}
    for name, value in named.items():
        if isinstance(value, str):
            told[name] = clean(value)
        elif value is not None and not (isinstance(value, int) and abs(value) > EXACT_MAX):
            told[name] = value
    return told
