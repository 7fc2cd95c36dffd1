"""What a rule can watch for and when: one frozen value a kind, as it stands in the database."""

from datetime import date, datetime
from typing import Literal, get_args

import msgspec

HEARD, RSSI, SNR, GATEWAYS, COUNTER = "@heard", "@rssi", "@snr", "@gateways", "@counter"
LINK_KEYS = {"rssi": RSSI, "snr": SNR, "gateways": GATEWAYS}
OF_THE_LINK = frozenset({HEARD, COUNTER, *LINK_KEYS.values()})


class Said(msgspec.Struct, frozen=True, gc=False, tag_field="kind", omit_defaults=True):
    """What all kinds have in common: their tag is the rule's kind."""


class Limits(Said, frozen=True, gc=False, tag="limits"):
    """Above `upper` or below `lower`; a limit itself is still normal, None = no such limit."""

    upper: float | None = None
    lower: float | None = None


class Inside(Said, frozen=True, gc=False, tag="inside"):
    """Between the two, both of them included."""

    lower: float
    upper: float


class Equals(Said, frozen=True, gc=False, tag="equals"):
    """Exactly this number, truth value (0 or 1) or text."""

    value: float | str


class Changed(Said, frozen=True, gc=False, tag="changed"):
    """Has become this, having been something else; what is so from the first is no change."""

    value: float | str


class Rate(Said, frozen=True, gc=False, tag="rate"):
    """Has risen or fallen by so much within so many seconds."""

    by: float
    within_s: int
    direction: Literal["up", "down", "either"] = "up"


class Difference(Said, frozen=True, gc=False, tag="difference"):
    """This quantity minus another of the same device lies beyond a limit."""

    other: str
    upper: float | None = None
    lower: float | None = None


class Silence(Said, frozen=True, gc=False, tag="silence"):
    """Nothing heard for so many of the device's intervals, or for so many seconds."""

    intervals: int = 3
    after_s: int | None = None


class Stuck(Said, frozen=True, gc=False, tag="stuck"):
    """Has not moved by more than the tolerance for so many seconds."""

    for_s: int
    tolerance: float = 0.0


class BatteryLow(Said, frozen=True, gc=False, tag="battery"):
    """Less than this is left, in the unit of the quantity."""

    limit: float


class BatteryForecast(Said, frozen=True, gc=False, tag="forecast"):
    """Will be down to `empty` within so many days, going on as it did."""

    days: int
    empty: float = 0.0


class Link(Said, frozen=True, gc=False, tag="link"):
    """The middle one of the last `of` uplinks was heard worse: dBm, dB, or gateways."""

    what: Literal["rssi", "snr", "gateways"]
    below: float
    of: int = 10


class Lost(Said, frozen=True, gc=False, tag="lost"):
    """So many of the last `of` sequence numbers never came."""

    count: int
    of: int = 20


class Leaves(Said, frozen=True, gc=False, tag="leaves"):
    """A position farther than `radius_m` from a point in degrees."""

    lat: float
    lng: float
    radius_m: float


class Count(Said, frozen=True, gc=False, tag="count"):
    """Beyond a limit `count` times among the last `of` readings, or within `within_s` seconds."""

    count: int
    of: int = 0
    within_s: int = 0
    upper: float | None = None
    lower: float | None = None


class HeatSum(Said, frozen=True, gc=False, tag="heat"):
    """The daily means over `base` since a day, added up, have reached `target` degree days."""

    target: float
    since: date
    base: float = 0.0


class Wbgt(Said, frozen=True, gc=False, tag="wbgt"):
    """The heat index estimated from this temperature and a humidity has reached a level in ℃."""

    humidity: str
    level: float
    in_sun: bool = False


Condition = (
    Limits | Inside | Equals | Changed | Rate | Difference | Silence | Stuck | BatteryLow
    | BatteryForecast | Link | Lost | Leaves | Count | HeatSum | Wbgt
)  # fmt: skip
KINDS = {one.__struct_config__.tag: one for one in get_args(Condition)}


class Clear(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """When an alarm ends: back at these values, and for so long."""

    upper: float | None = None
    lower: float | None = None
    hold_s: int = 0


class Hours(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """When a rule opens alarms, by the clock and the calendar of Japan.

    Attributes:
        begin_min, end_min: minutes after midnight; an end not after the begin is of the next day,
            which counts as part of the day on which it began.
        weekdays: 0 = Monday; empty = all.
        holidays: like other days, never, or the whole day long, whatever the weekday.
        season: first and last day as (month, day, month, day); it may span New Year.
    """

    begin_min: int = 0
    end_min: int = 0
    weekdays: tuple[int, ...] = ()
    holidays: Literal["same", "never", "whole"] = "same"
    season: tuple[int, int, int, int] | None = None


class Temporary(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Other limits from an instant until another, before which it ends; none = the rule rests."""

    since: datetime
    until: datetime
    upper: float | None = None
    lower: float | None = None

    @property
    def is_rest(self) -> bool:
        """Whether nothing is told for that time."""
        return self.upper is None and self.lower is None


class More(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What goes beyond the condition itself; all by default: an empty JSON object.

    `missing`: what missing data mean: the alarm goes on as it was, opens, or ends.
    """

    clear: Clear | None = None
    hours: Hours | None = None
    missing: Literal["keep", "alarm", "normal"] = "keep"
    temporary: Temporary | None = None


class Plan(msgspec.Struct, frozen=True, gc=False):
    """A rule as the judge takes it.

    `margin`: how far inside the limit an alarm ends, 0 or more; `hold_s`: judgement time.
    """

    key: str
    condition: Condition
    margin: float = 0.0
    hold_s: int = 0
    more: More = More()

    @property
    def keys(self) -> tuple[str, ...]:
        """The quantities that it looks at, its own first; @ names those of the radio link."""
        match self.condition:
            case Difference(other=other):
                return (self.key, other)
            case Wbgt(humidity=humidity):
                return (self.key, humidity)
            case Silence():
                return (HEARD,)
            case Lost():
                return (COUNTER,)
            case Link(what=what):
                return (LINK_KEYS[what],)
            case _:
                return (self.key,)


def condition_of(kind: str, fields: object) -> Condition:
    """The condition of a rule's kind and its fields. Raises msgspec.ValidationError."""
    told = fields if isinstance(fields, dict) else {}
    condition: Condition = msgspec.convert(told | {"kind": kind}, Condition)
    return condition


def fields_of(condition: Condition) -> dict[str, object]:
    """The condition without its kind, as JSON."""
    told: dict[str, object] = msgspec.to_builtins(condition)
    del told["kind"]
    return told


def more_of(fields: object) -> More:
    """The further options of a rule as they stand in the database."""
    return msgspec.convert(fields, More) if fields else More()
