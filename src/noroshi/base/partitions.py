"""Range partitions by calendar month or day: made ahead, dropped whole."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import OperationalError, connection, transaction

from noroshi.base import failpoints
from noroshi.base.roles import PIPELINE

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
    """The partition bound of a timestamptz column where `day` begins in Japan."""
    return f"{day:%Y-%m-%d} 00:00:00+09"


def day_bound(day: date) -> str:
    """The same of a column of days."""
    return f"{day:%Y-%m-%d}"


def key_bound(day: date) -> str:
    """Midnight UTC of `day` as a time-first key: 6 bytes of milliseconds, 10 of hash."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return str(uuid.UUID(bytes=int(midnight.timestamp() * 1000).to_bytes(6, "big") + bytes(10)))


BOUNDS = {"time": time_bound, "day": day_bound, "key": key_bound}

# What the pipeline may do to a partition itself: pack it, prune it. The app: nothing.
GRANTED = ("SELECT", "DELETE")
PLACES = """
  place text[] := CASE parent  -- its default partition, its column, the column's type
    WHEN 'inbox_entry' THEN ARRAY['inbox_entry_other', 'key', 'uuid']
    WHEN 'inbox_block' THEN ARRAY['inbox_block_other', 'first_key', 'uuid']
    WHEN 'readings_uplink' THEN ARRAY['readings_uplink_other', 'sent_at', 'timestamptz']
    WHEN 'readings_loose' THEN ARRAY['readings_loose_other', 'at', 'timestamptz']
    WHEN 'readings_chunk' THEN ARRAY['readings_chunk_other', 'day_from', 'date']
    WHEN 'readings_reading' THEN ARRAY['readings_reading_late', 'at', 'timestamptz']
  END;
  part text := parent || '_' || suffix;
BEGIN
  IF place IS NULL OR suffix !~ '^[0-9]{6}([0-9]{2})?$' THEN
    RAISE insufficient_privilege USING MESSAGE = format('no partition: %s %s', parent, suffix);
  END IF;
"""
# The pipeline may change no table. These run as the owner and change only what stands in PLACES.
FUNCTIONS = {
    "noroshi_partition_add(text, text, text, text)": f"""
CREATE OR REPLACE FUNCTION public.noroshi_partition_add(
  parent text, suffix text, since text, until text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE settings text; {PLACES}
  IF to_regclass('public.' || part) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', place[1]);
  EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', part, parent);
  -- How rows are laid down is no part of a partitioned table; the default partition knows it.
  SELECT array_to_string(reloptions, ', ') INTO settings FROM pg_class
    WHERE oid = to_regclass('public.' || place[1]);
  IF settings <> '' THEN
    EXECUTE format('ALTER TABLE public.%I SET (%s)', part, settings);
  END IF;
  EXECUTE format(
    'WITH moved AS (DELETE FROM public.%1$I WHERE %2$I >= $1::%3$s AND %2$I < $2::%3$s '
    'RETURNING *) INSERT INTO public.%4$I SELECT * FROM moved', place[1], place[2], place[3], part
  ) USING since, until;
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
    parent, part, since, until);
  EXECUTE format('GRANT {", ".join(GRANTED)} ON public.%I TO {PIPELINE}', part);
  RETURN true;
END $body$""",
    "noroshi_partition_drop(text, text)": f"""
CREATE OR REPLACE FUNCTION public.noroshi_partition_drop(parent text, suffix text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE {PLACES}
  IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass('public.' || part)
      AND inhparent = to_regclass('public.' || parent)) THEN
    RETURN false;
  END IF;
  EXECUTE format('DROP TABLE public.%I', part);
  RETURN true;
END $body$""",
}


def ensure(table: str, span: Span, *, bound: str) -> None:
    """Make one partition unless it is there, as the owner: for migrations, before there are walls.

    `bound` is a name in BOUNDS. Raises IntegrityError when rows of the span lie in the default
    partition already.
    """
    lower, upper = BOUNDS[bound](span.since), BOUNDS[bound](span.until)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"{table}_{span.suffix}"])
        if cursor.fetchone()[0] is None:
            cursor.execute(
                f"CREATE TABLE {table}_{span.suffix} PARTITION OF {table} "
                f"FOR VALUES FROM ('{lower}') TO ('{upper}')"
            )


def ensure_with_rows(table: str, span: Span, *, bound: str) -> int:
    """The same for the pipeline; rows of the default partition that belong to it move in.

    Returns 1 when it is new. Raises OperationalError when somebody uses the default partition for
    longer than WAIT_MS (a backup): who waits for a lock makes all others wait behind.
    """
    bounds = [BOUNDS[bound](span.since), BOUNDS[bound](span.until)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {WAIT_MS}")
        cursor.execute(
            "SELECT public.noroshi_partition_add(%s, %s, %s, %s)", [table, span.suffix, *bounds]
        )
        is_new = bool(cursor.fetchone()[0])
        cursor.execute("SET LOCAL lock_timeout = 0")
    return int(is_new)


def drop_when_free(table: str, span: Span) -> int:
    """Drop one partition unless its table is in use for longer than WAIT_MS; returns how many."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {WAIT_MS}")
            drop(table, span)
            failpoints.at("prune.partition")
            cursor.execute("SET LOCAL lock_timeout = 0")
    except OperationalError:
        return 0  # The next call drops it.
    return 1


def drop_if_empty(table: str, span: Span) -> int:
    """Drop one partition unless it holds a row or is in use; returns how many."""
    part = f"{table}_{span.suffix}"
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {WAIT_MS}")
            cursor.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
            cursor.execute(f"LOCK TABLE {part} IN ACCESS EXCLUSIVE MODE")
            cursor.execute(f"SELECT EXISTS (SELECT FROM {part})")
            is_empty = not cursor.fetchone()[0]
            if is_empty:
                drop(table, span)
            cursor.execute("SET LOCAL lock_timeout = 0")
    except OperationalError:
        return 0  # An empty day costs nothing until the next call.
    return int(is_empty)


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
        cursor.execute("SELECT public.noroshi_partition_drop(%s, %s)", [table, span.suffix])
