"""Range partitions by calendar month or day in UTC: made ahead, dropped whole."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection

MONTHS_AHEAD = 2
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
    """Make one partition unless it is there. `bound` is a name in BOUNDS."""
    lower, upper = BOUNDS[bound](span.since), BOUNDS[bound](span.until)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"{table}_{span.suffix}"])
        if cursor.fetchone()[0] is None:
            cursor.execute(
                f"CREATE TABLE {table}_{span.suffix} PARTITION OF {table} "
                f"FOR VALUES FROM ('{lower}') TO ('{upper}')"
            )


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
