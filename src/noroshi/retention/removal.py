"""Let data go: months that nobody keeps are dropped whole, of other months the contractor's rows.

It answers to nobody: plans.py asks first whether a plan, its notices and no hold allow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from noroshi.base import partitions
from noroshi.readings import days
from noroshi.readings.closing import CLOSING_LOCK

Going = list[Any]  # tenants, and the day of each

SWEPT_AFTER = timedelta(days=400)  # further back nothing new is taken in


@dataclass(frozen=True, slots=True)
class Table:
    """One table by months: whose rows they are, and the column that says when."""

    name: str
    rest: str  # its default partition
    owners: str
    owner: str
    device: str  # of an owner's row `o`
    time: str
    month: str  # of a row `r`


TABLES = (
    Table(
        *("readings_chunk", "readings_chunk_other", "readings_series", "series_id"),
        *("o.device_id", "day_from", "date_trunc('month', r.day_from::timestamp)::date"),
    ),
    Table(
        *("readings_loose", "readings_loose_other", "readings_series", "series_id"),
        *("o.device_id", "at", "date_trunc('month', r.at AT TIME ZONE 'Asia/Tokyo')::date"),
    ),
    Table(
        *("readings_uplink", "readings_uplink_other", "devices_device", "device_id"),
        *("o.id", "sent_at", "date_trunc('month', r.sent_at AT TIME ZONE 'Asia/Tokyo')::date"),
    ),
)
OTHERS = """
SELECT EXISTS (SELECT FROM {owners} o WHERE o.tenant_id <> ALL(%s)
    AND EXISTS (SELECT FROM {part} r WHERE r.{owner} = o.id))
"""
STAYS = """
SELECT EXISTS (SELECT FROM readings_backdated b JOIN unnest(%s::bigint[], %s::date[])
    AS going (tenant_id, cut) USING (tenant_id) WHERE b.month = %s AND b.received_on >= going.cut)
"""
DELETE = """
DELETE FROM {part} r USING {owners} o JOIN unnest(%s::bigint[], %s::date[])
    AS going (tenant_id, cut) USING (tenant_id)
WHERE r.{owner} = o.id AND r.{time} < {bound} AND {month} < going.cut
    AND NOT EXISTS (SELECT FROM readings_backdated b WHERE b.device_id = {device}
        AND b.month = {month} AND b.received_on >= going.cut)
"""
BOUNDS = {"day_from": "going.cut"}
MIDNIGHT = "(going.cut::timestamp AT TIME ZONE 'Asia/Tokyo')"
DELETE_LATEST = """
DELETE FROM readings_latest l USING unnest(%s::bigint[], %s::date[]) AS going (tenant_id, cut)
WHERE l.tenant_id = going.tenant_id
    AND l.at < (going.cut::timestamp AT TIME ZONE 'Asia/Tokyo')
    AND NOT EXISTS (SELECT FROM readings_backdated b WHERE b.device_id = l.device_id
        AND b.month = date_trunc('month', l.at AT TIME ZONE 'Asia/Tokyo')::date
        AND b.received_on >= going.cut)
"""
FORGET = """
DELETE FROM readings_backdated b USING unnest(%s::bigint[], %s::date[]) AS going (tenant_id, cut)
WHERE b.tenant_id = going.tenant_id AND b.month < going.cut AND b.received_on < going.cut
"""


def remove(cuts: Mapping[int, date]) -> int:
    """Remove what each tenant has from before its day, a first of a month; counts partitions gone.

    Months of a device that something came for on that day or later stay. The caller holds the
    transaction, and hold_closer's lock. Raises OperationalError when a table is in use for longer
    than partitions.WAIT_MS, ValueError for a day that begins no month.
    """
    if any(cut.day != 1 for cut in cuts.values()):
        raise ValueError("data go by whole months")
    going = _columns(cuts)
    dropped = 0
    with connection.cursor() as cursor:
        cursor.execute(DELETE_LATEST, going)
        for table in TABLES:
            spans = [span for span in partitions.existing(table.name) if _touches(span, cuts)]
            whole = [span for span in spans if not _is_kept(table, span, cuts)]
            for span in spans:
                if span not in whole:
                    _delete(table, f"{table.name}_{span.suffix}", going)
            _delete(table, table.rest, going)
            for span in whole:
                dropped += _drop(table, span, cuts)
        cursor.execute(FORGET, going)
    return dropped


def sweep(now: datetime) -> int:
    """Drop months longer than SWEPT_AFTER ago in which nobody has anything; answers how many.

    Call it outside a transaction.
    """
    oldest = days.day_of(now) - SWEPT_AFTER
    swept = 0
    for table in TABLES:
        for span in partitions.existing(table.name):
            if span.until <= oldest and not _is_kept(table, span, {}):
                with transaction.atomic():
                    swept += _drop(table, span, {})
    return swept


def hold_closer() -> None:
    """Until the end of the transaction no day is packed and no month merged."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLOSING_LOCK])


def _columns(cuts: Mapping[int, date]) -> Going:
    return [list(cuts), list(cuts.values())]


def _touches(span: partitions.Span, cuts: Mapping[int, date]) -> bool:
    return any(span.until <= cut for cut in cuts.values())


def _is_kept(table: Table, span: partitions.Span, cuts: Mapping[int, date]) -> bool:
    """Whether anything in the month stays: another tenant's, or what came for it later."""
    gone = [tenant for tenant, cut in cuts.items() if span.until <= cut]
    names = {"owners": table.owners, "owner": table.owner}
    with connection.cursor() as cursor:
        cursor.execute(STAYS, [gone, [cuts[tenant] for tenant in gone], span.since])
        if cursor.fetchone()[0]:
            return True
        cursor.execute(OTHERS.format(part=f"{table.name}_{span.suffix}", **names), [gone])
        return bool(cursor.fetchone()[0])


def _delete(table: Table, part: str, going: Going) -> None:
    query = DELETE.format(
        part=part,
        owners=table.owners,
        owner=table.owner,
        device=table.device,
        time=table.time,
        month=table.month,
        bound=BOUNDS.get(table.time, MIDNIGHT),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, going)


def _drop(table: Table, span: partitions.Span, cuts: Mapping[int, date]) -> int:
    """Drop the month, unless something came for it while it was looked at."""
    part = f"{table.name}_{span.suffix}"
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {partitions.WAIT_MS}")
        cursor.execute(f"LOCK TABLE ONLY {table.name} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"LOCK TABLE {part} IN ACCESS EXCLUSIVE MODE")
        is_kept = _is_kept(table, span, cuts)  # what was being written is written now
        if is_kept:
            _delete(table, part, _columns(cuts))
        else:
            partitions.drop(table.name, span)
        cursor.execute("SET LOCAL lock_timeout = 0")
    return int(not is_kept)
