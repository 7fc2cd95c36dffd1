"""Readings as a CSV file that opens in a spreadsheet: streamed, a piece of time in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import chain, islice
from typing import Literal

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from noroshi.base import wire
from noroshi.readings import cells, runs
from noroshi.readings.cells import Matrix
from noroshi.readings.store import NUMERIC_KINDS

Encoding = Literal["utf-8-sig", "cp932", "utf-8"]
Form = Literal["wide", "long", "hour", "day", "month"]

PIECE_BYTES_MAX = 256 * 1024
BATCH_BYTES = 1_000_000  # of the matrix that a piece is made from
SPAN_FIRST = timedelta(days=1)
SPAN_MAX = timedelta(days=31)
SPAN_MIN = timedelta(hours=1)
SPAN_READINGS = 300_000  # what is held in memory at a time
PROBLEMS_MAX = 100
TEXTS_CHECKED_MAX = 10_000
BOM = b"\xef\xbb\xbf"
END = np.frombuffer(b"\r\n", dtype=np.uint8)
COMMA = ord(",")


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One series of the file and how people read it; `kind` is a value of Series.Kind."""

    series_id: int
    device_name: str
    quantity_name: str
    unit: str
    decimals: int
    kind: str


@dataclass(frozen=True, slots=True)
class Export:
    """What to write: readings in [since, until), times in `zone`.

    `form` "wide": a row a moment, a column a series. "long": a row a reading. The others are
    steps: a row a series and step, see summary_file.
    """

    columns: Sequence[ExportColumn]
    since: datetime
    until: datetime
    zone: tzinfo
    encoding: Encoding = "utf-8-sig"
    form: Form = "wide"


@dataclass(frozen=True, slots=True)
class Problem:
    """A character that the encoding lacks and that the file will show as 〓.

    `column` counts the export's columns from 0; `at` is the reading's time, None for a name.
    """

    column: int
    at: datetime | None
    character: str


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one column in order of time: numbers as a matrix, or texts."""

    times: NDArray[np.int64]
    matrix: Matrix
    texts: list[bytes]

    def between(self, begin: int, end: int) -> Matrix:
        """The cells [begin, end) as a matrix."""
        return cells.text_matrix(self.texts[begin:end]) if self.texts else self.matrix[begin:end]

    @property
    def width(self) -> int:
        """Bytes of the longest cell."""
        return max(map(len, self.texts)) if self.texts else self.matrix.shape[1]


def check_encoding(export: Export) -> list[Problem]:
    """Characters of names and texts that the encoding lacks: at most PROBLEMS_MAX.

    Looks at every name and at TEXTS_CHECKED_MAX texts.
    """
    if export.encoding != "cp932":
        return []
    return list(islice(_problems(export), PROBLEMS_MAX))


def stream(export: Export) -> Iterator[bytes]:
    """The file in pieces of at most PIECE_BYTES_MAX bytes, oldest reading first.

    The header is in the language that is active now, whenever the rest is asked for.
    """
    head = BOM if export.encoding == "utf-8-sig" else b""
    return chain((head + _header(export),), _body(export))


def _body(export: Export) -> Iterator[bytes]:
    write = WRITERS[export.form]
    for columns in _pieces(export):
        for batch in write(export, columns):
            raw = batch[batch != 0].tobytes()
            for begin in range(0, len(raw), PIECE_BYTES_MAX):
                yield raw[begin : begin + PIECE_BYTES_MAX]


def _problems(export: Export) -> Iterator[Problem]:
    for n, column in enumerate(export.columns):
        names = column.device_name + column.quantity_name + column.unit
        for char in cells.lacking(names, export.encoding):
            yield Problem(n, None, char)
    series = {c.series_id: n for n, c in enumerate(export.columns) if c.kind not in NUMERIC_KINDS}
    texts = runs.loose_texts(list(series), export.since, export.until, TEXTS_CHECKED_MAX)
    for series_id, at, value in texts:
        for char in cells.lacking(cells.loose_text(value), export.encoding):
            yield Problem(series[series_id], at, char)


def _header(export: Export) -> bytes:
    if export.form == "long":
        titles = [_("日時"), _("センサー端末"), _("項目"), _("値"), _("単位")]
    else:
        is_one = len({column.device_name for column in export.columns}) <= 1
        titles = [_("日時"), *(_title(column, is_one=is_one) for column in export.columns)]
    return b",".join(cells.text_cell(title, export.encoding) for title in titles) + b"\r\n"


def _title(column: ExportColumn, *, is_one: bool) -> str:
    name = column.quantity_name if is_one else f"{column.device_name} {column.quantity_name}"
    return f"{name}({column.unit})" if column.unit else name


def _pieces(export: Export) -> Iterator[list[Cells]]:
    """The cells of every column, a span of time after the other; spans grow while they are thin."""
    series = [column.series_id for column in export.columns]
    first = runs.oldest(series)
    if first is None:
        return
    begin, span = max(export.since, first), SPAN_FIRST
    while begin < export.until:
        end = min(export.until, begin + span)
        columns = _cells(export, begin, end)
        count = sum(len(column.times) for column in columns)
        if count:
            yield columns
        share = SPAN_READINGS / max(count, 1)
        span = min(SPAN_MAX, max(SPAN_MIN, span * min(share, 31.0)))
        begin = end


def _cells(export: Export, since: datetime, until: datetime) -> list[Cells]:
    numeric = [c.series_id for c in export.columns if c.kind in NUMERIC_KINDS]
    others = [c.series_id for c in export.columns if c.kind not in NUMERIC_KINDS]
    numbers = runs.read_many(numeric, since, until)
    loose = runs.loose_many(others, since, until) if others else {}
    found = []
    for column in export.columns:
        if column.kind in NUMERIC_KINDS:
            times, values = numbers[column.series_id]
            found.append(Cells(times, cells.number_matrix(values, column.decimals), []))
        else:
            items = loose.get(column.series_id, [])
            times = np.array([wire.micros(at) for at, _ in items], dtype=np.int64)
            texts = [cells.text_cell(cells.loose_text(v), export.encoding) for _, v in items]
            found.append(Cells(times, cells.text_matrix([]), texts))
    return found


def _wide(export: Export, columns: Sequence[Cells]) -> Iterator[Matrix]:
    """A row for each moment at which any column has a reading."""
    times = np.sort(np.concatenate([column.times for column in columns]))
    times = times[
        np.append([True], times[1:] != times[:-1])
    ]  # np.unique hashes: three times slower
    width = 21 + sum(1 + column.width for column in columns)
    size = max(1, BATCH_BYTES // width)
    for begin in range(0, len(times), size):
        moments = times[begin : begin + size]
        matrix = np.zeros((len(moments), width), dtype=np.uint8)
        matrix[:, :19] = cells.time_matrix(moments, export.zone)
        matrix[:, -2:] = END
        at = 19
        for column in columns:
            matrix[:, at] = COMMA
            first, last = np.searchsorted(column.times, (moments[0], moments[-1] + 1))
            part = column.between(int(first), int(last))
            rows = np.searchsorted(moments, column.times[first:last])
            matrix[rows, at + 1 : at + 1 + part.shape[1]] = part
            at += 1 + column.width
        yield matrix


def _long(export: Export, columns: Sequence[Cells]) -> Iterator[Matrix]:
    """A row for each reading: time, device, quantity, value, unit."""
    names, units = _sides(export)
    lengths = [len(column.times) for column in columns]
    times = np.concatenate([column.times for column in columns])
    whose = np.repeat(np.arange(len(columns)), lengths)
    order = np.argsort(times, kind="stable")
    values = _LongValues(columns)
    width = 19 + names.shape[1] + values.width + units.shape[1]
    size = max(1, BATCH_BYTES // width)
    for begin in range(0, len(order), size):
        rows = order[begin : begin + size]
        series = whose[rows]
        yield np.hstack(
            (
                cells.time_matrix(times[rows], export.zone),
                names[series],
                values.of(rows),
                units[series],
            )
        )


class _LongValues:
    """The cells of all columns one after the other, asked for by number."""

    def __init__(self, columns: Sequence[Cells]) -> None:
        self.width = max(column.width for column in columns)
        count = sum(len(column.times) for column in columns)
        narrow = max(column.matrix.shape[1] for column in columns)
        self.numbers = np.zeros((count, narrow), dtype=np.uint8)
        self.texts: dict[int, bytes] = {}
        at = 0
        for column in columns:
            if column.texts:
                self.texts.update(enumerate(column.texts, start=at))
            else:
                width = column.matrix.shape[1]
                self.numbers[at : at + len(column.times), :width] = column.matrix
            at += len(column.times)

    def of(self, rows: NDArray[np.int64]) -> Matrix:
        """The cells of these rows."""
        numbers = self.numbers[rows]
        if not self.texts:
            return numbers
        texts = cells.text_matrix([self.texts.get(row, b"") for row in rows.tolist()])
        return np.hstack((numbers, texts))


def _sides(export: Export) -> tuple[Matrix, Matrix]:
    """What stands before and after the value in each column's rows."""
    before, after = [], []
    for column in export.columns:
        device = cells.text_cell(column.device_name, export.encoding)
        quantity = cells.text_cell(column.quantity_name, export.encoding)
        before.append(b",%b,%b," % (device, quantity))
        after.append(b",%b\r\n" % cells.text_cell(column.unit, export.encoding))
    return cells.text_matrix(before), cells.text_matrix(after)


WRITERS = {"wide": _wide, "long": _long}
