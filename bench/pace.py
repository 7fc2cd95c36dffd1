"""A load generator at a fixed rate: ChirpStack uplinks, each due at its own moment, late or not.

`python -m bench.pace <port> <token> <first number> <uplinks a second> <seconds> <devices>` prints
one line of JSON. The moment an uplink is due stands in its body as its time: lag counts from it.
"""

import asyncio
import base64
import json
import os
import struct
import sys
import time
from collections import deque
from datetime import UTC, datetime

import uvloop
from bench.load import template

CONNECTIONS = 128
TICK_S = 0.001
LATE_S_MAX = 10.0  # after the end, for what still waits for an answer
ALARM_EVERY = 97  # one uplink in so many breaks a limit, the device's next one mends it
DATA = b"dmX0aXBlcm1hbmVudPT//2tzcGxpdFN0YXR1cwD/"


def main() -> None:
    """Load one gate and tell what it did."""
    port, token, first, rate, seconds, devices = sys.argv[1:7]
    pace = Pace(token, int(first), int(devices))
    uvloop.run(pace.run(int(port), float(rate), float(seconds)))
    sys.stdout.write(json.dumps({"answers": pace.answers, "refusals": pace.refusals}) + "\n")


class Pace:
    """What the clients share: the uplinks that are due, and the count."""

    def __init__(self, token: str, first: int, devices: int) -> None:
        self.answers = 0
        self.refusals = 0
        self.due: deque[bytes] = deque()
        self.free: list[Client] = []
        self._devices = devices
        self._number = first
        self._nonce = os.urandom(4).hex().encode()
        body = template().replace(DATA, b"%s")
        size = len(body % (b"0" * 8, 0, moment(), 0, 0, payload(0)))
        head = f"POST /in/{token}?event=up HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json"
        self._request = f"{head}\r\nContent-Length: {size}\r\n\r\n".encode() + body

    async def run(self, port: int, rate: float, seconds: float) -> None:
        """Send as many as the rate says, then wait for the last answers."""
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            await loop.create_connection(lambda: Client(self), "127.0.0.1", port)
        begun, sent, wanted = time.perf_counter(), 0, round(rate * seconds)
        while sent < wanted:
            until = min(wanted, int((time.perf_counter() - begun) * rate))
            for _ in range(until - sent):
                self.due.append(self._next())
            sent = max(sent, until)
            while self.due and self.free:
                self.free.pop().send(self.due.popleft())
            await asyncio.sleep(TICK_S)
        end = time.perf_counter() + LATE_S_MAX
        while self.answers + self.refusals < wanted and time.perf_counter() < end:
            await asyncio.sleep(TICK_S)

    def _next(self) -> bytes:
        n = self._number = self._number + 1
        told = (self._nonce, n, moment(), n % self._devices, n % 10_000_000, payload(n))
        return self._request % told


class Client(asyncio.Protocol):
    """One connection with one request under way at a time."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._transport: asyncio.Transport | None = None
        self._read = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._pace.free.append(self)

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._read.endswith(b"\r\n\r\n"):
            return
        if self._read.startswith(b"HTTP/1.1 200"):
            self._pace.answers += 1
        else:
            self._pace.refusals += 1
        self._read = b""
        if self._pace.due:
            self.send(self._pace.due.popleft())
        else:
            self._pace.free.append(self)

    def send(self, request: bytes) -> None:
        """Begin one request."""
        assert self._transport is not None
        self._transport.write(request)


def moment() -> bytes:
    """Now, always of the same length."""
    return datetime.now(UTC).isoformat(timespec="microseconds").encode()


def payload(number: int) -> bytes:
    """Three values that wander within their limits; now and then one breaks its limit."""
    tenths = 450 if number % ALARM_EVERY == 0 else 150 + number % 61
    return base64.b64encode(struct.pack(">hBH7x", tenths, 90 + number % 40, 3300 + number % 256))


if __name__ == "__main__":
    main()
