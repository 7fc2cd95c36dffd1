"""Papers: the same bytes for the same data, nothing from outside, every character visible."""

import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noroshi.base import papers
from noroshi.base.glyphs import characters_of, printable
from noroshi.base.papers import FONTS, REGULAR, PaperError, render, render_png

NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
HEAD = "#show: paper.with(title: data.title)\n#title()\n"
ODD = "髙﨑 ①㈱ ｶﾞｷﾞ が か\u3099 𠮷 😀 한글 葛\U000e0100 \u202e右 e\u0301 \x07 〜～－−"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A paper that shows its text in a frame and in a list."""
    path = tmp_path / "letter.typ"
    path.write_text(HEAD + '= 内容\n#framed(lines(data.text))\n#facts(("文面", data.text))\n')
    return path


def data(text: str = "本文", **other: Any) -> dict[str, object]:
    return {"title": "お知らせ", "text": text, "made_at": NOW, **other}


def test_equal_data_make_equal_bytes_and_other_data_others(template: Path) -> None:
    assert render(template, data()) == render(template, data())
    assert render(template, data("別")) != render(template, data())
    later = data() | {"made_at": NOW + timedelta(seconds=1)}
    assert render(template, later) != render(template, data())


def test_the_file_is_one_to_keep_and_carries_its_date(template: Path) -> None:
    pdf = render(template, data())
    assert pdf.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert b"2026-11-22T01:15:00" in pdf


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=60) | st.just(ODD))
def test_any_text_of_the_world_can_be_printed(template: Path, text: str) -> None:
    assert render(template, data(text))


def test_what_the_font_lacks_or_nobody_sees_is_spelled_out() -> None:
    font = FONTS / REGULAR
    assert printable("髙﨑①㈱𠮷", font) == "髙﨑①㈱〔U+20BB7〕"
    assert printable("甲\u202e乙\u200b丙\x00", font) == "甲〔U+202E〕乙〔U+200B〕丙〔U+0000〕"
    assert printable("か\u3099き\u3099", font) == "がぎ"
    assert printable("一\n二\t三", font) == "一\n二\t三"


@given(
    st.text(st.characters(codec="shift_jis", exclude_categories=["Cc"], exclude_characters="¥‾"))
)
def test_all_of_shift_jis_that_the_font_has_stays_as_it_is(text: str) -> None:
    font = FONTS / REGULAR
    known = characters_of(font)
    plain = "".join(c for c in text if ord(c) in known and unicodedata.category(c) != "Cf")
    assert printable(plain, font) == plain


def test_data_are_data_and_never_a_program(template: Path) -> None:
    told = '#read("/etc/passwd") #panic("x") = 見出し $x$ \\ ` * _ <a> @b // c'
    pages = render_png(template, data(told))
    assert len(pages) == 1
    assert pages != render_png(template, data("本文"))


@pytest.mark.parametrize(
    "line",
    ['#read("/etc/passwd")', '#read("../secret.txt")', '#import "@preview/cetz:0.3.1": canvas'],
)
def test_a_template_reaches_nothing_outside_its_folder(template: Path, line: str) -> None:
    (template.parent.parent / "secret.txt").write_text("x")
    template.write_text(HEAD + line)
    with pytest.raises(PaperError, match=r"letter\.typ"):
        render(template, data())


def test_missing_fonts_are_told_with_what_to_do(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers, "FONTS", tmp_path)
    with pytest.raises(PaperError, match=r"BIZUDGothic-Regular\.ttf is missing; run"):
        render(template, data())


@pytest.mark.parametrize("made_at", [None, "2026-11-22", datetime(2026, 11, 22)])  # noqa: DTZ001
def test_a_paper_needs_its_date(template: Path, made_at: object) -> None:
    with pytest.raises(ValueError, match="made_at"):
        render(template, {"title": "t", "text": "x", "made_at": made_at})


def test_a_file_that_is_no_font_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.ttf").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="not a font"):
        characters_of(tmp_path / "x.ttf")


def test_a_long_text_goes_over_pages(template: Path) -> None:
    assert len(render_png(template, data("行\n" * 90))) > 2
