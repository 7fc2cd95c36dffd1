"""How small raw uplinks lie in the journal, how fast they are packed, how fast one is read."""

import json
import resource
import statistics
import time
from datetime import timedelta

from bench import bodies, scratch

SCRATCH = "noroshi_bench_raw"
UPLINKS = 20_000
READS = 200
INSERT = """
INSERT INTO inbox_entry (key, slice, connection_id, received_at, event, address, content_type,
    query, body) VALUES (%s, %s, %s, %s, 'up', %s, 'application/json', '', %s)
"""
SIZE = """
SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = %s::regclass
"""


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure on the server of `database_url`; a database is made there and dropped at the end.

    The work is done by a child process.
    """
    with scratch.database(database_url, SCRATCH) as url:
        told = json.loads(scratch.child("bench.raw", url))
    return {name: (value, unit) for name, (value, unit) in told.items()}


def measure() -> dict[str, tuple[float, str]]:
    """In the child: fill the journal, pack it, and read singly."""
    import django  # noqa: PLC0415

    django.setup()
    from django.utils import timezone  # noqa: PLC0415

    from noroshi.inbox import retention  # noqa: PLC0415
    from noroshi.inbox.models import Entry, Watermark  # noqa: PLC0415
    from noroshi.jobs import raw  # noqa: PLC0415

    now = timezone.now()
    retention.make_partitions(bodies.START + timedelta(days=3))
    retention.make_partitions(now)
    empty = size("inbox_entry"), size("inbox_block")
    body_bytes = fill()
    keys = list(Entry.objects.order_by("?").values_list("key", flat=True)[:READS])
    Watermark.objects.update(entry_id=UPLINKS)
    hot_bytes, hot_ms = size("inbox_entry") - empty[0], read_ms(keys)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begin = time.perf_counter()
    assert raw.pack(now) == UPLINKS
    took = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert not Entry.objects.exists()
    return {
        "raw_uplink_body_bytes": (round(body_bytes / UPLINKS), "B"),
        "raw_uplink_hot_bytes": (round(hot_bytes / UPLINKS), "B"),
        "raw_uplink_bytes": (round((size("inbox_block") - empty[1]) / UPLINKS, 1), "B"),
        "raw_pack_per_s": (round(UPLINKS / took), "uplinks/s"),
        "raw_pack_more_mib": (round(peak - before), "MiB"),
        "raw_read_hot_ms": (round(hot_ms, 2), "ms"),
        "raw_read_packed_ms": (round(read_ms(keys), 2), "ms"),
    }


def fill() -> int:
    """Put a fleet's uplinks into the journal as the gate would; answers the bytes of the bodies."""
    from django.db import transaction  # noqa: PLC0415

    from noroshi.base import wire  # noqa: PLC0415
    from noroshi.inbox.models import Connection  # noqa: PLC0415
    from noroshi.networks import registry  # noqa: PLC0415
    from noroshi.networks.uplink import Arrival  # noqa: PLC0415

    source = Connection.objects.create(
        name="bench", kind="chirpstack", token_hash=b"b" * 32, created_at=bodies.START
    )
    total, rows = 0, []
    for sent in bodies.fleet(UPLINKS):
        at = sent.at + timedelta(milliseconds=350)
        arrival = Arrival(source.pk, at, "up", "application/json", "", sent.body, {})
        known = registry.identify("chirpstack", arrival)
        part = registry.slice_of(known.space, known.address)
        rows.append((known.key, part, source.pk, at, known.address, sent.body))
        total += len(sent.body)
    with transaction.atomic(), wire.cursor() as cursor:
        cursor.executemany(INSERT, rows)
    return total


def size(table: str) -> int:
    """Bytes of a partitioned table with its indexes and all that belongs to it."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(SIZE, [table])
        return int(cursor.fetchone()[0])


def read_ms(keys: list[object]) -> float:
    """Reading one entry by its key: the median."""
    from noroshi.inbox import journal  # noqa: PLC0415

    took = []
    for key in keys:
        begin = time.perf_counter()
        assert len(journal.by_keys([key])) == 1
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    print(json.dumps(measure()))  # the last line is the answer
