"""What the office asks of the whole house, each question one query."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from noroshi.base.models import Pulse
from noroshi.devices.models import Device
from noroshi.inbox.models import Broker
from noroshi.office.words import job_of

SILENT_AFTER_INTERVALS = 3
SILENT_GRACE = timedelta(minutes=10)
QUIET_PROGRAM = timedelta(seconds=30)
WATCHED = ("gate", "work", "send", "tick", "live")
RECENT_ENTRIES = 20_000  # of the journal, to learn when each connection was heard last

STRANGERS = """
SELECT x.space, x.address, count(*), min(x.received_at), max(x.received_at),
  (array_agg(c.name ORDER BY x.entry_id DESC))[1],
  EXISTS (SELECT FROM devices_device d WHERE d.space = x.space AND d.address = x.address
    AND d.retired_at IS NULL)
FROM inbox_exception x JOIN inbox_connection c ON c.id = x.connection_id
WHERE x.kind = 'unknown' AND x.state = 'open'
GROUP BY x.space, x.address ORDER BY min(x.received_at) LIMIT %s
"""
TROUBLES = """
SELECT x.kind, x.reason,
  CASE x.reason WHEN 'codec_failed' THEN split_part(x.detail, ':', 1) ELSE '' END,
  CASE x.kind WHEN 'refused' THEN n.id END, CASE x.kind WHEN 'refused' THEN n.name END,
  c.id, c.name, count(*), min(x.received_at), max(x.received_at)
FROM inbox_exception x
JOIN inbox_connection n ON n.id = x.connection_id
LEFT JOIN devices_device d ON x.kind = 'failed' AND d.space = x.space AND d.address = x.address
  AND d.retired_at IS NULL
LEFT JOIN devices_devicetype t ON t.id = d.type_id
LEFT JOIN codecs_codec c ON c.id = t.codec_id
WHERE x.kind IN ('refused', 'failed') AND x.state = 'open'
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY min(x.received_at) LIMIT %s
"""
HEARD = """
SELECT connection_id, max(received_at) FROM (
  (SELECT connection_id, received_at FROM inbox_entry ORDER BY id DESC LIMIT %s)
  UNION ALL
  SELECT c.id, (SELECT max(b.received_until) FROM inbox_block b WHERE b.connection_id = c.id)
  FROM inbox_connection c
) AS newest WHERE received_at IS NOT NULL GROUP BY connection_id
"""
PAYLOADS = """
SELECT d.code, d.name, u.sent_at, u.f_port, u.payload, u.data
FROM (
  SELECT d.id, d.code, d.name FROM devices_device d
  JOIN devices_devicetype t ON t.id = d.type_id JOIN devices_heartbeat h ON h.device_id = d.id
  WHERE t.codec_id = %s ORDER BY h.sent_at DESC LIMIT %s
) AS d CROSS JOIN LATERAL (
  SELECT sent_at, f_port, payload, data FROM readings_uplink
  WHERE device_id = d.id AND length(payload) > 0 ORDER BY sent_at DESC LIMIT %s
) AS u ORDER BY u.sent_at DESC
"""
KEYS = """
SELECT s.key, min(s.kind) FROM readings_series s JOIN devices_device d ON d.id = s.device_id
WHERE d.type_id = %s GROUP BY s.key ORDER BY s.key LIMIT %s
"""
FAILURES = """
SELECT count(*) FROM inbox_exception x
JOIN devices_device d ON d.space = x.space AND d.address = x.address AND d.retired_at IS NULL
JOIN devices_devicetype t ON t.id = d.type_id
WHERE x.kind = 'failed' AND x.state = 'open' AND x.reason = 'codec_failed' AND t.codec_id = %s
"""
TABLES = """
SELECT coalesce(pg_partition_root(c.oid), c.oid)::regclass::text,
  sum(pg_total_relation_size(c.oid)), count(*) FILTER (WHERE c.relispartition)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' GROUP BY 1 ORDER BY 2 DESC LIMIT %s
"""
DATABASE = "SELECT pg_database_size(current_database()), current_setting('server_version')"


@dataclass(frozen=True, slots=True)
class Stranger:
    """An address that sends without being registered; `is_known`: for another tenant only."""

    space: str
    address: str
    count: int
    first_at: datetime
    last_at: datetime
    connection: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Open entries of one kind and reason: refused ones of a connection, failed ones of a codec.

    `code` is the codec's error, else empty.
    """

    kind: str
    reason: str
    code: str
    connection_id: int | None
    connection: str | None
    codec_id: int | None
    codec: str | None
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Program:
    """One program with all its processes; `seen_at` None: never seen."""

    name: str
    seen_at: datetime | None
    started_at: datetime | None
    processes: int
    is_quiet: bool

    @property
    def job(self) -> str:
        """What it does, in the reader's language."""
        return job_of(self.name)


@dataclass(frozen=True, slots=True)
class RealPayload:
    """What a device really sent, and the values it became then."""

    device_code: str
    device: str
    sent_at: datetime
    f_port: int | None
    payload: bytes
    data: object


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its indexes and partitions, in bytes."""

    name: str
    size: int
    partitions: int


def strangers(*, limit: int) -> list[Stranger]:
    """Unknown devices that wait, the longest waiting first."""
    with connection.cursor() as cursor:
        cursor.execute(STRANGERS, [limit])
        return [Stranger(*row) for row in cursor.fetchall()]


def troubles(*, limit: int) -> list[Group]:
    """Refused and failed entries that wait, grouped by their cause, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(TROUBLES, [limit])
        return [Group(*row) for row in cursor.fetchall()]


def heard_of_connections() -> dict[int, datetime]:
    """Connection → when it brought something last, within the newest RECENT_ENTRIES."""
    with connection.cursor() as cursor:
        cursor.execute(HEARD, [RECENT_ENTRIES])
        return dict(cursor.fetchall())


def real_payloads(codec_id: int, *, devices: int, each: int) -> list[RealPayload]:
    """The newest payloads of the devices heard last whose type uses this codec."""
    with connection.cursor() as cursor:
        cursor.execute(PAYLOADS, [codec_id, devices, each])
        rows = cursor.fetchall()
    return [
        RealPayload(code, name, sent_at, f_port, bytes(payload), as_data(data))
        for code, name, sent_at, f_port, payload, data in rows
    ]


def as_data(value: object) -> object:
    """A JSON column as the driver hands it, parsed or still text."""
    return json.loads(value) if isinstance(value, str) else value


def codec_failures(codec_id: int) -> int:
    """How many entries wait because this codec could not read them."""
    with connection.cursor() as cursor:
        cursor.execute(FAILURES, [codec_id])
        return int(cursor.fetchone()[0])


def keys_of_type(type_id: int, *, limit: int) -> list[tuple[str, str]]:
    """(key, kind) of everything that devices of this type have measured."""
    with connection.cursor() as cursor:
        cursor.execute(KEYS, [type_id, limit])
        return [(str(key), str(kind)) for key, kind in cursor.fetchall()]


def tables(*, limit: int) -> list[Table]:
    """The biggest tables, partitions counted into their table."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES, [limit])
        return [Table(str(name), int(size), parts) for name, size, parts in cursor.fetchall()]


def database() -> tuple[int, str]:
    """(size of the database in bytes, version of the server)."""
    with connection.cursor() as cursor:
        cursor.execute(DATABASE)
        size, version = cursor.fetchone()
    return int(size), str(version)


def programs(now: datetime) -> list[Program]:
    """Every program that should run or was seen lately, by name."""
    pulses: dict[str, list[Pulse]] = {name: [] for name in WATCHED}
    if Broker.objects.exists():
        pulses["listen"] = []
    for pulse in Pulse.objects.order_by("-seen_at"):
        pulses.setdefault(pulse.program, []).append(pulse)
    return [program_of(name, rows, now) for name, rows in sorted(pulses.items())]


def program_of(name: str, rows: Sequence[Pulse], now: datetime) -> Program:
    """One program; a process that ended does not matter while another lives."""
    if not rows:
        return Program(name, None, None, 0, is_quiet=True)
    alive = [row for row in rows if now - row.seen_at <= QUIET_PROGRAM]
    newest = rows[0]
    return Program(name, newest.seen_at, newest.started_at, len(alive), is_quiet=not alive)


def devices_for_office() -> QuerySet[Device]:
    """All devices with tenant, type, site, heartbeat, and `silent_from` by which they are due."""
    interval = Coalesce("interval_s", "type__interval_s")
    patience = ExpressionWrapper(
        interval * Value(timedelta(seconds=SILENT_AFTER_INTERVALS)), output_field=DurationField()
    )
    return Device.objects.select_related("tenant", "type", "site", "heartbeat", "thing").annotate(
        silent_from=F("heartbeat__sent_at") + patience + Value(SILENT_GRACE)
    )


def devices_in(devices: QuerySet[Device], state: str, now: datetime) -> QuerySet[Device]:
    """Those of the devices in one state: ok, silent, unknown, retired; "" = all in service."""
    if state == "retired":
        return devices.filter(retired_at__isnull=False)
    in_service = devices.filter(retired_at=None)
    wanted = {
        "ok": Q(silent_from__gte=now),
        "silent": Q(silent_from__lt=now),
        "unknown": Q(silent_from=None),
    }
    return in_service.filter(wanted[state]) if state in wanted else in_service


def devices_named(devices: QuerySet[Device], words: str) -> QuerySet[Device]:
    """The devices whose name, place, tenant or address holds every word."""
    for word in words.split():
        devices = devices.filter(
            Q(name__icontains=word)
            | Q(address__icontains=word)
            | Q(site__name__icontains=word)
            | Q(tenant__name__icontains=word)
        )
    return devices
