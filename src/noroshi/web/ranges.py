"""Which stretch of time a page is about: a named range back from now, or any from and to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

NAMED = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "1y": timedelta(days=365),
}
DEFAULT = "24h"
SPAN_MAX = timedelta(days=3660)
EPOCH_S_MIN = 946_684_800  # 2000-01-01: nothing was measured before
EPOCH_S_MAX = 4_102_444_800  # 2100-01-01


@dataclass(frozen=True, slots=True)
class Range:
    """From `since` (in it) until `until` (not in it); `name` is a key of NAMED or empty."""

    since: datetime
    until: datetime
    name: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One button over a chart."""

    name: str
    label: str


def range_of(query: Mapping[str, str], now: datetime) -> Range:
    """What `from` and `to` (epoch seconds) or `range` ask for; nonsense asks for the default."""
    since, until = instant(query.get("from", "")), instant(query.get("to", ""))
    if since and until and since < until <= since + SPAN_MAX:
        return Range(since, until)
    name = query.get("range", DEFAULT)
    if name not in NAMED:
        name = DEFAULT
    return Range(now - NAMED[name], now, name)


def instant(text: str) -> datetime | None:
    """Epoch seconds, maybe with a fraction, as an instant; None when it is none."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    if not EPOCH_S_MIN <= seconds <= EPOCH_S_MAX:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def choices() -> list[Choice]:
    """The buttons, in the reader's language."""
    return [
        Choice("1h", _("1時間")),
        Choice("24h", _("24時間")),
        Choice("7d", _("7日")),
        Choice("30d", _("30日")),
        Choice("1y", _("1年")),
    ]
