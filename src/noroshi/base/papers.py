"""Papers: PDF files set with Typst from a template and data; equal input gives equal bytes."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import typst

from noroshi.base.glyphs import printable

HOUSE_STYLE = Path(__file__).parent / "papers" / "house.typ"
FONTS = Path(__file__).resolve().parents[3] / "build" / "fonts"
REGULAR, BOLD = "BIZUDGothic-Regular.ttf", "BIZUDGothic-Bold.ttf"

PIXELS_PER_INCH = 110


class PaperError(RuntimeError):
    """The paper could not be set; the message says why, for the operator."""


def render(template: Path, data: Mapping[str, object]) -> bytes:
    """A PDF file (PDF/A-2a, tagged) from a Typst template and its data.

    The template begins with `#show: paper.with(title: data.title)`; `data` and `paper` come from
    base/papers/house.typ. It reads no file outside its own folder and nothing from the network.

    Args:
        template: a `.typ` file.
        data: texts, numbers, lists and mappings of them; a datetime becomes ISO text. `made_at`
            (an aware datetime) is required: the file's date. `language` (`ja`, `en`) is optional.
            Characters that the font lacks are spelled out, e.g. 〔U+1F600〕.

    Raises PaperError when the fonts are missing or the template has a fault, ValueError when
    `made_at` is no aware datetime, TypeError for a value that JSON cannot hold.
    """
    compiler, at = _compiler(template, data)
    try:
        # Readable for decades (PDF/A-2, level A) and by screen readers (PDF/UA-1).
        pdf = compiler.compile(format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=at)
    except typst.TypstError as error:
        raise _fault(template, error) from error
    return pdf if isinstance(pdf, bytes) else b""


def render_png(template: Path, data: Mapping[str, object]) -> list[bytes]:
    """The same paper as pictures, one a page, for people and tests that look at it."""
    compiler, at = _compiler(template, data)
    try:
        pages = compiler.compile(format="png", ppi=PIXELS_PER_INCH, timestamp=at)
    except typst.TypstError as error:
        raise _fault(template, error) from error
    return pages if isinstance(pages, list) else [pages or b""]


def _compiler(template: Path, data: Mapping[str, object]) -> tuple[typst.Compiler, int]:
    """Ready to set the paper, and the second it is dated."""
    made_at = data.get("made_at")
    if not isinstance(made_at, datetime) or made_at.tzinfo is None:
        raise ValueError("a paper's data needs `made_at`, a datetime with its zone")
    for name in (REGULAR, BOLD):
        if not (FONTS / name).is_file():
            raise PaperError(f"the font {FONTS / name} is missing; run `make setup` once")
    if b'"@' in template.read_bytes():
        raise PaperError(f"{template.name}: papers import no packages, they are in the network")
    compiler = typst.Compiler(
        HOUSE_STYLE.read_bytes() + b"\n" + template.read_bytes(),
        root=template.parent,
        font_paths=_fonts(FONTS),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_shown(data))},
    )
    return compiler, int(made_at.timestamp())


def _shown(value: object) -> object:
    """The value as JSON can hold it, its texts as the font can draw them."""
    if isinstance(value, str):
        return printable(value, FONTS / REGULAR)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _shown(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_shown(inner) for inner in value]
    return value


@lru_cache(maxsize=2)
def _fonts(folder: Path) -> typst.Fonts:
    """Read once a process."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )


def _fault(template: Path, error: typst.TypstError) -> PaperError:
    hints = "; ".join(error.hints)
    return PaperError(f"{template.name}: {error.message}{f' ({hints})' if hints else ''}")
