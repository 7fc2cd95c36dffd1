"""Write what the networks would send: callback bodies, byte-true, for the simulator and tests."""

import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

import msgspec

# Channels of AS923 in Japan, Hz.
AS923_HZ = (
    923_200_000, 923_400_000, 922_200_000, 922_400_000,
    922_600_000, 922_800_000, 923_000_000, 922_000_000,
)  # fmt: skip
BANDWIDTH_HZ = 125_000
TENANT_ID = "52f14cd4-c6f1-4fbd-8f87-4025e1d49242"
DEVICE_TYPE_ID = "60b2d229c563d650adf46b5d"
ULID_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_ACKNOWLEDGED = {
    0: "Acked",
    1: "Downlink not sent: no answer from the customer's server",
    2: "Downlink not sent: invalid payload",
    3: "Downlink not sent: daily quota exceeded",
    4: "Downlink not sent: network error",
    5: "Downlink pending",
    6: "Downlink not sent: no downlink contract",
}


@dataclass(frozen=True, slots=True)
class Terminal:
    """A LoRaWAN device as its network server knows it; hex in either case."""

    dev_eui: str
    name: str
    dev_addr: str = "00bcb929"
    application: str = "noroshi-demo"
    profile: str = "AS923-1 Class A"


@dataclass(frozen=True, slots=True)
class Frame:
    """One LoRaWAN uplink; `decoded` is what a codec at the network makes of it, if there is one."""

    at: datetime
    f_cnt: int
    f_port: int | None
    data: bytes
    spreading_factor: int = 10
    decoded: Mapping[str, object] | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Reception:
    """How one LoRaWAN gateway heard a frame: 16 hex digits, dBm, dB, degrees."""

    gateway_id: str
    rssi: int
    snr: float
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What DATA ADVANCED adds: link quality, the stations as (id, dBm, dB), computed location."""

    lqi: str = "Good"
    stations: Sequence[tuple[str, float, float]] = ()
    location: tuple[float, float, int] | None = None


def sigfox_uplink(device: str, time: datetime, data: bytes, seq: int) -> bytes:
    """Return the body of a DATA / UPLINK callback."""
    return _json(_sigfox(device, time, data, seq))


def sigfox_bidir(device: str, time: datetime, data: bytes, seq: int, *, ack: bool) -> bytes:
    """Return the body of a DATA / BIDIR callback; `ack` asks for a downlink."""
    return _json(_sigfox(device, time, data, seq) | {"ack": ack, "longPolling": False})


def sigfox_advanced(
    device: str, time: datetime, data: bytes, seq: int, coverage: Coverage
) -> bytes:
    """Return the body of the SERVICE / DATA ADVANCED callback that follows 25 to 30 s later."""
    body = _sigfox(device, time, data, seq)
    body |= {"lqi": coverage.lqi, "operatorName": "SIGFOX_Japan_KCCS", "countryCode": "392"}
    if coverage.stations:
        body["duplicates"] = [
            {"bsId": name, "rssi": rssi, "snr": snr, "nbRep": 3}
            for name, rssi, snr in coverage.stations
        ]
    if coverage.location is not None:
        lat, lng, radius = coverage.location
        spot = {"lat": lat, "lng": lng, "radius": radius, "source": 2, "status": 1}
        body["computedLocation"] = spot
    return _json(body)


def sigfox_status(device: str, time: datetime, seq: int, *, volts: float, celsius: float) -> bytes:
    """Return the body of a SERVICE / STATUS callback."""
    body = {"device": device, "time": _seconds(time), "batt": volts, "temp": celsius}
    return _json(body | {"seqNumber": seq})


def sigfox_acknowledge(device: str, time: datetime, code: int = 0) -> bytes:
    """Return the body of a SERVICE / ACKNOWLEDGE callback; `code` 0 is acked, 1 to 6 is not."""
    return _json(
        {
            "device": device,
            "time": _seconds(time),
            "infoCode": code,
            "infoMessage": _ACKNOWLEDGED[code],
            "downlinkAck": code == 0,
            "downlinkOverusage": code == 3,
        }
    )


def sigfox_error(device: str, time: datetime, silent_since: datetime) -> bytes:
    """Return the body of an ERROR callback: the backend has not heard the device."""
    return _json(
        {
            "device": device,
            "time": _seconds(time),
            "deviceTypeId": DEVICE_TYPE_ID,
            "info": f"No message received since {silent_since:%Y-%m-%d %H:%M:%S}",
            "severity": "ERROR",
        }
    )


def chirpstack_up(terminal: Terminal, frame: Frame, heard: Sequence[Reception]) -> bytes:
    """Return the body of ChirpStack v4's `?event=up`."""
    channel = frame.f_cnt % len(AS923_HZ)
    head = _chirpstack(terminal, frame.at, f"up/{terminal.dev_addr}/{frame.f_cnt}")
    body = head | {
        "devAddr": terminal.dev_addr.lower(),
        "adr": True,
        "dr": 12 - frame.spreading_factor,
        "fCnt": frame.f_cnt,
        "fPort": frame.f_port or 0,
        "confirmed": frame.confirmed,
        "data": b64encode(frame.data).decode(),
    }
    if frame.decoded is not None:
        body["object"] = dict(frame.decoded)
    body["rxInfo"] = [_rx_info(each, terminal, frame) for each in heard]
    lora = {
        "bandwidth": BANDWIDTH_HZ,
        "spreadingFactor": frame.spreading_factor,
        "codeRate": "CR_4_5",
    }
    body["txInfo"] = {"frequency": AS923_HZ[channel], "modulation": {"lora": lora}}
    body["regionConfigId"] = "as923"
    return _json(body)


def chirpstack_status(
    terminal: Terminal, at: datetime, *, margin: int, battery: float | None
) -> bytes:
    """Return the body of `?event=status`; battery in percent, None when the device cannot tell."""
    return _json(
        _chirpstack(terminal, at, "status")
        | {
            "margin": margin,
            "externalPowerSource": False,
            "batteryLevelUnavailable": battery is None,
            "batteryLevel": battery or 0.0,
        }
    )


def chirpstack_join(terminal: Terminal, at: datetime) -> bytes:
    """Return the body of `?event=join`."""
    return _json(_chirpstack(terminal, at, "join") | {"devAddr": terminal.dev_addr.lower()})


def tts_up(terminal: Terminal, frame: Frame, heard: Sequence[Reception]) -> bytes:
    """Return The Things Stack's webhook body with `uplink_message`; zeros are left out."""
    stamp = _nanoseconds(frame.at, terminal.dev_eui) + "Z"
    lora = {
        "bandwidth": BANDWIDTH_HZ,
        "spreading_factor": frame.spreading_factor,
        "coding_rate": "4/5",
    }
    ticks = _number(terminal.dev_eui, frame.f_cnt) % 2**32
    message = {
        "session_key_id": _session(terminal),
        "f_port": frame.f_port,
        "f_cnt": frame.f_cnt,
        "frm_payload": b64encode(frame.data).decode(),
        "decoded_payload": frame.decoded,
        "rx_metadata": [_rx_metadata(each, frame, ticks) for each in heard],
        "settings": {
            "data_rate": {"lora": lora},
            "frequency": str(AS923_HZ[frame.f_cnt % len(AS923_HZ)]),
            "timestamp": ticks,
        },
        "received_at": stamp,
        "confirmed": frame.confirmed,
        "consumed_airtime": f"{airtime_s(len(frame.data), frame.spreading_factor):.6f}s",
        "network_ids": {"net_id": "000013", "tenant_id": "ttn", "cluster_id": "au1"},
    }
    return _json(
        _tts(terminal, frame.at)
        | {"uplink_message": {name: value for name, value in message.items() if value}}
    )


def tts_join(terminal: Terminal, at: datetime) -> bytes:
    """Return The Things Stack's webhook body with `join_accept`."""
    stamp = _nanoseconds(at, terminal.dev_eui) + "Z"
    joined = {"session_key_id": _session(terminal), "received_at": stamp}
    return _json(_tts(terminal, at) | {"join_accept": joined})


def airtime_s(payload_bytes: int, spreading_factor: int) -> float:
    """Return how long a LoRaWAN uplink is on the air at 125 kHz and code rate 4/5, in seconds."""
    symbol_s = 2.0**spreading_factor / BANDWIDTH_HZ
    slow = 1 if spreading_factor >= 11 else 0
    bits = 8 * (payload_bytes + 13) - 4 * spreading_factor + 28 + 16
    symbols = 8 + max(math.ceil(bits / (4 * (spreading_factor - 2 * slow))) * 5, 0)
    return (12.25 + symbols) * symbol_s


def _sigfox(device: str, time: datetime, data: bytes, seq: int) -> dict[str, object]:
    return {
        "device": device,
        "time": _seconds(time),
        "data": data.hex(),
        "seqNumber": seq,
        "deviceTypeId": DEVICE_TYPE_ID,
    }


def _chirpstack(terminal: Terminal, at: datetime, what: str) -> dict[str, object]:
    return {
        "deduplicationId": str(_uuid(terminal.dev_eui, at.isoformat(), what)),
        "time": _nanoseconds(at, terminal.dev_eui) + "+00:00",
        "deviceInfo": {
            "tenantId": TENANT_ID,
            "tenantName": "ChirpStack",
            "applicationId": str(_uuid("application", terminal.application)),
            "applicationName": terminal.application,
            "deviceProfileId": str(_uuid("profile", terminal.profile)),
            "deviceProfileName": terminal.profile,
            "deviceName": terminal.name,
            "devEui": terminal.dev_eui.lower(),
            "deviceClassEnabled": "CLASS_A",
            "tags": {},
        },
    }


def _rx_info(each: Reception, terminal: Terminal, frame: Frame) -> dict[str, object]:
    seen = _number(each.gateway_id, terminal.dev_eui, frame.f_cnt)
    row: dict[str, object] = {
        "gatewayId": each.gateway_id.lower(),
        "uplinkId": seen % 2**32,
        "nsTime": _nanoseconds(frame.at, each.gateway_id) + "+00:00",
        "rssi": each.rssi,
        "snr": each.snr,
        "channel": frame.f_cnt % len(AS923_HZ),
        "location": _location(each),
        "context": b64encode(seen.to_bytes(8, "big")[:4]).decode(),
        "metadata": {"region_common_name": "AS923", "region_config_id": "as923"},
        "crcStatus": "CRC_OK",
    }
    # The gateway's part of the message leaves zeros out.
    return {name: value for name, value in row.items() if value}


def _tts(terminal: Terminal, at: datetime) -> dict[str, object]:
    correlations = [f"gs:uplink:{_ulid(at, terminal.dev_eui)}"]
    return {
        "end_device_ids": {
            "device_id": f"eui-{terminal.dev_eui.lower()}",
            "application_ids": {"application_id": terminal.application},
            "dev_eui": terminal.dev_eui.upper(),
            "join_eui": "0000000000000000",
            "dev_addr": terminal.dev_addr.upper(),
        },
        "correlation_ids": correlations,
        "received_at": _nanoseconds(at, terminal.dev_eui) + "Z",
    }


def _rx_metadata(each: Reception, frame: Frame, ticks: int) -> dict[str, object]:
    location = _location(each)
    row: dict[str, object] = {
        "gateway_ids": {
            "gateway_id": f"eui-{each.gateway_id.lower()}",
            "eui": each.gateway_id.upper(),
        },
        "time": _nanoseconds(frame.at, each.gateway_id) + "Z",
        "timestamp": ticks,
        "rssi": each.rssi,
        "channel_rssi": each.rssi,
        "snr": each.snr,
        "location": location and location | {"source": "SOURCE_REGISTRY"},
        "channel_index": frame.f_cnt % len(AS923_HZ),
        "received_at": _nanoseconds(frame.at, each.gateway_id) + "Z",
    }
    return {name: value for name, value in row.items() if value}


def _location(each: Reception) -> dict[str, object]:
    if each.latitude is None or each.longitude is None:
        return {}
    return {"latitude": each.latitude, "longitude": each.longitude}


def _session(terminal: Terminal) -> str:
    # A new address comes with a new session, and its counter starts at 0.
    return b64encode(_uuid("session", terminal.dev_eui, terminal.dev_addr).bytes).decode()


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _nanoseconds(at: datetime, seed: str) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}{_number(seed, at.isoformat()) % 1000:03}"


def _number(*parts: object) -> int:
    told = "/".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "big")


def _uuid(*parts: str) -> UUID:
    return UUID(bytes=blake2b("/".join(parts).encode(), digest_size=16).digest(), version=4)


def _ulid(at: datetime, seed: str) -> str:
    number = (int(at.timestamp() * 1000) << 80) | (_number(seed, at.isoformat()) << 16)
    return "".join(ULID_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))


def _json(body: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(body)
