"""Summaries as a CSV file: a row for each series and step, streamed a year of one series a time."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from django.utils.translation import gettext as _

from noroshi.readings import cells, runs
from noroshi.readings.export import BOM, PIECE_BYTES_MAX, Export, ExportColumn
from noroshi.readings.store import NUMERIC_KINDS
from noroshi.readings.summaries import STEPS, Step, Summaries, borders_of, summaries

STEPS_HELD = 10_000  # borders of one series in memory: a year of hours
MEAN_DECIMALS = 2  # more than the values have
TOTAL_DECIMALS_MAX = 9


def stream_summaries(export: Export) -> Iterator[bytes]:
    """The file in pieces of at most PIECE_BYTES_MAX bytes; `export.form` is a Step.

    Series that hold no numbers are left out. The first and the last step may reach beyond the
    export's bounds: readings outside are not counted in them.
    """
    step = step_of(export)
    if step is None:
        raise ValueError(f"no step: {export.form}")
    head = BOM if export.encoding == "utf-8-sig" else b""
    titles = [
        *(_("期間の始まり"), _("センサー端末"), _("項目"), _("単位")),
        *(_("最小"), _("最大"), _("平均"), _("合計"), _("件数")),
        *(_("最初の値"), _("最初の日時"), _("最後の値"), _("最後の日時")),
    ]
    yield head + b",".join(cells.text_cell(one, export.encoding) for one in titles) + b"\r\n"
    for column in export.columns:
        if column.kind in NUMERIC_KINDS:
            yield from _series(export, column, step)


def step_of(export: Export) -> Step | None:
    """The step that the form names, None for a file of readings."""
    return next((step for step in STEPS if step == export.form), None)


def _series(export: Export, column: ExportColumn, step: Step) -> Iterator[bytes]:
    oldest = runs.oldest([column.series_id])
    since = max(export.since, oldest) if oldest else export.until
    if since >= export.until:
        return
    borders = borders_of(step, since, export.until, export.zone)
    borders[0], borders[-1] = max(borders[0], export.since), min(borders[-1], export.until)
    for begin in range(0, len(borders) - 1, STEPS_HELD):
        part = borders[begin : begin + STEPS_HELD + 1]
        raw = _rows(export, column, part)
        for at in range(0, len(raw), PIECE_BYTES_MAX):
            yield raw[at : at + PIECE_BYTES_MAX]


def _rows(export: Export, column: ExportColumn, borders: Sequence[datetime]) -> bytes:
    found = summaries([column.series_id], borders)[column.series_id]
    size = len(found.begin)
    if not size:
        return b""
    names = [
        cells.text_cell(text, export.encoding)
        for text in (column.device_name, column.quantity_name, column.unit)
    ]
    whose = cells.text_matrix([b"," + b",".join(names)])
    parts = [cells.time_matrix(found.begin, export.zone), np.repeat(whose, size, axis=0)]
    comma = cells.text_matrix([b","] * size)
    for numbers in _numbers(found, column, export):
        parts += [comma, numbers]
    parts.append(cells.text_matrix([b"\r\n"] * size))
    matrix = np.hstack(parts)
    return bytes(matrix[matrix != 0].tobytes())


def _numbers(found: Summaries, column: ExportColumn, export: Export) -> Iterator[cells.Matrix]:
    """The columns of numbers and times, in the order of the titles."""
    decimals = column.decimals
    yield cells.number_matrix(found.low, decimals)
    yield cells.number_matrix(found.high, decimals)
    with np.errstate(over="ignore", invalid="ignore"):
        yield cells.number_matrix(np.round(found.mean, decimals + MEAN_DECIMALS), decimals)
        yield cells.number_matrix(np.round(found.total, TOTAL_DECIMALS_MAX), decimals)
    yield cells.number_matrix(found.count.astype(np.float64), 0)
    yield cells.number_matrix(found.first, decimals)
    yield cells.time_matrix(found.first_at, export.zone)
    yield cells.number_matrix(found.last, decimals)
    yield cells.time_matrix(found.last_at, export.zone)
