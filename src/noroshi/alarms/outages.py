"""Many terminals of one network silent at once: an outage upstream, one incident of the provider.

Looked at are terminals that are heard at least hourly: only they can tell within minutes. While a
contractor's own terminals are in it, none of them is overdue, and afterwards each has that much
more time.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from noroshi.alarms import awake, outage_mails
from noroshi.alarms.awake import Span
from noroshi.alarms.models import Outage, OutageNotice, OutageTenant
from noroshi.base import wire

SPACES = ("sigfox", "lorawan")  # the others are no one network
SILENT_MIN = 10  # fewer say nothing of a network
BEGINS_SHARE, ENDS_SHARE = 0.5, 0.2
EXPECTED_MIN = 10.0  # so many should have been heard, and not one was: that is no chance
INTERVAL_S_MAX = 3600
INTERVALS = 2
GRACE = timedelta(minutes=5)
ALIVE = timedelta(hours=3)  # who was silent longer before did not fall silent with the others
HELD_MAX = timedelta(days=1)  # then each silent terminal is told by itself after all
KEPT = timedelta(days=400)
DELETED_MAX = 1000
Event = OutageNotice.Event

# For each network and contractor: how many can tell, are silent, and were heard since the last of
# the silent ones was; and how many more should have been heard since then. An outage that is open
# stays so although the house itself hears nothing for a while.
SIGHTS = """
SELECT space, tenant_id, count(*), count(*) FILTER (WHERE is_silent),
    count(*) FILTER (WHERE NOT is_silent AND sent_at > last_at),
    coalesce(sum(least(1, extract(epoch FROM %b - greatest(last_at, %b)) / s))
        FILTER (WHERE NOT is_silent), 0)::float8,
    max(last_at)
FROM (
    SELECT device.space, device.tenant_id, beat.sent_at, usual.s, its.is_silent,
        coalesce(outage.began_at, max(beat.sent_at) FILTER (WHERE its.is_silent)
            OVER (PARTITION BY device.space)) AS last_at
    FROM devices_device device
    JOIN devices_heartbeat beat ON beat.device_id = device.id
    JOIN devices_devicetype type ON type.id = device.type_id
    LEFT JOIN alarms_rhythm rhythm ON rhythm.device_id = device.id
    LEFT JOIN alarms_outage outage ON outage.space = device.space AND outage.ended_at IS NULL
    CROSS JOIN LATERAL (
        SELECT coalesce(device.interval_s, rhythm.interval_s, type.interval_s) AS s
    ) AS usual
    CROSS JOIN LATERAL (
        SELECT make_interval(secs => %b * usual.s) + %b
            + CASE WHEN beat.sent_at <= outage.began_at THEN beat.sent_at
            ELSE greatest(beat.sent_at, %b) END < %b AS is_silent
    ) AS its
    WHERE device.retired_at IS NULL AND device.space = ANY (%b::text[]) AND usual.s <= %b
    AND beat.sent_at > coalesce(outage.began_at, %b) - %b
) AS seen
GROUP BY space, tenant_id ORDER BY space, tenant_id
"""


@dataclass(frozen=True, slots=True)
class Sight:
    """How one contractor's terminals in one network fare.

    Attributes:
        heard: so many were heard since `last_at`, and are not silent.
        expected: so many of those that are not silent should have been heard since then.
        last_at: when the last silent one of the network was heard; None = none is silent.
    """

    space: str
    tenant_id: int
    known: int
    silent: int
    heard: int
    expected: float
    last_at: datetime | None

    @property
    def is_out(self) -> bool:
        """Whether most of those that can tell are silent."""
        return self.silent > 0 and self.silent >= BEGINS_SHARE * (self.silent + self.heard)

    @property
    def is_back(self) -> bool:
        """Whether nearly all of those that can tell were heard again."""
        return self.heard > 0 and self.silent <= ENDS_SHARE * (self.silent + self.heard)


def look(now: datetime, *, is_awake: bool) -> int:
    """Open and close outages; how many. While the house itself hears nothing it says nothing.

    What waited for the morning is told, too.
    """
    outage_mails.send_due(now)
    if not is_awake:
        return 0
    awake_since = awake.keep(now, is_awake=True)[-1][0]
    with transaction.atomic():
        outages = Outage.objects.filter(ended_at=None).order_by("space")
        open_now = {one.space: one for one in outages.select_for_update()}
        sights: dict[str, list[Sight]] = defaultdict(list)
        for one in _sights(awake_since, now):
            sights[one.space].append(one)
        changed = 0
        for space, seen in sights.items():
            if space not in open_now and _is_outage(seen):
                changed += _open(seen, now)
        for space, outage in open_now.items():
            changed += _go_on(outage, sights.get(space, []), now)
        return changed


def held(tenants: Collection[int], now: datetime) -> dict[tuple[int, str], list[Span]]:
    """For each contractor and network when its terminals could not be heard. One query."""
    found: dict[tuple[int, str], list[Span]] = defaultdict(list)
    rows = OutageTenant.objects.filter(tenant__in=tenants)
    for tenant, space, begin, end in rows.values_list("tenant", "space", "began_at", "ended_at"):
        found[tenant, space].append((begin, min(end or now, begin + HELD_MAX)))
    return found


def prune(now: datetime) -> int:
    """Forget outages long over, a bounded number a run."""
    old = Outage.objects.filter(ended_at__lt=now - KEPT).order_by("noticed_at")
    ids = list(old.values_list("pk", flat=True)[:DELETED_MAX])
    return Outage.objects.filter(pk__in=ids).delete()[0]


def _sights(awake_since: datetime, now: datetime) -> list[Sight]:
    """Nobody is silent for a time in which we did not hear."""
    asked = [now, awake_since, INTERVALS, GRACE, awake_since, now]
    asked += [list(SPACES), INTERVAL_S_MAX, now, ALIVE]
    with wire.cursor() as cursor:
        cursor.execute(SIGHTS, asked)
        return [Sight(*row) for row in cursor.fetchall()]


def _whole(seen: Sequence[Sight]) -> Sight:
    """All contractors of one network together."""
    return Sight(
        seen[0].space,
        0,
        sum(one.known for one in seen),
        sum(one.silent for one in seen),
        sum(one.heard for one in seen),
        sum(one.expected for one in seen),
        seen[0].last_at,
    )


def _is_outage(seen: Sequence[Sight]) -> bool:
    """Half of all are silent; or several are, and since then nobody at all was heard."""
    whole = _whole(seen)
    if whole.silent < SILENT_MIN:
        return False
    is_dead = whole.heard == 0 and whole.expected >= EXPECTED_MIN
    return is_dead or whole.silent >= BEGINS_SHARE * whole.known


def _open(seen: Sequence[Sight], now: datetime) -> int:
    whole = _whole(seen)
    outage = Outage.objects.create(
        space=whole.space,
        began_at=whole.last_at or now,
        noticed_at=now,
        known=whole.known,
        silent=whole.silent,
    )
    _join(outage, [one for one in seen if one.is_out], now)
    return 1


def _join(outage: Outage, seen: Sequence[Sight], now: datetime) -> None:
    """Whose terminals are in it: from now on none of them is told by itself."""
    rows = [
        OutageTenant(
            outage=outage,
            tenant_id=one.tenant_id,
            space=outage.space,
            began_at=outage.began_at,
            silent=one.silent,
        )
        for one in seen
    ]
    OutageTenant.objects.bulk_create(rows)
    outage_mails.tell_begun(outage, rows, now)


def _go_on(outage: Outage, seen: Sequence[Sight], now: datetime) -> int:
    """Who joins, who is back, and whether it is over; 1 when it is."""
    is_back, is_long = bool(seen) and _whole(seen).is_back, now - outage.began_at >= HELD_MAX
    if is_back or is_long or not seen:
        outage.ended_at, outage.came_back = now, is_back
        outage.save(update_fields=["ended_at", "came_back"])
    rows = {one.tenant_id: one for one in OutageTenant.objects.filter(outage=outage)}
    still_in = [one for one in rows.values() if one.ended_at is None]
    if outage.ended_at is not None:
        _leave(outage, still_in, now, came_back=is_back)
        if is_long and not is_back:
            outage_mails.tell_end(outage, still_in, Event.GIVEN_UP, now)
        return 1
    _note_worst(outage, seen, rows)
    of_tenant = {one.tenant_id: one for one in seen}
    gone = [one for one in still_in if one.tenant_id not in of_tenant]
    back = [one for one in still_in if one not in gone and of_tenant[one.tenant_id].is_back]
    _leave(outage, gone, now, came_back=False)
    _leave(outage, back, now, came_back=True)
    _join(outage, [one for one in seen if one.is_out and one.tenant_id not in rows], now)
    return 0


def _note_worst(outage: Outage, seen: Sequence[Sight], rows: dict[int, OutageTenant]) -> None:
    silent = _whole(seen).silent
    if silent > outage.silent:
        outage.silent = silent
        outage.save(update_fields=["silent"])
    worse = []
    for one in seen:
        row = rows.get(one.tenant_id)
        if row is not None and row.ended_at is None and one.silent > row.silent:
            row.silent = one.silent
            worse.append(row)
    OutageTenant.objects.bulk_update(worse, ["silent"])


def _leave(outage: Outage, rows: Sequence[OutageTenant], now: datetime, *, came_back: bool) -> None:
    """It is over for these; those that have nothing left in the network are not told."""
    for one in rows:
        one.ended_at, one.came_back = now, came_back
    OutageTenant.objects.bulk_update(rows, ["ended_at", "came_back"])
    if came_back:
        outage_mails.tell_end(outage, rows, Event.OVER, now)
