"""A load generator: connections that post ChirpStack uplinks, each as soon as the last is answered.

`python bench/load.py <port> <token> <connections> <seconds>` prints one line of JSON. It shares the
machine with what it measures, so it does as little as it can: bare sockets and no parser.
"""

import json
import os
import select
import socket
import sys
import time
from datetime import UTC, datetime

GATEWAYS = 4
DEVICES = 5000
ANSWER_BYTES_MAX = 4096
SILENCE_S_MAX = 10.0


def main() -> None:
    """Load one gate and tell what it did."""
    port, token, connections, seconds = sys.argv[1:5]
    told = load(int(port), token, int(connections), float(seconds))
    sys.stdout.write(json.dumps(told) + "\n")


def load(port: int, token: str, connections: int, seconds: float) -> dict[str, float]:
    """Post for some seconds; returns answers, refusals, the time they took, latencies in ms."""
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    run = Run(token)
    begun = time.perf_counter()
    refusals = run.over(clients, begun + seconds)
    took_s = time.perf_counter() - begun
    for client in clients:
        client.close()
    late = sorted(run.latencies_s)
    return {
        "answers": len(late),
        "refusals": refusals,
        "seconds": took_s,
        "p50_ms": late[len(late) // 2] * 1000 if late else 0.0,
        "p99_ms": late[len(late) * 99 // 100] * 1000 if late else 0.0,
    }


class Run:
    """One run: requests that were never sent before, and how long each answer took."""

    def __init__(self, token: str) -> None:
        self.latencies_s: list[float] = []
        self._number = 0
        self._nonce = os.urandom(4).hex().encode()
        body = template()
        head = f"POST /in/{token}?event=up HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json"
        size = len(body % (b"0" * 8, 0, b"0" * 32, 0, 0))
        self._request = f"{head}\r\nContent-Length: {size}\r\n\r\n".encode() + body
        self._time = datetime.now(UTC).isoformat().encode()[:32]

    def next_request(self) -> bytes:
        """A request that was never sent before."""
        n = self._number = self._number + 1
        return self._request % (self._nonce, n, self._time, n % DEVICES, n)

    def over(self, clients: list[socket.socket], until: float) -> int:
        """One request at a time over each client until a moment; returns how many were refused."""
        refusals = 0
        sent_at: dict[int, float] = {}
        of_number = {client.fileno(): client for client in clients}
        clock, took = time.perf_counter, self.latencies_s.append
        with select.epoll() as ready:
            for number, client in of_number.items():
                ready.register(number, select.EPOLLIN)
                sent_at[number] = clock()
                client.sendall(self.next_request())
            while sent_at:
                events = ready.poll(SILENCE_S_MAX)
                assert events, "the gate is silent"
                for number, _what in events:
                    client = of_number[number]
                    is_kept = client.recv(ANSWER_BYTES_MAX).startswith(b"HTTP/1.1 200")
                    now = clock()
                    if is_kept:
                        took(now - sent_at[number])
                    refusals += not is_kept
                    if is_kept and now < until:
                        sent_at[number] = now
                        client.sendall(self.next_request())
                    else:
                        del sent_at[number]
                        ready.unregister(number)
        return refusals


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
