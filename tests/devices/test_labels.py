"""Labels for things: what stands on them, on how many pages, and where the code leads."""

from datetime import UTC, datetime

import pytest

from noroshi.base import papers
from noroshi.devices.labels import (
    LABELS_MAX,
    SHEETS,
    TEMPLATE,
    Label,
    contents,
    labels,
    sheet_names,
)

NOW = datetime(2026, 11, 22, 1, 14, tzinfo=UTC)
ONE = Label("第1冷蔵庫", "TH-100", "SN12", "LoRaWAN", "A840411B2C3D0001", "GgD79LBPmB5l")
LONG = Label("本社工場の" * 30, "M" * 100, "S" * 64, "Sigfox", "x" * 64, "GgD79LBPmB5m")


def places(told: dict[str, object]) -> list[list[dict[str, object] | None]]:
    pages = told["pages"]
    assert isinstance(pages, list)
    return pages


def test_a_label_says_what_the_thing_is_and_opens_its_page() -> None:
    (page,) = places(contents([ONE], "roll-62x29", now=NOW))
    (label,) = page
    assert label is not None
    said = (label["name"], label["model"], label["serial"], label["network"], label["address"])
    assert said == ("第1冷蔵庫", "TH-100", "S/N SN12", "LoRaWAN", ["A840411B2C3D0001"])
    assert str(label["qr"]).startswith("<svg")
    assert "PAC" not in str(page)


@pytest.mark.parametrize("size", SHEETS)
def test_every_size_fits_its_page_and_becomes_as_many_pages_as_it_needs(size: str) -> None:
    sheet = SHEETS[size]
    assert sheet.left + sheet.columns * sheet.label_width <= sheet.width
    assert sheet.top + sheet.rows * sheet.label_height <= sheet.height
    told = contents([ONE, LONG] * ((sheet.count + 2) // 2), size, now=NOW)
    assert len(papers.render_png(TEMPLATE, told)) == len(places(told)) > 1
    assert size in sheet_names()


def test_a_sheet_that_was_begun_is_used_up_from_the_place_named() -> None:
    (page,) = places(contents([ONE, ONE], "a4-24", first=5, now=NOW))
    assert [place is not None for place in page] == [False] * 4 + [True] * 2
    first, second = places(contents([ONE, ONE], "a4-24", first=24, now=NOW))
    assert (first.count(None), len(second)) == (23, 1)


def test_long_texts_are_cut_to_what_a_label_holds() -> None:
    (page,) = places(contents([LONG], "a4-44", now=NOW))
    assert page[0] is not None
    assert page[0]["name"] == "本社工場の" * 5 + "本社工場…"
    assert page[0]["serial"] == "S/N " + "S" * 18 + "…"
    assert page[0]["address"] == ["x" * 16, "x" * 15 + "…"]


def test_the_labels_are_a_pdf_and_no_more_than_one_may_want() -> None:
    assert labels([ONE], "a4-44", now=NOW).startswith(b"%PDF-1.7")
    told = places(contents([ONE] * (LABELS_MAX + 1), "a4-24", now=NOW))
    assert sum(len(page) for page in told) == LABELS_MAX
