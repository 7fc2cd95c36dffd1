"""How numbers, instants and bytes are written for people, in the language in force."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite

from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import get_language, gettext, ngettext

NOTHING = "—"
MINUS = "−"
# From five digits on a comma helps the eye; a pressure of 1013 hPa reads better without.
GROUPED_FROM = 10_000
# Beyond this no sensor measures; a broken codec's 1e300 must not fill the page with digits.
WRITTEN_OUT_BELOW = 10**15

JUST_NOW_S = 60
HOURS_FROM_MIN = 90
DAYS_FROM_H = 48
DATE_FROM_DAYS = 60

INSTANTS_JA = {
    "minute": "%Y/%m/%d({weekday}) %H:%M",
    "second": "%Y/%m/%d({weekday}) %H:%M:%S",
    "date": "%Y/%m/%d({weekday})",
    "short": "%m/%d({weekday}) %H:%M",
    "time": "%H:%M",
}
INSTANTS_PLAIN = {
    "minute": "%Y-%m-%d ({weekday}) %H:%M",
    "second": "%Y-%m-%d ({weekday}) %H:%M:%S",
    "date": "%Y-%m-%d ({weekday})",
    "short": "%m-%d ({weekday}) %H:%M",
    "time": "%H:%M",
}


def number_words(value: float | Decimal | str | None, decimals: int) -> str:
    """A value with `decimals` digits and a true minus sign; text stays as it is, nothing is "—"."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        return value
    if not isfinite(value):
        return NOTHING
    if not -WRITTEN_OUT_BELOW < value < WRITTEN_OUT_BELOW:
        return f"{value:.3E}".replace("-", MINUS)
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    rounded = round_half_up(exact, decimals)
    written = f"{abs(rounded):,f}" if abs(rounded) >= GROUPED_FROM else f"{abs(rounded):f}"
    return f"{MINUS}{written}" if rounded < 0 else written


def round_half_up(value: Decimal, decimals: int) -> Decimal:
    """School rounding, as a reader checks it by hand: 2.25 with one decimal is 2.3."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def instant_words(value: datetime, style: str = "minute") -> str:
    """An aware instant in the time zone in force: 2026/11/22(日) 01:14; KeyError for no style."""
    local = timezone.localtime(value)
    japanese = (get_language() or "").startswith("ja")
    pattern = (INSTANTS_JA if japanese else INSTANTS_PLAIN)[style]
    return local.strftime(pattern).format(weekday=WEEKDAYS_ABBR[local.weekday()])


def day_words(value: date) -> str:
    """A calendar day: 2026/11/22(日)."""
    japanese = (get_language() or "").startswith("ja")
    pattern = (INSTANTS_JA if japanese else INSTANTS_PLAIN)["date"]
    return value.strftime(pattern).format(weekday=WEEKDAYS_ABBR[value.weekday()])


def ago_words(value: datetime, now: datetime) -> str:
    """How long before `now`, in one unit: 12分前. Old instants are written as a date."""
    age = now - value
    if age < -timedelta(seconds=JUST_NOW_S):
        return instant_words(value)
    minutes = int(age.total_seconds() // 60)
    if age < timedelta(seconds=JUST_NOW_S):
        return gettext("たった今")
    if minutes < HOURS_FROM_MIN:
        return ngettext("%(n)d分前", "%(n)d分前", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < DAYS_FROM_H:
        return ngettext("%(n)d時間前", "%(n)d時間前", hours) % {"n": hours}
    if age.days < DATE_FROM_DAYS:
        return ngettext("%(n)d日前", "%(n)d日前", age.days) % {"n": age.days}
    return instant_words(value, "date")


def hex_words(value: bytes | bytearray | memoryview | str | None) -> str:
    """Bytes, or text of hex digits, as pairs: 01 0A FF."""
    if value is None:
        return NOTHING
    digits = value if isinstance(value, str) else bytes(value).hex()
    digits = digits.replace(" ", "").upper()
    return " ".join(digits[at : at + 2] for at in range(0, len(digits), 2)) or NOTHING
