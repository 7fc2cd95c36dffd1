"""The CSV opens in a spreadsheet as it was meant, and runs nothing there."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.base.wire import EPOCH, micros
from noroshi.readings import cells, closing, export
from noroshi.readings.export import Encoding, Export, ExportColumn, Form
from noroshi.readings.store import keep_points
from tests.readings.conftest import NOW, OLD, Field, at

TOKYO = ZoneInfo("Asia/Tokyo")
FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.builds(lambda n, e: n / 10**e, st.integers(-(10**9), 10**9), st.integers(0, 12)),
)


def text_of(matrix: cells.Matrix) -> list[str]:
    """The cells of a matrix."""
    return [row[row != 0].tobytes().decode() for row in matrix]


@given(st.lists(FLOATS), st.integers(0, 12))
def test_a_number_cell_is_the_number_with_its_decimals(values: list[float], decimals: int) -> None:
    found = text_of(cells.number_matrix(np.array(values, dtype=np.float64), decimals))
    assert [float(cell) for cell in found] == values
    for cell in found:
        if "e" not in cell:
            assert len(cell.partition(".")[2]) >= min(decimals, cells.DECIMALS_MAX) or "." in cell


@pytest.mark.parametrize(
    ("value", "decimals", "cell"),
    [
        (21.0, 1, "21.0"), (21.35, 1, "21.35"), (-0.05, 1, "-0.05"), (0.0, 0, "0"),
        (-3.0, 0, "-3"), (1234567.5, 2, "1234567.50"), (0.1 + 0.2, 1, "0.30000000000000004"),
        (1e22, 1, "1e+22"), (21.299999237060547, 1, "21.299999237060547"), (7.0, 3, "7.000"),
    ],
)  # fmt: skip
def test_numbers_lose_nothing(value: float, decimals: int, cell: str) -> None:
    assert text_of(cells.number_matrix(np.array([value, 5.5]), decimals))[0] == cell


@given(
    st.lists(
        st.integers(31_536_000_000_000, 4_102_444_800_000_000).map(
            lambda us: EPOCH + timedelta(microseconds=us)
        )
    ),
    st.sampled_from(["Asia/Tokyo", "Europe/Paris", "America/New_York", "Australia/Lord_Howe"]),
)
def test_a_time_cell_is_local_time(times: list[datetime], zone: str) -> None:
    place = ZoneInfo(zone)
    found = text_of(cells.time_matrix(np.array([micros(at) for at in times], dtype=int), place))
    assert found == [f"{at.astimezone(place):%Y/%m/%d %H:%M:%S}" for at in times]


@given(st.text(), st.sampled_from(["utf-8", "cp932"]))
def test_no_text_cell_begins_like_a_formula(text: str, encoding: str) -> None:
    raw = cells.text_cell(text, encoding).decode(encoding)
    [[cell]] = csv.reader(io.StringIO(raw, newline=""), strict=True) if raw != '""' else [[""]]
    bare = cell.lstrip(" \u3000\u00a0\ufeff\u200b")
    assert not bare.startswith(tuple("=+-@\t\r\n|＝＋－＠"))
    assert raw.startswith('"')
    assert raw.endswith('"')
    assert "\0" not in raw


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u3000=1", "\ufeff=1", "＝1",
     "＋1", "－1", "＠a", "|calc", "\N{MINUS SIGN}1", "\u200b=1", "\0=1"],
)  # fmt: skip
def test_formulas_become_text(text: str) -> None:
    for encoding in ("utf-8", "cp932"):
        assert cells.text_cell(text, encoding).decode(encoding).startswith("\"'")


def test_quotes_are_doubled_and_lacking_letters_become_a_geta() -> None:
    assert cells.text_cell('a"b', "utf-8") == b'"a""b"'
    assert cells.text_cell("𠮷野家—髙", "cp932").decode("cp932") == '"〓野家〓髙"'
    assert cells.lacking("𠮷野家—髙①㈱～", "cp932") == ["𠮷", "—"]


def columns(*series: int, device: str = "用水路A") -> list[ExportColumn]:
    names = [("水位", "cm", 1, "number"), ("扉", "", 0, "boolean"), ("状態", "", 0, "text")]
    return [ExportColumn(one, device, *name) for one, name in zip(series, names, strict=False)]


def written(wanted: Export) -> bytes:
    pieces = list(export.stream(wanted))
    assert all(len(piece) <= export.PIECE_BYTES_MAX for piece in pieces)
    return b"".join(pieces)


def table(wanted: Export) -> list[list[str]]:
    text = written(wanted).decode(wanted.encoding)
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def wanted(
    chosen: Sequence[ExportColumn], form: Form = "wide", encoding: Encoding = "utf-8-sig"
) -> Export:
    return Export(chosen, OLD - timedelta(days=90), NOW, TOKYO, encoding, form)


@pytest.fixture
def mixed(field: Field) -> list[ExportColumn]:
    """A level, a door and a text that looks like a formula."""
    kept = keep_points(
        [
            field.point(0.5, 3.25),
            field.point(0.5, 1, "door", "boolean"),
            field.point(10, 4.0),
            field.point(20, '=cmd|"/c calc"', "state", "text"),
        ]
    )
    return columns(kept[0].series_id, kept[1].series_id, kept[3].series_id)


@pytest.mark.parametrize("is_closed", [False, True])
def test_the_wide_form_has_a_row_for_a_moment(
    mixed: list[ExportColumn], *, is_closed: bool
) -> None:
    if is_closed:
        closing.close_days(NOW)
    assert written(wanted(mixed)).decode() == (
        '\ufeff"日時","水位(cm)","扉","状態"\r\n'
        "2031/03/04 09:00:30,3.25,1,\r\n"
        "2031/03/04 09:10:00,4.0,,\r\n"
        '2031/03/04 09:20:00,,,"\'=cmd|""/c calc"""\r\n'
    )


def test_the_long_form_has_a_row_for_a_reading(mixed: list[ExportColumn]) -> None:
    assert written(wanted(mixed, "long", "utf-8")).decode() == (
        '"日時","センサー端末","項目","値","単位"\r\n'
        '2031/03/04 09:00:30,"用水路A","水位",3.25,"cm"\r\n'
        '2031/03/04 09:00:30,"用水路A","扉",1,""\r\n'
        '2031/03/04 09:10:00,"用水路A","水位",4.0,"cm"\r\n'
        '2031/03/04 09:20:00,"用水路A","状態","\'=cmd|""/c calc""",""\r\n'
    )


def test_columns_of_several_devices_bear_the_devices_name(field: Field) -> None:
    series = field.keep((0, 1.0))
    chosen = columns(series) + columns(series, device="ため池")
    assert table(wanted(chosen))[0] == ["日時", "用水路A 水位(cm)", "ため池 水位(cm)"]


@pytest.mark.parametrize("form", ["wide", "long"])
def test_both_encodings_say_the_same(mixed: list[ExportColumn], form: Form) -> None:
    plain = table(wanted(mixed, form, "utf-8"))
    assert table(wanted(mixed, form, "utf-8-sig")) == plain
    assert table(wanted(mixed, form, "cp932")) == plain


def test_what_cp932_lacks_is_reported_before_and_replaced(field: Field) -> None:
    kept = keep_points([field.point(3, "a—b", "state", "text")])
    [name] = columns(kept[0].series_id, device="𠮷田")
    text = ExportColumn(name.series_id, name.device_name, "状態", "", 0, "text")
    asked = wanted([text], "long", "cp932")
    assert [(p.column, p.at, p.character) for p in export.check_encoding(asked)] == [
        (0, None, "𠮷"),
        (0, at(3), "—"),
    ]
    assert table(asked)[1][1:4] == ["〓田", "状態", "a〓b"]
    assert export.check_encoding(wanted([text], "long", "utf-8-sig")) == []


def test_the_report_of_lacking_letters_has_an_end(field: Field) -> None:
    series = field.keep((0, 1.0))
    asked = wanted(columns(series, device="𠮷" * 500), "wide", "cp932")
    assert len(export.check_encoding(asked)) == export.PROBLEMS_MAX


@pytest.mark.parametrize("form", ["wide", "long"])
def test_a_long_range_is_whole_and_in_order(field: Field, form: Form) -> None:
    minutes = [n * 10 - 60 * 1440 for n in range(9_000)]
    level = field.keep(*((m, n / 10) for n, m in enumerate(minutes)))
    door = field.keep(*((m + 3, float(n % 2)) for n, m in enumerate(minutes)), key="door")
    closing.close_days(NOW)
    found = table(wanted(columns(level, door), form))[1:]
    times = [row[0] for row in found]
    assert len(found) == 18_000
    assert times == sorted(times)
    values = [row[1] if form == "wide" else row[3] for row in found]
    assert [float(v) for v in values[::2]] == [n / 10 for n in range(9_000)]


def test_an_export_of_nothing_is_its_header(field: Field) -> None:
    assert len(table(wanted(columns(1_000_000)))) == 1
    assert len(table(wanted([]))) == 1
    assert len(table(wanted([], "long"))) == 1


def test_long_texts_stay_in_small_pieces(field: Field) -> None:
    kept = keep_points(
        [field.point(n, "長" * 20_000 if n % 9 == 0 else "短", "s", "text") for n in range(40)]
    )
    [column] = columns(kept[0].series_id)
    text = ExportColumn(column.series_id, column.device_name, "状態", "", 0, "text")
    for form in export.WRITERS:
        found = table(wanted([text], form))  # type: ignore[arg-type]
        assert len(found) == 41
        assert sorted({len(row[-1 if form == "wide" else 3]) for row in found[1:]}) == [1, 20_000]
