"""Labels that stick to things: name, model, serial, address, and a QR code that opens the page."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noroshi.base import papers
from noroshi.devices.models import Device, Thing

TEMPLATE = Path(__file__).parent / "papers" / "labels.typ"
CONTENT_TYPE = "application/pdf"
LABELS_MAX = 200
NAME_WIDTH = 60  # what three lines of the smallest label hold; a full-width character is 2
MODEL_CHARS = 22
SERIAL_CHARS = 19
ADDRESS_CHARS = 16
ADDRESS_LINES = 2
ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One size of label paper, all in mm: the page, the labels on it, where the first one is."""

    width: float
    height: float
    columns: int
    rows: int
    label_width: float
    label_height: float
    left: float
    top: float

    @property
    def count(self) -> int:
        """Labels on one page."""
        return self.columns * self.rows


# As sold in Japan for A4, without gaps between the labels; and rolls of single labels.
SHEETS: Mapping[str, Sheet] = {
    "a4-24": Sheet(210, 297, 3, 8, 66, 33.9, 6, 12.9),
    "a4-44": Sheet(210, 297, 4, 11, 48.3, 25.4, 8.4, 8.8),
    "a4-12": Sheet(210, 297, 2, 6, 86.4, 42.3, 18.6, 21.6),
    "roll-62x29": Sheet(62, 29, 1, 1, 62, 29, 0, 0),
}
SINGLE = "roll-62x29"


@dataclass(frozen=True, slots=True)
class Label:
    """What one label says; `code` is the thing's."""

    name: str
    model: str
    serial: str
    network: str
    address: str
    code: str


def sheet_names() -> dict[str, str]:
    """Key of SHEETS → its name for people."""
    on_a4 = _("A4 %(n)d面（%(size)s mm）")
    named = {
        key: on_a4 % {"n": sheet.count, "size": f"{sheet.label_width:g}×{sheet.label_height:g}"}
        for key, sheet in SHEETS.items()
        if sheet.count > 1
    }
    return named | {SINGLE: _("1枚ずつ（62×29 mm）")}


def label_of(thing: Thing, device: Device | None) -> Label:
    """The label of a thing; one in stock is named by its type."""
    name = device.name if device else thing.type.name
    network = str(thing.get_space_display())
    return Label(name, thing.model, thing.serial, network, thing.address, thing.code)


def labels(wanted: Sequence[Label], size: str, *, first: int = 1, now: datetime) -> bytes:
    """The PDF, as many pages as needed. Raises papers.PaperError.

    Args:
        wanted: at most LABELS_MAX.
        size: a key of SHEETS.
        first: where on the first page to begin, 1 … the sheet's count: earlier ones are used up.
    """
    return papers.render(TEMPLATE, contents(wanted, size, first=first, now=now))


def contents(
    wanted: Sequence[Label], size: str, *, first: int = 1, now: datetime
) -> dict[str, object]:
    """Everything the template says."""
    sheet = SHEETS[size]
    skipped = (first - 1) % sheet.count
    places: list[dict[str, object] | None] = [None] * skipped
    places += [shown(one) for one in wanted[:LABELS_MAX]]
    pages = [places[at : at + sheet.count] for at in range(0, len(places), sheet.count)]
    return {
        "made_at": now,
        "language": "en" if get_language() == "en" else "ja",
        "title": _("端末のラベル"),
        "sheet": asdict(sheet),
        "pages": pages,
    }


def shown(label: Label) -> dict[str, object]:
    """One label's texts, cut to what it holds."""
    address = cut(label.address, ADDRESS_CHARS * ADDRESS_LINES)
    pieces = [address[at : at + ADDRESS_CHARS] for at in range(0, len(address), ADDRESS_CHARS)]
    return {
        "name": cut(label.name, NAME_WIDTH, is_wide=True),
        "model": cut(label.model, MODEL_CHARS),
        "serial": f"S/N {cut(label.serial, SERIAL_CHARS)}" if label.serial else "",
        "network": label.network if len(pieces) == 1 else "",
        "address": pieces,
        "qr": segno.make(address_of(label.code), error="m").svg_inline(border=0, omitsize=True),
        "alt": _("%(address)s の画面のQRコード") % {"address": label.address},
    }


def cut(text: str, width_max: int, *, is_wide: bool = False) -> str:
    """The text, shortened to so many characters; with `is_wide` full-width ones count double."""
    width = 0
    for at, char in enumerate(text):
        width += 2 if is_wide and unicodedata.east_asian_width(char) in {"F", "W", "A"} else 1
        if width > width_max:
            return text[: at - 1] + ELLIPSIS
    return text


def address_of(code: str) -> str:
    """What the QR code opens: the page of the device, for who may see it."""
    return f"{settings.BASE_URL}{reverse('label', args=[code])}"
