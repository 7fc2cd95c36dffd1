"""What the home page shows: devices as cards by site, and what needs a person now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from noroshi.alarms import saying
from noroshi.alarms.conditions import Plan, condition_of
from noroshi.alarms.judge import GONE
from noroshi.alarms.models import LIMITS, Incident
from noroshi.alarms.saying import Names
from noroshi.devices.models import Device
from noroshi.devices.quantities import quantities_of
from noroshi.readings.chart import sparklines
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.ui.spark import Limits, Point
from noroshi.ui.words import DATE_FROM_DAYS, ago_words
from noroshi.web.measures import Catalogue, Measure, Shown, newest
from noroshi.web.rulelines import names_of
from noroshi.web.sentences import duration
from noroshi.web.states import STATES, SiteCount, in_state, state_of

SPARK_SPAN = timedelta(hours=24)
CARD_VALUES_MAX = 2
SILENT_SHOWN_MAX = 3
GAP_INTERVALS = 3  # so many missed uplinks leave a gap in a line


@dataclass(frozen=True, slots=True)
class Card:
    """One device at a glance."""

    device: Device
    state: str
    heard_at: datetime | None
    values: Sequence[Shown]
    points: Sequence[Point]
    limits: Limits
    span: tuple[float, float]
    gap_over_s: float


@dataclass(frozen=True, slots=True)
class Site:
    """The cards of one place, with how all its devices fare."""

    name: str
    counts: Sequence[SiteCount]
    cards: Sequence[Card]

    @property
    def total(self) -> int:
        """How many devices the place has, on all pages."""
        return sum(one.count for one in self.counts)


@dataclass(frozen=True, slots=True)
class Silent:
    """A device that should have been heard by now; `interval` is its rhythm in words."""

    device: Device
    heard_at: datetime
    interval: str
    age: str


@dataclass(frozen=True, slots=True)
class Case:
    """One incident with the meaning of its key, and of other keys of its device."""

    incident: Incident
    measure: Measure
    names: Names

    @property
    def is_boolean(self) -> bool:
        """Whether it is about a state with a word, not about a limit."""
        return self.measure.kind == "boolean" and not self.is_other

    @property
    def is_gone(self) -> bool:
        """Whether it is about nothing coming."""
        return self.incident.side == GONE

    @property
    def is_other(self) -> bool:
        """Whether its condition says more than two limits."""
        return self.incident.kind != LIMITS or self.is_gone

    @property
    def plan(self) -> Plan:
        """Its rule as it was."""
        incident = self.incident
        return Plan(incident.key, condition_of(incident.kind, incident.options))

    @property
    def name(self) -> str:
        """What it is about."""
        return saying.subject(self.plan, self.names) if self.is_other else self.measure.name

    @property
    def limit(self) -> str:
        """The limit with its unit."""
        return self.measure.words(self.incident.limit)

    @property
    def limit_words(self) -> str:
        """Which limit it was, with its unit: 上限 10.0℃; of a state, what is usual: ふだんは閉.

        Of other conditions, the condition itself.
        """
        if self.is_gone:
            return _("応答なし")
        if self.is_other:
            return saying.condition(self.plan, self.names)
        if self.is_boolean:
            word = self.measure.word(float(self.incident.side != "upper"))
            return _("ふだんは%(word)s") % {"word": word}
        words = {"limit": self.limit}
        if self.incident.side == "upper":
            return _("上限 %(limit)s") % words
        return _("下限 %(limit)s") % words

    @property
    def opened_value(self) -> str:
        """The value at the opening with its unit."""
        return self.words(self.incident.opened_value)

    @property
    def worst_value(self) -> str:
        """The value farthest beyond the limit, with its unit."""
        return self.words(self.incident.worst_value)

    @property
    def closed_value(self) -> str:
        """The value at the recovery with its unit."""
        return self.words(self.incident.closed_value)

    def words(self, value: float | None) -> str:
        """A figure of the condition with its unit."""
        if value is None or not self.is_other:
            return self.measure.words(value)
        return saying.figure(self.plan.condition, value, self.measure)


def cases_of(incidents: Sequence[Incident], known: Catalogue | None = None) -> list[Case]:
    """The incidents (with `device` joined) and what they are about. At most one query."""
    if known is None:
        known = quantities_of({incident.device.type_id for incident in incidents})
    found = []
    for incident in incidents:
        names = names_of(incident.device, known)
        found.append(Case(incident, names(incident.key), names))
    return found


def open_incidents(member: Membership, limit: int) -> list[Incident]:
    """What is open, newest first. One query."""
    found = access.rows(member, Incident).filter(closed_at=None)
    joined = found.select_related("device", "device__site", "acknowledged_by")
    return list(joined.order_by("-opened_at")[:limit])


def silent_ones(devices: QuerySet[Device], now: datetime) -> list[Silent]:
    """The first few silent ones of devices with a `state`, last gone silent first. One query."""
    found = in_state(devices, "silent").order_by("-heartbeat__sent_at", "pk")[:SILENT_SHOWN_MAX]
    return [
        Silent(
            device,
            device.heartbeat.sent_at,
            duration(device.expected_interval_s),
            ago_words(device.heartbeat.sent_at, now) if is_recent(device, now) else "",
        )
        for device in found
    ]


def is_recent(device: Device, now: datetime) -> bool:
    """Whether the last uplink is so young that its age says more than its date."""
    return now - device.heartbeat.sent_at < timedelta(days=DATE_FROM_DAYS)


def cards_of(
    member: Membership, devices: Sequence[Device], known: Catalogue, now: datetime
) -> list[Card]:
    """Cards of devices that carry their `state`. Two queries and those of the sparklines."""
    values = newest(member, devices, known)
    drawn = {device_id: drawn_of(shown) for device_id, shown in values.items()}
    since = now - SPARK_SPAN
    lines = sparklines([one.series_id for one in drawn.values() if one], since, now)
    span = (since.timestamp(), now.timestamp())
    return [card_of(device, values[device.pk], lines, span) for device in devices]


def card_of(
    device: Device,
    values: Sequence[Shown],
    lines: Mapping[int, Sequence[Point]],
    span: tuple[float, float],
) -> Card:
    """One card from what was asked for all."""
    drawn = drawn_of(values)
    beat = getattr(device, "heartbeat", None)
    return Card(
        device=device,
        state=state_of(device),
        heard_at=beat.sent_at if beat else None,
        values=glance_of(values),
        points=points_of(drawn, lines) if drawn else [],
        limits=drawn.limits if drawn and drawn.measure.kind == "number" else (None, None),
        span=span,
        gap_over_s=device.expected_interval_s * GAP_INTERVALS,
    )


def glance_of(values: Sequence[Shown]) -> list[Shown]:
    """What a card says: the first values that are measured, and a battery that runs low."""
    main = [one for one in values if not one.measure.is_aside][:CARD_VALUES_MAX]
    return main + [one for one in values if one.is_low_battery][:1]


def points_of(drawn: Shown, lines: Mapping[int, Sequence[Point]]) -> Sequence[Point]:
    """The line of a card; a truth value jumps, it does not slide."""
    points = lines.get(drawn.series_id, [])
    if drawn.measure.kind == "number":
        return points
    steps: list[Point] = []
    for point in points:
        if steps:
            steps.append((point[0], *steps[-1][1:]))
        steps.append(point)
    return steps


def drawn_of(values: Sequence[Shown]) -> Shown | None:
    """The value whose line stands on the card: the first that can be drawn."""
    return next((one for one in values if one.measure.is_drawn), None)


def by_site(cards: Sequence[Card], counts: Sequence[SiteCount]) -> list[Site]:
    """The cards, which stand in order of their sites, under one heading a site."""
    order = {state: place for place, state in enumerate(STATES)}
    sites = []
    for site_id, own in groupby(cards, key=lambda card: card.device.site_id):
        mine = sorted(
            (one for one in counts if one.site_id == site_id), key=lambda one: order[one.state]
        )
        sites.append(Site(mine[0].site_name if mine else "", mine, list(own)))
    return sites
