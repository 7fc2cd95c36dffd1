"""The networks: post messages to the gate as they do, and hear what it answers."""

import http.client
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

SAMPLES = Path(__file__).parent / "samples"
ANSWER_S_MAX = 10.0
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate said."""

    status: int
    body: bytes

    @property
    def json(self) -> object:
        """The body, read as JSON; None when there is none."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class Network:
    """Somebody who posts to one connection; `address` is what the office showed once."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, body: object, path: str = "", **more: str) -> Answer:
        """Send one message; `path` may add an event or a query, `more` header lines."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        place = urlsplit(self.address)
        line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=ANSWER_S_MAX)
        named = {name.replace("_", "-"): value for name, value in more.items()}
        headers = {"Content-Type": JSON} | self.headers | named
        try:
            line.request("POST", place.path + path, sent, headers)
            answer = line.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            line.close()


def sample(name: str) -> bytes:
    """One sample message as its network's documentation or a real device gave it."""
    return (SAMPLES / f"{name}.json").read_bytes()


def chirpstack(dev_eui: str, at: datetime, count: int, data: str) -> dict[str, object]:
    """A ChirpStack v4 uplink like the sample; `data` is base64."""
    message: dict[str, object] = json.loads(sample("chirpstack4_up_docs"))
    device = message["deviceInfo"]
    assert isinstance(device, dict)  # noqa: S101 - of our own sample
    device["devEui"] = dev_eui
    mark = f"{int(dev_eui, 16) & 0xFFFFFFFF:08x}-0000-4000-8000-{count:012d}"
    return message | {"deduplicationId": mark, "time": stamp(at), "fCnt": count, "data": data}


def tts(dev_eui: str, at: datetime, count: int, decoded: dict[str, object]) -> dict[str, object]:
    """A Things Stack v3 uplink like the sample, decoded by the network."""
    message: dict[str, object] = json.loads(sample("tts3_up_docs"))
    ids, uplink = message["end_device_ids"], message["uplink_message"]
    assert isinstance(ids, dict)  # noqa: S101 - of our own sample
    assert isinstance(uplink, dict)  # noqa: S101
    ids["dev_eui"] = dev_eui
    uplink |= {"f_cnt": count, "decoded_payload": decoded, "received_at": stamp(at)}
    uplink["settings"]["time"] = uplink["rx_metadata"][0]["time"] = stamp(at)
    return message | {"received_at": stamp(at + timedelta(milliseconds=200))}


def sigfox(device: str, at: datetime, seq: int, data: str) -> dict[str, str]:
    """A classic Sigfox callback: the sample's template, filled in as the backend does."""
    template: dict[str, str] = json.loads(sample("sigfox_uplink_classic"))
    known = {
        "device": device,
        "time": str(int(at.timestamp())),
        "duplicate": "false",
        "snr": "12.48",
        "station": "5859",
        "data": data,
        "avgSnr": "null",
        "lat": "35.0",
        "lng": "139.0",
        "rssi": "-133.00",
        "seqNumber": str(seq),
        "ack": "false",
    }
    return {name: known[name] for name in template}


def stamp(at: datetime) -> str:
    """An instant as LoRaWAN servers write it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
