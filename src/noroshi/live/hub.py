"""What changed, from PostgreSQL's NOTIFY to the browsers that follow it."""

import asyncio
import json
import logging
import time
from collections import defaultdict, deque

import psycopg

from noroshi.base.heartbeat import BEAT, EVERY_S, instance

CHANNEL = "noroshi_live"
RETRY_S = 0.5
CONNECT_S_MAX = 3
# A page that opens is told what changed while it was on its way: after it was drawn, before it
# listened.
RECALL_S = 10.0
DEVICES_MAX = 200  # more than this in a second is told as "look at everything again"

log = logging.getLogger(__name__)


class Follower:
    """One open page: what it has not been told yet, each device once."""

    def __init__(self, tenant_id: int | None) -> None:
        """Follow one tenant, or with None, all."""
        self.tenant_id = tenant_id
        self.news = asyncio.Event()
        self.is_over = False
        self._devices: dict[str, None] = {}
        self._must_resync = False

    def tell(self, devices: list[str]) -> None:
        """Keep what changed until it is taken."""
        self._devices.update(dict.fromkeys(devices))
        if len(self._devices) > DEVICES_MAX:
            self.resync()
        self.news.set()

    def resync(self) -> None:
        """News may be missing: the page must look again."""
        self._devices.clear()
        self._must_resync = True
        self.news.set()

    def end(self) -> None:
        """The program stops."""
        self.is_over = True
        self.news.set()

    def take(self) -> bytes:
        """Return what is to be sent now, as server-sent events."""
        self.news.clear()
        if self._must_resync:
            self._must_resync = False
            self._devices.clear()
            return b"event: resync\ndata: {}\n\n"
        devices, self._devices = list(self._devices), {}
        if not devices:
            return b""
        return b"event: change\ndata: " + json.dumps({"devices": devices}).encode() + b"\n\n"


class Hub:
    """Listens on one connection and passes each change to those who follow it."""

    def __init__(self, database_url: str) -> None:
        """Nothing is opened before `run`."""
        self.followers = 0
        self._url = database_url
        self._of_tenant: dict[int | None, set[Follower]] = defaultdict(set)
        self._recent: deque[tuple[float, int, list[str]]] = deque()

    def join(self, follower: Follower) -> None:
        """Tell this one from now on, and what it may have missed on its way."""
        self.followers += 1
        self._of_tenant[follower.tenant_id].add(follower)
        self._forget()
        for _heard_at, tenant_id, devices in self._recent:
            if follower.tenant_id in {tenant_id, None}:
                follower.tell(devices)

    def leave(self, follower: Follower) -> None:
        """Tell it no more."""
        self.followers -= 1
        group = self._of_tenant[follower.tenant_id]
        group.discard(follower)
        if not group:
            del self._of_tenant[follower.tenant_id]

    async def run(self) -> None:
        """Listen until cancelled; after a gap everybody is told to look again."""
        has_gap = False
        while True:
            try:
                await self._listen(has_gap=has_gap)
            except (psycopg.Error, OSError) as error:
                log.warning("not listening, trying again: %s", str(error).strip().split("\n")[0])
                has_gap = True
                await asyncio.sleep(RETRY_S)

    def end(self) -> None:
        """Let every follower go."""
        for follower in self._all():
            follower.end()

    async def _listen(self, *, has_gap: bool) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            connect_timeout=CONNECT_S_MAX,
            application_name="noroshi live",
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            if has_gap:
                log.warning("listening again")
                for follower in self._all():
                    follower.resync()
            while True:
                async for told in connection.notifies(timeout=EVERY_S):
                    self.publish(told.payload)
                await connection.execute(BEAT.format("%s", "%s", "%s", "%s"), self._pulse())

    def publish(self, payload: str) -> None:
        """Pass on `{"tenant": id, "devices": [code, …], …}`."""
        try:
            told = json.loads(payload)
            tenant_id, devices = int(told["tenant"]), [str(code) for code in told["devices"]]
        except (ValueError, TypeError, KeyError):
            log.error("not a change on %s: %.200s", CHANNEL, payload)
            return
        self._forget()
        self._recent.append((time.monotonic(), tenant_id, devices))
        for stream in (tenant_id, None):
            for follower in self._of_tenant.get(stream, ()):
                follower.tell(devices)

    def _forget(self) -> None:
        until = time.monotonic() - RECALL_S
        while self._recent and self._recent[0][0] < until:
            self._recent.popleft()

    def _pulse(self) -> tuple[str, str, str, str]:
        figures = json.dumps({"followers": self.followers})
        return "live", instance(), f"{self.followers} open pages", figures

    def _all(self) -> list[Follower]:
        return [follower for group in self._of_tenant.values() for follower in group]
