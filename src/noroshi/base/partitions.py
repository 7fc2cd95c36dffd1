"""Range partitions by calendar month or day in UTC: made ahead, dropped whole."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import OperationalError, connection, transaction

MONTHS_AHEAD = 2
WAIT_MS = 1_000  # what the gate and the spine may be held up by a change of partitions
NAME = re.compile(r"^[a-z_]+_(\d{4})(\d{2})(\d{2})?$")


@dataclass(frozen=True, slots=True)
class Span:
    """[since, until) in whole days."""

    since: date
    until: date
    suffix: str


def months(first: date, last: date) -> Iterator[Span]:
    """The calendar months from the one holding `first` to the one holding `last`."""
    day = first.replace(day=1)
    while day <= last:
        following = (day + timedelta(days=32)).replace(day=1)
        yield Span(day, following, f"{day:%Y%m}")
        day = following


def days(first: date, last: date) -> Iterator[Span]:
    """Each day from `first` to `last`."""
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        yield Span(day, day + timedelta(days=1), f"{day:%Y%m%d}")


def time_bound(day: date) -> str:
    """The partition bound of a timestamptz column at midnight UTC of `day`."""
    return f"{day:%Y-%m-%d} 00:00:00+00"


def key_bound(day: date) -> str:
    """The same for a column of time-first keys (6 bytes of milliseconds, 10 of hash)."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return str(uuid.UUID(bytes=int(midnight.timestamp() * 1000).to_bytes(6, "big") + bytes(10)))


BOUNDS = {"time": time_bound, "key": key_bound}


def ensure(table: str, span: Span, *, bound: str) -> None:
    """Make one partition unless it is there. `bound` is a name in BOUNDS.

    Raises IntegrityError when rows of the span lie in the default partition already.
    """
    lower, upper = BOUNDS[bound](span.since), BOUNDS[bound](span.until)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"{table}_{span.suffix}"])
        if cursor.fetchone()[0] is None:
            cursor.execute(
                f"CREATE TABLE {table}_{span.suffix} PARTITION OF {table} "
                f"FOR VALUES FROM ('{lower}') TO ('{upper}')"
            )


def ensure_with_rows(table: str, default: str, column: str, span: Span, *, bound: str) -> int:
    """The same; rows of the default partition that belong to it move in. Returns 1 when new.

    Raises OperationalError when somebody uses the default partition for longer than WAIT_MS (a
    backup): who waits for a lock makes all others wait behind.
    """
    name = f"{table}_{span.suffix}"
    lower, upper = BOUNDS[bound](span.since), BOUNDS[bound](span.until)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        if cursor.fetchone()[0]:
            return 0
        cursor.execute(f"SET LOCAL lock_timeout = {WAIT_MS}")
        cursor.execute(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {default} WHERE {column} >= %s AND {column} < %s "
            f"RETURNING *) INSERT INTO {name} SELECT * FROM moved",
            [lower, upper],
        )
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)",
            [lower, upper],
        )
        cursor.execute("SET LOCAL lock_timeout = 0")
    return 1


def drop_when_free(table: str, span: Span) -> int:
    """Drop one partition unless its table is in use for longer than WAIT_MS; returns how many."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {WAIT_MS}")
            drop(table, span)
            cursor.execute("SET LOCAL lock_timeout = 0")
    except OperationalError:
        return 0  # The next call drops it.
    return 1


def existing(table: str) -> list[Span]:
    """The dated partitions of `table`, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = %s::regclass ORDER BY 1",
            [table],
        )
        names = [name for (name,) in cursor.fetchall()]
    return [span for name in names if (span := span_of(name)) is not None]


def span_of(name: str) -> Span | None:
    """What a partition's name says it holds; None for the default partition."""
    found = NAME.match(name)
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2]), found[3]
    first = date(year, month, int(day or 1))
    last = first if day else next(months(first, first)).until - timedelta(days=1)
    return Span(first, last + timedelta(days=1), name.rsplit("_", 1)[1])


def drop(table: str, span: Span) -> None:
    """Drop one partition whole: no rows to delete one by one, no space left behind."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}_{span.suffix}")
