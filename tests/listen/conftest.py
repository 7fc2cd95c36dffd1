"""A listener for tests: the real one, over a real broker and the tests' own database."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop
from django.conf import settings as django_settings

from noroshi.inbox.models import Broker, Connection, Entry, Listening
from noroshi.inbox.sealing import sealer
from noroshi.listen.main import Settings, opened
from tests.committed import transactional_db
from tests.gate.conftest import database_url, make_connection
from tests.listen.broker import MOSQUITTO, TestBroker

__all__ = ["transactional_db"]

PATIENCE_S = 15.0
UPS = "application/+/device/+/event/+"
KEYS = (django_settings.SECRET_KEY,)

StartListener = Callable[..., "RunningListener"]
Subscribe = Callable[..., Connection]


def until(is_so: Callable[[], bool], seconds: float = PATIENCE_S) -> float:
    """Wait until something is so; returns how long it took."""
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[TestBroker]:
    """An open broker that keeps what it has over a restart."""
    with running(TestBroker(tmp_path / "broker")) as made:
        yield made


@contextmanager
def running(made: TestBroker) -> Iterator[TestBroker]:
    """A started broker; skips where there is no mosquitto."""
    if MOSQUITTO is None:
        pytest.skip("no mosquitto on this machine (apt-get install mosquitto)")
    made.start()
    try:
        yield made
    finally:
        made.stop()


def subscribe(port: int, **changes: object) -> Connection:
    """A connection whose messages come from the broker at `port`."""
    kind = str(changes.pop("kind", "chirpstack"))
    row, _token = make_connection(kind)
    password = str(changes.pop("password", ""))
    Broker.objects.create(
        connection=row,
        **{
            "host": "127.0.0.1",
            "port": port,
            "version": "5",
            "is_tls": False,
            "client_id": f"noroshi-{row.pk}",
            "topics": [UPS],
            "sealed_password": sealer(KEYS).seal(password) if password else "",
        }
        | changes,
    )
    return row


def state_of(row: Connection) -> tuple[str, str]:
    """State and reason, as the office sees them."""
    found = Listening.objects.filter(pk=row.pk).values_list("state", "why").first()
    return found or ("", "")


def is_listening(row: Connection) -> bool:
    """Whether messages of this connection come in."""
    return state_of(row)[0] == "listening"


class RunningListener:
    """A listener in a thread with a loop of its own."""

    def __init__(self, settings: Settings) -> None:
        self.is_stopped = False
        self._settings = settings
        self._loop = uvloop.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop it as the program does."""
        if not self.is_stopped:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(PATIENCE_S)
            assert not self._thread.is_alive()
            self.is_stopped = True

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        async with opened(self._settings):
            await self._stop.wait()


@pytest.fixture
def start_listener(transactional_db: None, tmp_path: Path) -> Iterator[StartListener]:
    """Starts listeners that share a place for spools; all are stopped at the end."""
    started: list[RunningListener] = []
    settings = Settings(database_url(), KEYS, tmp_path / "spool", 64 << 20)

    def start(**changes: object) -> RunningListener:
        started.append(RunningListener(replace(settings, **changes)))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for listener in started:
        listener.stop()


@pytest.fixture
def start_program(
    transactional_db: None, tmp_path: Path
) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts `noroshi listen`; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(**changes: str) -> "subprocess.Popen[str]":
        told = {"DATABASE_URL": database_url(), "NOROSHI_VAR": str(tmp_path)} | changes
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "noroshi", "listen"],
                env=os.environ | told,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def stored() -> int:
    """How many entries the journal has."""
    return Entry.objects.count()


def counters() -> list[int]:
    """The numbers of the stored uplinks, in the order of the journal."""
    marks = Entry.objects.order_by("id").values_list("body", flat=True)
    return [int(bytes(body).split(b'"fCnt": ')[1].split(b",")[0]) for body in marks]
