"""The fast way to PostgreSQL: plain psycopg cursors, times as microseconds, safe JSON."""

import json
import math
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

import msgspec
import numpy as np
import psycopg
from django.db import connection
from numpy.typing import ArrayLike, NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.json import JsonbBinaryLoader, JsonbLoader

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY_S = 86_400

# PostgreSQL counts timestamps in microseconds from 2000.
POSTGRES_EPOCH_US = 946_684_800_000_000
ARRAY_HEAD = struct.Struct(">iiIii")  # dimensions, has nulls, element type, count, first index
SIZE = struct.Struct(">i")
NULL_ITEM = SIZE.pack(-1)
INT2, INT4, INT8, FLOAT4, FLOAT8 = 21, 23, 20, 700, 701
BOOL, BYTEA, TEXT, TIMESTAMPTZ, UUID_OID = 16, 17, 25, 1184, 2950
WIDTHS = {INT2: ">i2", INT4: ">i4", INT8: ">i8", FLOAT4: ">f4", FLOAT8: ">f8", BOOL: "?"}

NEVER_BY_COUNT = 1 << 62  # prepare what asks for it, and nothing for being asked often

_ENCODER = msgspec.json.Encoder(enc_hook=dict)


class Packed(bytes):
    """An array in PostgreSQL's binary form: psycopg's own lists cost ten times as much."""

    __slots__ = ()


class PackedDumper(Dumper):
    """Hands a Packed over as it is; its type is what the query casts the parameter to."""

    format = Format.BINARY
    oid = 0

    def dump(self, obj: Packed) -> bytes:
        """The bytes themselves."""
        return obj


class HotCursor(psycopg.Cursor[Any]):
    """Asks the same again and again: the server keeps what it read and planned of each query."""

    def execute(self, *asked: Any, prepare: bool | None = True, binary: bool | None = True) -> Self:
        """As psycopg's, prepared and with an answer in binary form."""
        return super().execute(*asked, prepare=prepare, binary=binary)


class _Kept(threading.local):
    """The hot cursor of this thread's connection: to make one costs more than to ask by it."""

    cursor: HotCursor | None = None
    is_lent = False


_kept = _Kept()


@contextmanager
def cursor(kind: type["psycopg.Cursor[Any]"] = psycopg.Cursor) -> Iterator["psycopg.Cursor[Any]"]:
    """A server-side-binding cursor on Django's connection, inside Django's transaction.

    Django's own cursor writes parameters into the text of the query, which is slow for arrays.
    Errors come out as django.db errors.
    """
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        kind(connection.connection) as plain,
    ):
        _adapt(plain)
        yield plain


@contextmanager
def hot() -> Iterator["psycopg.Cursor[Any]"]:
    """The same for queries of a hot path, each prepared when it is first asked.

    What it answered is to be read before the end of the block.
    """
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:  # as Django leaves it: prepare nothing
        raw.prepare_threshold = NEVER_BY_COUNT
    if _kept.is_lent:
        with cursor(HotCursor) as another:
            yield another
        return
    if _kept.cursor is None or _kept.cursor.connection is not raw:
        _kept.cursor = HotCursor(raw)
        _adapt(_kept.cursor)
    _kept.is_lent = True
    try:
        with connection.wrap_database_errors:
            yield _kept.cursor
    finally:
        _kept.is_lent = False


def _adapt(plain: "psycopg.Cursor[Any]") -> None:
    plain.adapters.register_dumper(Packed, PackedDumper)
    # Django reads JSON as text, for its model fields to parse.
    plain.adapters.register_loader("jsonb", JsonbLoader)
    plain.adapters.register_loader("jsonb", JsonbBinaryLoader)


def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = at - EPOCH  # to divide it by MICROSECOND takes twice as long
    return (since.days * DAY_S + since.seconds) * 1_000_000 + since.microseconds


def all_micros(moments: Iterable[datetime]) -> list[int]:
    """The same for many, of which neighbours are often one object."""
    found, last, last_us = [], EPOCH, 0
    for at in moments:
        if at is not last:
            last, last_us = at, micros(at)
        found.append(last_us)
    return found


def moment(at_us: int) -> datetime:
    """The moment in UTC of so many microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at_us)


def numbers(values: ArrayLike, oid: int) -> Packed:
    """An array of a type in WIDTHS, without NULL."""
    array = np.asarray(values, dtype=WIDTHS[oid])
    items = np.empty(len(array), dtype=[("size", ">i4"), ("item", array.dtype)])
    items["size"] = array.itemsize
    items["item"] = array
    return Packed(ARRAY_HEAD.pack(1, 0, oid, len(array), 1) + items.tobytes())


def columns(
    cursor: "psycopg.Cursor[Any]", query: str, parameters: Sequence[Any], oids: Sequence[int]
) -> list[NDArray[Any]]:
    """What a query for so many array_agg, of values that are never NULL, answers in its one row.

    Each of a type in WIDTHS, or TIMESTAMPTZ, in microseconds since 1970. Rows one by one, even by
    COPY, cost ten times as much on both sides.
    """
    result = cursor.execute(query, parameters, binary=True).pgresult
    raws = [result.get_value(0, n) if result else None for n in range(len(oids))]
    return [_array_of(raw, oid) for raw, oid in zip(raws, oids, strict=True)]


def _array_of(raw: bytes | None, oid: int) -> NDArray[Any]:
    if oid == TIMESTAMPTZ:
        return _array_of(raw, INT8) + POSTGRES_EPOCH_US
    kind = np.dtype(WIDTHS[oid])
    item = np.dtype([("size", ">i4"), ("item", kind)])
    items = np.empty(0, item) if raw is None else np.frombuffer(raw, item, offset=ARRAY_HEAD.size)
    return items["item"].astype(kind.newbyteorder("="))


def numbers_or_nulls(values: Sequence[float | None], oid: int) -> Packed:
    """The same for a column that may be empty in some rows."""
    if None not in values:
        return numbers(values, oid)  # type: ignore[arg-type]
    plain = np.asarray([0 if value is None else value for value in values], dtype=WIDTHS[oid])
    raw, width = plain.tobytes(), plain.itemsize
    head = SIZE.pack(width)
    items = [
        NULL_ITEM if value is None else head + raw[n * width : (n + 1) * width]
        for n, value in enumerate(values)
    ]
    return Packed(ARRAY_HEAD.pack(1, 1, oid, len(items), 1) + b"".join(items))


def times(at_us: ArrayLike) -> Packed:
    """An array of timestamptz from microseconds since 1970."""
    body = numbers(np.asarray(at_us, dtype=np.int64) - POSTGRES_EPOCH_US, INT8)
    return Packed(body[:8] + SIZE.pack(TIMESTAMPTZ) + body[12:])


def times_or_nulls(moments: Sequence[datetime | None]) -> Packed:
    """An array of timestamptz, of which some may be NULL."""
    at_us = [None if at is None else micros(at) - POSTGRES_EPOCH_US for at in moments]
    body = numbers_or_nulls(at_us, INT8)
    return Packed(body[:8] + SIZE.pack(TIMESTAMPTZ) + body[12:])


def bodies(values: Sequence[bytes | None], oid: int) -> Packed:
    """An array of bytea, or of text as UTF-8."""
    pack = SIZE.pack
    items = [NULL_ITEM if one is None else pack(len(one)) + one for one in values]
    has_nulls = int(None in values)
    return Packed(ARRAY_HEAD.pack(1, has_nulls, oid, len(items), 1) + b"".join(items))


def uuids(values: Iterable[UUID]) -> Packed:
    """An array of uuid."""
    whole = np.frombuffer(b"".join([one.int.to_bytes(16, "big") for one in values]), dtype="V16")
    items = np.empty(len(whole), dtype=[("size", ">i4"), ("item", "V16")])
    items["size"] = 16
    items["item"] = whole
    return Packed(ARRAY_HEAD.pack(1, 0, UUID_OID, len(whole), 1) + items.tobytes())


def texts(values: Iterable[str]) -> Packed:
    """An array of text; NUL and half surrogates become U+FFFD."""
    said: dict[str, bytes] = {}  # of most columns every row says the same
    found = []
    for one in values:
        encoded = said.get(one)
        if encoded is None:
            encoded = said[one] = plain_text(one).encode()
        found.append(encoded)
    return bodies(found, TEXT)


def jsons(values: Iterable[Any]) -> Packed:
    """An array of text that holds JSON; None stays NULL."""
    return bodies([None if one is None else json_bytes(one) for one in values], TEXT)


def json_bytes(value: Any) -> bytes:
    """JSON that PostgreSQL takes: NUL and half surrogates become U+FFFD, NaN becomes null."""
    try:
        text = _ENCODER.encode(value)
    except (UnicodeEncodeError, OverflowError):
        return json.dumps(_clean(value)).encode()
    return json.dumps(_clean(value)).encode() if b"\\u0000" in text else text


def plain_text(text: str) -> str:
    """Text that PostgreSQL takes: NUL and half surrogates become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    whole = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass")
    return whole.decode("utf-16", "replace")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, Mapping):
        return {plain_text(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
