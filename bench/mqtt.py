"""Uplinks a second from a broker into the journal, each acknowledged after its commit.

Beside it the floor: a plain paho subscriber that stores nothing. Needs mosquitto; without it
nothing is measured.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from bench import load
from bench.gate import START_S_MAX, cpu_us, family, is_open, postmaster_of
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTMessage

from noroshi.mqtt import packets
from noroshi.mqtt.link import Place, opened
from noroshi.mqtt.packets import Login
from noroshi.mqtt.trial import Deaf

ROOT = Path(__file__).resolve().parent.parent
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
ROUNDS = 3
MESSAGES = 60_000
ROUND_S_MAX = 60.0
GROUP = 500
IN_FLIGHT = 1000
TOPICS = "application/+/device/+/event/up"
CLIENT_ID = "bench"


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure in about a minute; returns name → (value, unit)."""
    if MOSQUITTO is None:
        print("mqtt: no mosquitto on this machine, nothing measured")
        return {}
    rounds = []
    floors = []
    with tempfile.TemporaryDirectory() as folder, a_broker(Path(folder)) as port:
        for _ in range(ROUNDS):
            fill(port, CLIENT_ID)
            rounds.append(listened(database_url, port, Path(folder)))
            fill(port, CLIENT_ID)
            floors.append(plain(port))
            print(f"mqtt {rounds[-1][0]:.0f}/s, {rounds[-1][1]:.0f} µs; paho {floors[-1]:.0f}/s")
    ratios = [rate / floor for (rate, _cpu), floor in zip(rounds, floors, strict=True)]
    return {
        "mqtt_per_s": (max(rate for rate, _cpu in rounds), "1/s"),
        "mqtt_cpu_us": (min(cpu for _rate, cpu in rounds), "µs"),
        "mqtt_floor_paho_per_s": (max(floors), "1/s"),
        "mqtt_vs_paho": (statistics.median(ratios), "times"),
    }


def listened(database_url: str, port: int, folder: Path) -> tuple[float, float]:
    """The listener takes what waits: messages/s, and µs of CPU of listener and PostgreSQL each."""
    told = {"DATABASE_URL": database_url, "NOROSHI_SECRET_KEY": "b" * 40}
    told["NOROSHI_VAR"] = str(folder / secrets.token_hex(4))
    postmaster = postmaster_of(database_url)
    with (
        a_connection(database_url, port) as number,
        psycopg.connect(database_url, autocommit=True) as pg,
    ):
        process = subprocess.Popen(
            [sys.executable, "-m", "noroshi.listen.main"],
            cwd=ROOT,
            env=os.environ | told,
            stderr=subprocess.DEVNULL,
        )
        try:
            first, begun = until_id(pg, 1), time.monotonic()
            oldest = pg.execute("SELECT min(id) FROM inbox_entry").fetchone()
            assert oldest is not None
            before_us = cpu_us([process.pid, *family(postmaster)])
            last = until_id(pg, oldest[0] + MESSAGES - 1)
            took_s = time.monotonic() - begun
            cost_us = cpu_us([process.pid, *family(postmaster)]) - before_us
        finally:
            process.terminate()
            process.wait(START_S_MAX)
        kept = pg.execute("SELECT count(*) FROM inbox_entry WHERE connection_id = %s", [number])
        assert kept.fetchone() == (MESSAGES,)  # the journal held nothing else
    return (last - first) / took_s, cost_us / (last - first)


def until_id(pg: "psycopg.Connection[tuple[int]]", wanted: int) -> int:
    """Wait until the journal has come so far; returns how far it is."""
    until = time.monotonic() + ROUND_S_MAX
    while (found := last_id(pg)) < wanted:
        assert time.monotonic() < until, "the listener does not get on"
        time.sleep(0.02)
    return found


def last_id(pg: "psycopg.Connection[tuple[int]]") -> int:
    """The newest id in the journal."""
    row = pg.execute("SELECT coalesce(max(id), 0) FROM inbox_entry").fetchone()
    return row[0] if row else 0


def plain(port: int) -> float:
    """A subscriber of paho that acknowledges at once and stores nothing: messages/s."""
    count = 0
    times: list[float] = []
    done = threading.Event()

    def heard(client: Client, _given: object, message: MQTTMessage) -> None:
        nonlocal count
        count += 1
        if count in {1, MESSAGES}:
            times.append(time.monotonic())
        client.ack(message.mid, 1)
        if count == MESSAGES:
            done.set()

    client = Client(
        CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, clean_session=False, manual_ack=True
    )
    client.on_message = heard
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert done.wait(60)
    time.sleep(0.2)
    client.disconnect()
    client.loop_stop()
    return (MESSAGES - 1) / (times[1] - times[0])


def fill(port: int, client_id: str) -> None:
    """Let the broker keep MESSAGES uplinks of 2 kB for the session of a subscriber."""
    asyncio.run(_subscribe(port, client_id))
    template, nonce = load.template(), secrets.token_hex(4).encode()
    now = datetime.now(UTC).isoformat().encode()[:32]
    with socket.create_connection(("127.0.0.1", port)) as network:
        network.sendall(packets.connect(Login("bench-network", version=packets.V3, is_clean=True)))
        network.recv(4)
        for begin in range(0, MESSAGES, GROUP):
            group = range(begin + 1, begin + GROUP + 1)
            network.sendall(b"".join(_publish(template, nonce, n, now) for n in group))
            answered = 0
            while answered < 4 * GROUP:
                answered += len(network.recv(65536))


def _publish(template: bytes, nonce: bytes, n: int, now: bytes) -> bytes:
    device = n % load.DEVICES
    topic = b"application/a1/device/0101%012d/event/up" % device
    head = len(topic).to_bytes(2, "big") + topic + (n % GROUP + 1).to_bytes(2, "big")
    body = head + template % (nonce, n, now, device, n)
    return b"\x32" + packets.number(len(body)) + body


async def _subscribe(port: int, client_id: str) -> None:
    """Leave a fresh session behind that waits for uplinks."""
    for is_clean in (True, False):
        login = Login(client_id, version=packets.V3, is_clean=is_clean)
        link = await opened(Place("127.0.0.1", port), login, Deaf())
        if not is_clean:
            await link.subscribe([TOPICS])
        link.leave()
        await asyncio.sleep(0.1)


@contextlib.contextmanager
def a_connection(database_url: str, port: int) -> Iterator[int]:
    """A connection with that broker; it and what came over it is gone afterwards."""
    with psycopg.connect(database_url, autocommit=True) as pg:
        row = pg.execute(
            "INSERT INTO inbox_connection (name, kind, token_hash, token_hint, factor, "
            "factor_header, settings, is_open, created_at) "
            "VALUES ('bench', 'chirpstack', %s, '', '', '', '{}', true, now()) RETURNING id",
            [secrets.token_bytes(32)],
        ).fetchone()
        assert row is not None
        pg.execute(
            'INSERT INTO inbox_broker (connection_id, host, port, version, is_tls, ca, "user", '
            "sealed_password, client_id, topics) "
            "VALUES (%s, '127.0.0.1', %s, '3.1.1', false, '', '', '', %s, %s)",
            [row[0], port, CLIENT_ID, [TOPICS]],
        )
        try:
            yield int(row[0])
        finally:
            for table in ("inbox_entry", "inbox_exception", "inbox_listening", "inbox_broker"):
                pg.execute(f"DELETE FROM {table} WHERE connection_id = %s", row)
            pg.execute("DELETE FROM inbox_connection WHERE id = %s", row)


@contextlib.contextmanager
def a_broker(folder: Path) -> Iterator[int]:
    """A mosquitto that keeps all in memory; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "max_queued_messages 0",
        f"max_inflight_messages {IN_FLIGHT}",
        "set_tcp_nodelay true",
        "log_type error",
    ]
    settings = folder / "mosquitto.conf"
    settings.write_text("\n".join(lines) + "\n")
    assert MOSQUITTO is not None
    process = subprocess.Popen([MOSQUITTO, "-c", str(settings)])
    try:
        until = time.monotonic() + START_S_MAX
        while not is_open(port):
            assert time.monotonic() < until, "mosquitto does not listen"
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(START_S_MAX)
