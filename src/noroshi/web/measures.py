"""Values as people read them: name, unit, decimals, words, and the limits that watch them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from noroshi.alarms.models import Rule
from noroshi.devices.models import Device, Quantity
from noroshi.devices.quantities import is_aside, is_reported
from noroshi.readings.models import Latest
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.ui.spark import Limits
from noroshi.ui.words import NOTHING, number_words

UNKNOWN_DECIMALS = 2  # of a value whose type does not say how exact it is
UNSORTED = 8000  # before what networks report
PLACE_DECIMALS = 5
BATTERY_LOW_PERCENT = 20

RADIO = "@radio"  # the key of rules about being heard at all

Catalogue = Mapping[tuple[int, str], Quantity]  # (type id, key) → quantity


@dataclass(frozen=True, slots=True)
class Measure:
    """What a key of a device means; `quantity` is None when its type does not name the key."""

    key: str
    kind: str
    quantity: Quantity | None

    @property
    def name(self) -> str:
        """The name in the reader's language, or the codec's own word."""
        if self.key == RADIO:
            return _("受信")
        return self.quantity.name if self.quantity else self.key

    @property
    def unit(self) -> str:
        """The unit of numbers; empty for everything else."""
        return self.quantity.unit if self.quantity and self.kind == "number" else ""

    @property
    def decimals(self) -> int:
        """Digits behind the point."""
        return self.quantity.decimals if self.quantity else UNKNOWN_DECIMALS

    @property
    def position(self) -> int:
        """Its place among the others; unnamed keys stand last."""
        return self.quantity.position if self.quantity else UNSORTED

    @property
    def is_drawn(self) -> bool:
        """Whether a chart can show it."""
        return self.kind in {"number", "boolean"}

    @property
    def is_aside(self) -> bool:
        """Whether it is about radio and battery, not about what the device watches."""
        return self.quantity is not None and is_aside(self.quantity)

    @property
    def is_rare(self) -> bool:
        """Whether it comes a few times a day, whatever the rhythm of the device."""
        return self.quantity is not None and is_reported(self.quantity)

    @property
    def title(self) -> str:
        """The name with its unit, for a heading: 温度（℃）."""
        if not self.unit:
            return self.name
        return _("%(name)s（%(unit)s）") % {"name": self.name, "unit": self.unit}

    def figure(self, value: float | None, loose: object = None) -> float | str | None:
        """The value as the tag `measured` takes it: numbers stay, booleans and texts are words."""
        if self.kind == "boolean" and value is not None:
            return self.word(value)
        if self.kind == "position" and isinstance(loose, Mapping):
            return place_words(loose)
        if self.kind == "text" and loose is not None:
            return str(loose)
        return value

    def word(self, value: float) -> str:
        """What a truth value is called."""
        return (self.quantity or Quantity()).word(value)

    def words_without_unit(self, value: float | None, loose: object = None) -> str:
        """The value as text, for a table whose head names the unit."""
        return number_words(self.figure(value, loose), self.decimals)

    def words(self, value: float | None, loose: object = None) -> str:
        """The value with its unit, as one text: 11.2℃."""
        text = self.words_without_unit(value, loose)
        return text if text == NOTHING else f"{text}{self.unit}"


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest value of one series, ready for a page."""

    series_id: int
    measure: Measure
    at: datetime
    value: float | None
    figure: float | str | None
    limits: Limits

    @property
    def is_over(self) -> bool:
        """Whether the value lies beyond a limit that is watched."""
        return is_beyond(self.value, self.limits)

    @property
    def is_low_battery(self) -> bool:
        """Whether the battery should be changed soon."""
        if not self.measure.key.startswith("battery") or self.value is None:
            return False
        is_share = self.measure.unit == "%" and self.value <= BATTERY_LOW_PERCENT
        return is_share or self.is_over

    @property
    def limit_words(self) -> str:
        """The limits of a number: 下限 0.0℃・上限 10.0℃; empty for none."""
        if self.measure.kind != "number":
            return ""
        lower, upper = self.limits
        words = []
        if lower is not None:
            words.append(_("下限 %(limit)s") % {"limit": self.measure.words(lower)})
        if upper is not None:
            words.append(_("上限 %(limit)s") % {"limit": self.measure.words(upper)})
        return " ・ ".join(words)


def place_words(where: Mapping[object, object]) -> str:
    """A position in degrees: 35.15085, 137.05380, five decimals being about a metre."""
    degrees = (where.get("lat"), where.get("lng"))
    if not all(isinstance(one, int | float) for one in degrees):
        return NOTHING
    return ", ".join(number_words(float(str(one)), PLACE_DECIMALS) for one in degrees)


def is_beyond(value: float | None, limits: Limits) -> bool:
    """Whether the value lies beyond one of (lower, upper); on the limit is still within."""
    lower, upper = limits
    if value is None:
        return False
    return (upper is not None and value > upper) or (lower is not None and value < lower)


def measure_of(device: Device, key: str, kind: str, known: Catalogue) -> Measure:
    """What the key of this device means."""
    return Measure(key, kind, known.get((device.type_id, key)))


def named(device: Device, key: str, known: Catalogue) -> Measure:
    """What the key means as its type tells it; a number when the type does not know the key."""
    if key == RADIO:
        return Measure(RADIO, "radio", None)
    quantity = known.get((device.type_id, key))
    return Measure(key, quantity.kind if quantity else "number", quantity)


def newest(
    member: Membership, devices: Iterable[Device], known: Catalogue
) -> dict[int, list[Shown]]:
    """Device id → its newest values in the order of its type. Two queries."""
    by_id = {device.pk: device for device in devices}
    limits = limits_of(member, by_id.keys())
    found: dict[int, list[Shown]] = {device_id: [] for device_id in by_id}
    rows = access.rows(member, Latest).filter(device__in=by_id.keys()).select_related("series")
    for row in rows:
        series = row.series
        measure = measure_of(by_id[row.device_id], series.key, series.kind, known)
        found[row.device_id].append(
            Shown(
                series.pk,
                measure,
                row.at,
                row.value,
                measure.figure(row.value, row.loose),
                limits.get((row.device_id, series.key), (None, None)),
            )
        )
    for shown in found.values():
        shown.sort(key=lambda one: (one.measure.position, one.measure.name))
    return found


def limits_of(member: Membership, device_ids: Collection[int]) -> dict[tuple[int, str], Limits]:
    """(device id, key) → the tightest (lower, upper) of its rules in force. One query."""
    found: dict[tuple[int, str], Limits] = {}
    rules = access.rows(member, Rule).filter(device__in=device_ids, is_active=True)
    for device_id, key, rule_lower, rule_upper in rules.values_list(
        "device_id", "key", "lower", "upper"
    ):
        lower, upper = found.get((device_id, key), (None, None))
        found[device_id, key] = (
            max((one for one in (lower, rule_lower) if one is not None), default=None),
            min((one for one in (upper, rule_upper) if one is not None), default=None),
        )
    return found
