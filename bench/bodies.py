"""Uplinks as a fleet behind ChirpStack would send them: about 2 kB each and no two alike."""

import base64
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

GATEWAYS = 14
TENANTS = ("高志川水系", "東部土地改良区", "みどり牧場")
PROFILES = ("水位計 LW-200", "EM500-SWL", "温湿度 AM103", "GPS tracker")
START = datetime(2026, 10, 5, tzinfo=UTC)
PERIOD_S = 900
GPS_EPOCH_S = 315_964_782  # 1980-01-06 less leap seconds


@dataclass(frozen=True, slots=True)
class Sent:
    """One uplink: who sent it when, and the body its network posts."""

    address: str
    at: datetime
    identity: uuid.UUID
    body: bytes


def fleet(uplinks: int, *, devices: int = 200, seed: int = 7) -> Iterator[Sent]:
    """`uplinks` uplinks of `devices` devices in order of time, about one in 15 minutes each."""
    chance = random.Random(seed)
    gateways = [_gateway(chance) for _ in range(GATEWAYS)]
    known = [_device(chance, n, gateways) for n in range(devices)]
    step = timedelta(seconds=PERIOD_S / devices)
    for n in range(uplinks):
        device = known[n % devices]
        at = START + n * step + timedelta(microseconds=chance.randrange(4_000_000))
        device["fCnt"] += 1 if chance.random() < 0.98 else 2
        yield _uplink(chance, device, at)


def _hex(chance: random.Random, octets: int) -> str:
    return chance.randbytes(octets).hex()


def _uuid(chance: random.Random) -> uuid.UUID:
    return uuid.UUID(bytes=chance.randbytes(16), version=4)


def _gateway(chance: random.Random) -> dict[str, object]:
    place = {
        "latitude": round(36.5 + chance.random(), 14),
        "longitude": round(137.0 + chance.random(), 14),
        "altitude": chance.randrange(2, 90),
    }
    return {"gatewayId": f"24e124fffe{_hex(chance, 3)}", "location": place}


def _device(chance: random.Random, n: int, gateways: list[dict[str, object]]) -> dict[str, object]:
    tenant = chance.randrange(len(TENANTS))
    of_tenant = random.Random(tenant)
    return {
        "info": {
            "tenantId": str(_uuid(of_tenant)),
            "tenantName": TENANTS[tenant],
            "applicationId": str(_uuid(of_tenant)),
            "applicationName": "field",
            "deviceProfileId": str(_uuid(random.Random(n % len(PROFILES)))),
            "deviceProfileName": PROFILES[n % len(PROFILES)],
            "deviceName": f"{chance.choice(('水門', '用水路', '圃場', '倉庫'))}{n:03d}",
            "devEui": f"24e124{_hex(chance, 5)}",
            "deviceClassEnabled": "CLASS_A",
            "tags": {"site": f"S{chance.randrange(40):02d}"},
        },
        "devAddr": f"00{_hex(chance, 3)}",
        "near": chance.sample(gateways, chance.choice((2, 3, 4, 4, 5))),
        "fCnt": chance.randrange(60_000),
        "level": chance.uniform(20, 300),
    }


def _uplink(chance: random.Random, device: dict[str, object], at: datetime) -> Sent:
    info, level = device["info"], max(1.0, device["level"] + chance.gauss(0, 0.4))
    device["level"] = level
    said, warmth = round(level, 1), round(12 + chance.gauss(0, 4), 1)
    payload = b"\x01\x75" + chance.randrange(80, 100).to_bytes(1, "big") + b"\x03\x67"
    payload += int(warmth * 10).to_bytes(2, "little", signed=True) + b"\x04\x82"
    payload += int(said * 10).to_bytes(2, "little")
    identity, dr = _uuid(chance), chance.choice((2, 3, 3, 5))
    body = {
        "deduplicationId": str(identity),
        "time": at.isoformat(timespec="microseconds"),
        "deviceInfo": info,
        "devAddr": device["devAddr"],
        "adr": True,
        "dr": dr,
        "fCnt": device["fCnt"],
        "fPort": 85,
        "confirmed": False,
        "data": base64.b64encode(payload).decode(),
        "object": {"battery": payload[2], "temperature": warmth, "distance": said},
        "rxInfo": [_heard(chance, one, at) for one in device["near"] if chance.random() < 0.93],
        "txInfo": {
            "frequency": chance.choice((923_200_000, 923_400_000, 922_000_000, 922_600_000)),
            "modulation": {
                "lora": {"bandwidth": 125000, "spreadingFactor": 12 - dr, "codeRate": "CR_4_5"}
            },
        },
        "regionConfigId": "as923",
    }
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Sent(info["devEui"], at, identity, text.encode())


def _heard(chance: random.Random, gateway: dict[str, object], at: datetime) -> dict[str, object]:
    behind = timedelta(microseconds=chance.randrange(3_000, 250_000))
    ns = f"{(at + behind).isoformat(timespec='microseconds')[:26]}{chance.randrange(1000):03d}"
    return {
        "gatewayId": gateway["gatewayId"],
        "uplinkId": chance.randrange(2**32),
        "gwTime": at.isoformat(timespec="microseconds"),
        "nsTime": f"{ns}+00:00",
        "timeSinceGpsEpoch": f"{at.timestamp() - GPS_EPOCH_S:.6f}s",
        "rssi": -chance.randrange(60, 121),
        "snr": round(chance.uniform(-12, 13) * 4) / 4,
        "channel": chance.randrange(8),
        "rfChain": 0,
        "location": gateway["location"],
        "context": base64.b64encode(chance.randbytes(4)).decode(),
        "metadata": {"region_config_id": "as923", "region_common_name": "AS923"},
        "crcStatus": "CRC_OK",
    }
