"""Rows as binary arrays: PostgreSQL reads out of them what went in."""

import json
import uuid
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.pq import ExecStatus

from noroshi.gate.columns import arrays
from noroshi.gate.row import Row
from tests.gate.conftest import database_url

UNNEST = (
    b"SELECT json_agg(sent) FROM unnest($1::uuid[], $2::smallint[], $3::integer[], "
    b"$4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[]) AS sent"
    b"(key, slice, connection_id, received_at, event, address, content_type, query, body)"
)
ROW = Row(
    uuid.UUID("0192f000-0000-7000-8000-00000000000f"),
    15,
    2**31 - 1,
    datetime(2026, 11, 22, 1, 2, 3, 456789, UTC),
    "up",
    "0101000000000001",
    "application/json",
    "event=up&name=温度",
    b"\x00\xff{}",
)
EMPTY = Row(uuid.UUID(int=0), 0, 0, datetime(1999, 12, 31, tzinfo=UTC), "", "", "", "", b"")


@pytest.mark.django_db
def test_postgresql_reads_each_column_as_it_was() -> None:
    rows = [ROW, EMPTY, ROW._replace(slice=-1, connection_id=-5)]
    with psycopg.connect(database_url()) as pg:
        told = pg.pgconn.exec_params(UNNEST, arrays(rows), None, [1] * 9)
        assert told.status == ExecStatus.TUPLES_OK, told.get_error_message()
        found = json.loads(told.get_value(0, 0) or b"")
    for row, read in zip(rows, found, strict=True):
        assert uuid.UUID(read["key"]) == row.key
        assert datetime.fromisoformat(read["received_at"]) == row.received_at
        assert bytes.fromhex(read["body"][2:]) == row.body
        same = ("slice", "connection_id", "event", "address", "content_type", "query")
        assert [read[name] for name in same] == [getattr(row, name) for name in same]


@pytest.mark.parametrize(
    "row",
    [
        ROW._replace(slice=1 << 15),
        ROW._replace(connection_id=1 << 40),
        ROW._replace(event="half \ud800 of a pair"),
        ROW._replace(query="half \ud800 of a pair"),
    ],
)
def test_what_no_column_can_hold_is_said_before_anything_is_sent(row: Row) -> None:
    with pytest.raises((ValueError, OverflowError)):
        arrays([ROW, row])
