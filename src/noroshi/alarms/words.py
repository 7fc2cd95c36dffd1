"""How values, times and durations are written in mails, in the language in force."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite

from django.utils import timezone
from django.utils.translation import get_language

from noroshi.devices.models import Quantity

WEEKDAYS_JA = "月火水木金土日"
MORE_DECIMALS_MAX = 3
WRITTEN_OUT_BELOW = 1e15  # from here on a float has no digits to round

_HALF_WIDTH_KANA = re.compile(r"[｡-ﾟ]+")


def number(value: float, quantity: Quantity | None, *, unlike: float | None = None) -> str:
    """A value with its unit, e.g. 11.2℃; more digits when it would look equal to `unlike`."""
    unit = _unit(quantity)
    decimals = quantity.decimals if quantity else None
    written = _rounded(value, decimals)
    if unlike is not None and unlike != value and decimals is not None:
        for more in range(1, MORE_DECIMALS_MAX + 1):
            if written != _rounded(unlike, decimals + more - 1):
                break
            written = _rounded(value, decimals + more)
    return written + unit


def day_and_time(at: datetime) -> str:
    """11月22日(日) 10:15, or Sun 22 Nov 10:15, in the zone of the installation."""
    local = _local(at)
    if _is_english():
        return f"{local:%a} {local.day} {local:%b} {local:%H:%M}"
    return f"{local.month}月{local.day}日({WEEKDAYS_JA[local.weekday()]}) {local:%H:%M}"


def time(at: datetime, *, now: datetime) -> str:
    """10:15 when that is today, else with the date: 11/21 10:15."""
    local = _local(at)
    if local.date() == _local(now).date():
        return f"{local:%H:%M}"
    return f"{local.month}/{local.day} {local:%H:%M}"


def duration(length: timedelta) -> str:
    """40分, 1時間20分, 2日3時間; 40 min, 1 h 20 min, 2 d 3 h: at most two parts."""
    names = (" d", " h", " min", " s") if _is_english() else ("日", "時間", "分", "秒")
    seconds = max(0, round(length.total_seconds()))
    sizes = (86400, 3600, 60, 1)
    counts = [seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60, seconds % 60]
    first = next((place for place, count in enumerate(counts) if count), len(sizes) - 1)
    parts = [f"{counts[first]}{names[first]}"]
    if first + 1 < len(sizes) and counts[first + 1] and sizes[first] > 60:
        parts.append(f"{counts[first + 1]}{names[first + 1]}")
    return (" " if _is_english() else "").join(parts)


def plain(value: float) -> str:
    """A number without needless digits: 3, 0.5, −120."""
    return f"{value:g}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Naming:
    """What a key of a device type means; `quantity` is None when nobody named it."""

    key: str
    quantity: Quantity | None

    @property
    def name(self) -> str:
        """In the reader's language, or the codec's own word."""
        return self.quantity.name if self.quantity else self.key

    @property
    def kind(self) -> str:
        """As devices.Quantity.Kind."""
        return self.quantity.kind if self.quantity else "number"

    def words(self, value: float | None) -> str:
        """A number with its unit."""
        return "" if value is None else number(value, self.quantity)

    def word(self, value: float) -> str:
        """What a truth value is called."""
        return (self.quantity or Quantity()).word(value)


def one_line(text: str) -> str:
    """Text for a header: no control characters, no breaks, kana in full width.

    Old mail programs of phones break on half-width kana in a subject.
    """
    kept = "".join(c if unicodedata.category(c) != "Cc" else " " for c in text)
    wide = _HALF_WIDTH_KANA.sub(lambda kana: unicodedata.normalize("NFKC", kana.group()), kept)
    return " ".join(wide.split())


def _rounded(value: float, decimals: int | None) -> str:
    if decimals is None or not isfinite(value) or abs(value) >= WRITTEN_OUT_BELOW:
        return f"{value:g}"
    step = Decimal(1).scaleb(-decimals)
    exact = Decimal(repr(value)).quantize(step, rounding=ROUND_HALF_UP)
    return f"{exact:f}" if exact else f"{abs(exact):f}"


def _unit(quantity: Quantity | None) -> str:
    unit = quantity.unit if quantity else ""
    # English puts a space before a unit, but not before a sign.
    return f" {unit}" if unit and _is_english() and unit[0] not in "%°℃℉" else unit


def _local(at: datetime) -> datetime:
    return timezone.localtime(at, timezone.get_default_timezone())


def _is_english() -> bool:
    return get_language() == "en"
