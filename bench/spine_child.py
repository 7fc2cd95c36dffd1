"""The measured side of bench.spine: fills a fresh database and carries the journal through."""

import base64
import json
import os
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

from bench import scratch  # noqa: E402
from bench.gate import family  # noqa: E402
from bench.load import template  # noqa: E402
from django.db import connection  # noqa: E402

from noroshi.alarms.models import Recipient, Rule  # noqa: E402
from noroshi.codecs.actions import NewVersion, make_codec  # noqa: E402
from noroshi.codecs.sandbox import Sandbox  # noqa: E402
from noroshi.contracts.actions import Sheet, conclude  # noqa: E402
from noroshi.devices.models import Device, DeviceType, Quantity, Thing  # noqa: E402
from noroshi.inbox.actions import NewConnection, make_connection  # noqa: E402
from noroshi.inbox.models import SLICES  # noqa: E402
from noroshi.jobs import tick, work  # noqa: E402
from noroshi.networks import registry  # noqa: E402
from noroshi.networks.uplink import Arrival  # noqa: E402
from noroshi.pipeline import process_waiting  # noqa: E402
from noroshi.tenants.audit import Actor  # noqa: E402
from noroshi.tenants.models import Tenant  # noqa: E402

DEVICES = 1000
UPLINKS = 20_000
WARM_UPLINKS = 2_000
ALARM_EVERY = 97  # one uplink in so many breaks a limit, the device's next one mends it
SPACING = timedelta(milliseconds=150)
KEYS = ("temperature", "humidity", "battery")
LIMITS = {"temperature": 40.0, "humidity": 100.0, "battery": 4.0}
SYSTEM = Actor(None, None)
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")

CODEC = """
function decodeUplink(input) {
  var b = input.bytes;
  var t = b[0] << 8 | b[1];
  if (t > 32767) t -= 65536;
  return { data: { temperature: t / 10, humidity: b[2] / 2, battery: (b[3] << 8 | b[4]) / 1000 } };
}
"""
INSERT = """
INSERT INTO inbox_entry (key, slice, connection_id, received_at, event, address,
                         content_type, query, body)
VALUES (%s, %s, %s, %s, 'up', %s, 'application/json', 'event=up', %s)
"""


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU so far, in µs, by who spent it."""

    worker: float
    sandbox: float
    postgres: float


def main() -> None:
    """Print one line of JSON."""
    work.keep_plans()
    start = datetime.now(UTC) - SPACING * (UPLINKS + WARM_UPLINKS)
    for task in tick.timetable():
        if "partitions" in task.name:
            task.run(start)
    source_id, _token = prepare(start)
    sandbox = Sandbox()
    post(source_id, start, range(WARM_UPLINKS))
    carry(sandbox, WARM_UPLINKS)
    post(source_id, start, range(WARM_UPLINKS, WARM_UPLINKS + UPLINKS))
    scratch.analyze()
    work.spare_the_collector()
    postmaster = postmaster_of_this_session()
    before, begun = cpu(postmaster), time.monotonic()
    carry(sandbox, UPLINKS)
    took_s, after = time.monotonic() - begun, cpu(postmaster)
    sandbox.close()
    check()
    told = {
        name: (getattr(after, name) - getattr(before, name)) / UPLINKS for name in Cpu.__slots__
    }
    sys.stdout.write(json.dumps(told | {"per_s": UPLINKS / took_s}) + "\n")


def prepare(now: datetime, count: int = DEVICES) -> tuple[int, str]:
    """Tenant, codec, type, devices and their rules; returns the connection's id and its token."""
    tenant = Tenant.objects.create(name="bench", created_at=now)
    conclude(tenant, Sheet(now.date()), by=SYSTEM, now=now)
    codec = make_codec("bench", "javascript", NewVersion(CODEC), by=SYSTEM, now=now)
    kind = DeviceType.objects.create(name_ja="bench", codec=codec, interval_s=180)
    Quantity.objects.bulk_create(Quantity(type=kind, key=key, name_ja=key) for key in KEYS)
    things = Thing.objects.bulk_create(
        Thing(type=kind, space="lorawan", address=address(n), registered_at=now)
        for n in range(count)
    )
    devices = Device.objects.bulk_create(
        Device(
            tenant=tenant,
            name=f"bench {n}",
            thing=things[n],
            type=kind,
            space="lorawan",
            address=address(n),
            registered_at=now,
        )
        for n in range(count)
    )
    rules = Rule.objects.bulk_create(
        Rule(tenant=tenant, device=device, key=key, upper=LIMITS[key], lower=-20.0, created_at=now)
        for device in devices
        for key in KEYS
    )
    # One for each device: of a single one's mails only a few go at once, the others are gathered.
    people = Recipient.objects.bulk_create(
        Recipient(tenant=tenant, name="bench", address=f"{n}@example.jp", created_at=now)
        for n in range(count)
    )
    of_device = dict(zip((device.pk for device in devices), people, strict=True))
    link = Rule.recipients.through
    link.objects.bulk_create(link(rule=rule, recipient=of_device[rule.device_id]) for rule in rules)
    made, token = make_connection(NewConnection("bench", "chirpstack"), by=SYSTEM, now=now)
    return made.pk, token


def address(number: int) -> str:
    """The DevEUI of a device."""
    return f"0101{number:012d}"


def post(source_id: int, start: datetime, numbers: range) -> None:
    """Put uplinks into the journal under the keys that the gate gives them."""
    with connection.cursor() as cursor:
        cursor.executemany(INSERT, entries(source_id, start, numbers))


def entries(source_id: int, start: datetime, numbers: range) -> Iterator[tuple[object, ...]]:
    """The journal's rows of uplinks of about 2 kB, every device in its turn."""
    text = template().replace(b"dmX0aXBlcm1hbmVudPT//2tzcGxpdFN0YXR1cwD/", b"%s")
    for n in numbers:
        at = start + SPACING * n
        body = text % (b"%08x" % n, n, at.isoformat().encode(), n % DEVICES, n, payload(n))
        arrival = Arrival(source_id, at, "up", "application/json", "event=up", body, {})
        known = registry.identify("chirpstack", arrival)
        slice_ = registry.slice_of(known.space, known.address)
        yield known.key, slice_, source_id, at, known.address, body


def payload(number: int) -> bytes:
    """Three values that wander within their limits; now and then one breaks its limit."""
    tenths = 450 if number % ALARM_EVERY == 0 else 150 + number % 61
    return base64.b64encode(struct.pack(">hBH7x", tenths, 90 + number % 40, 3300 + number % 256))


def carry(sandbox: Sandbox, count: int) -> None:
    """Run the spine until it is idle."""
    done = 0
    while batch := process_waiting(sandbox, now=datetime.now(UTC), slices_max=SLICES):
        done += batch
    assert done == count, f"{done} of {count} entries"


def check() -> None:
    """What was measured was the whole work."""
    with connection.cursor() as cursor:
        for table, least in (
            ("readings_reading", (UPLINKS + WARM_UPLINKS) * len(KEYS)),
            ("alarms_incident", UPLINKS // ALARM_EVERY // 2),
            ("outbox_message", UPLINKS // ALARM_EVERY // 2),
        ):
            cursor.execute(f"SELECT count(*) FROM {table}")
            (count,) = cursor.fetchone()
            assert count >= least, f"{table} has {count} rows, not {least}"
        cursor.execute("SELECT count(*) FROM inbox_exception")
        assert cursor.fetchone() == (0,), "some uplinks were refused"


def postmaster_of_this_session() -> int:
    """The process id of the server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    return int(Path(f"/proc/{backend}/stat").read_text().rsplit(")", 1)[1].split()[1])


def cpu(postmaster: int) -> Cpu:
    """Spent so far, the children that have ended included."""
    mine = os.times()
    own = (mine.user + mine.system) * 1e6
    here = sum(spent_us(pid) for pid in family(os.getpid()))
    return Cpu(own, here - spent_us(os.getpid(), children=0), server_us(postmaster))


def server_us(postmaster: int) -> float:
    """The whole server."""
    return sum(spent_us(pid) for pid in family(postmaster))


def spent_us(pid: int, *, children: int = 1) -> float:
    """User and system time of a process and, unless `children` is 0, of its ended children."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    ticks = int(words[11]) + int(words[12])
    return (ticks + children * (int(words[13]) + int(words[14]))) * TICK_US


if __name__ == "__main__":
    main()
