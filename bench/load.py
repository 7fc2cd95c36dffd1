"""A load generator: connections that post ChirpStack uplinks, each as soon as the last is answered.

`python bench/load.py <port> <token> <connections> <seconds>` prints one line of JSON.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime

import uvloop

GATEWAYS = 4
DEVICES = 5000


def main() -> None:
    """Load one gate and tell what it did."""
    port, token, connections, seconds = sys.argv[1:5]
    told = uvloop.run(load(int(port), token, int(connections), float(seconds)))
    sys.stdout.write(json.dumps(told) + "\n")


async def load(port: int, token: str, connections: int, seconds: float) -> dict[str, float]:
    """Post for some seconds; returns answers, refusals, the time they took, latencies in ms."""
    loop = asyncio.get_running_loop()
    run = Run(token)
    run.until = loop.time() + seconds
    begun = loop.time()
    clients = [Client(run) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)
    await asyncio.gather(*(client.done for client in clients))
    took_s = loop.time() - begun
    late = sorted(run.latencies_s)
    return {
        "answers": len(late),
        "refusals": run.refusals,
        "seconds": took_s,
        "p50_ms": late[len(late) // 2] * 1000 if late else 0.0,
        "p99_ms": late[len(late) * 99 // 100] * 1000 if late else 0.0,
    }


class Run:
    """What the clients of one run share: the next body and the count."""

    def __init__(self, token: str) -> None:
        self.until = 0.0
        self.refusals = 0
        self.latencies_s: list[float] = []
        self._number = 0
        self._nonce = os.urandom(4).hex()
        body = template()
        head = f"POST /in/{token}?event=up HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json"
        size = len(body % (b"0" * 8, 0, b"0" * 32, 0, 0))
        self._request = f"{head}\r\nContent-Length: {size}\r\n\r\n".encode() + body
        self._time = datetime.now(UTC).isoformat().encode()[:32]

    def next_request(self) -> bytes:
        """A request that was never sent before."""
        n = self._number = self._number + 1
        return self._request % (self._nonce.encode(), n, self._time, n % DEVICES, n)


class Client(asyncio.Protocol):
    """One connection with one request under way at a time."""

    def __init__(self, run: Run) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._run = run
        self._transport: asyncio.Transport | None = None
        self._sent_at = 0.0
        self._read = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._read.endswith(b"\r\n\r\n"):
            return
        if self._read.startswith(b"HTTP/1.1 200"):
            self._run.latencies_s.append(time.perf_counter() - self._sent_at)
        else:
            self._run.refusals += 1
        self._read = b""
        if asyncio.get_running_loop().time() < self._run.until:
            self._send()
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.done.done():
            self._run.refusals += 1
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._run.next_request())


def template() -> bytes:
    """A ChirpStack uplink of about 2 kB with places for id, time, device and counter."""
    gateways = [
        {
            "gatewayId": f"7076ff005508{n:04x}",
            "uplinkId": 30746 + n,
            "nsTime": "2025-08-18T15:56:21.874504759+00:00",
            "timeSinceGpsEpoch": "1439567799.854s",
            "rssi": -83 - n,
            "snr": 9.5,
            "channel": 3,
            "board": 3,
            "location": {"latitude": 35.68, "longitude": 139.76, "altitude": 3},
            "context": "LYeU+w==",
            "crcStatus": "CRC_OK",
        }
        for n in range(GATEWAYS)
    ]
    lora = {"bandwidth": 125000, "spreadingFactor": 7, "codeRate": "CR_4_5"}
    rest = {
        "devAddr": "00453524",
        "adr": True,
        "dr": 3,
        "fPort": 2,
        "confirmed": False,
        "data": "dmX0aXBlcm1hbmVudPT//2tzcGxpdFN0YXR1cwD/",
        "rxInfo": gateways,
        "txInfo": {"frequency": 923200000, "modulation": {"lora": lora}},
        "regionConfigId": "as923",
    }
    device = {
        "tenantId": "649cca72-f6eb-4f50-b0c7-918d018b9220",
        "tenantName": "paddy fields",
        "applicationId": "28c978af-212a-4e48-87af-b4655e650b79",
        "applicationName": "water level",
        "deviceProfileId": "bf6dbba9-d296-4621-9f3f-e1e43757fbf6",
        "deviceProfileName": "level sensor",
        "deviceName": "level",
        "deviceClassEnabled": "CLASS_A",
        "tags": {},
    }
    rest_text = json.dumps(rest, separators=(",", ":"))[1:].replace("%", "%%")
    device_text = json.dumps(device, separators=(",", ":"))[1:].replace("%", "%%")
    text = (
        '{"deduplicationId":"%s-4401-4b8d-9386-%012d","time":"%s",'
        '"deviceInfo":{"devEui":"0101%012d",' + device_text + ',"fCnt":%08d,' + rest_text
    )
    return text.replace('"fCnt":%08d', '"fCnt":1%07d').encode()


if __name__ == "__main__":
    main()
