"""How often a rule would have rung: the same judge over what is stored, before anybody saves it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from noroshi.alarms.conditions import HEARD, OF_THE_LINK, Plan, Silence
from noroshi.alarms.judge import (
    ALARM,
    CLOSED,
    LOWER,
    OPENED,
    TURNED,
    Known,
    Outcome,
    judge_by,
    miss,
)
from noroshi.alarms.looks import Value
from noroshi.alarms.models import Rhythm
from noroshi.alarms.moments import Moment
from noroshi.alarms.overdue import GRACE, INTERVALS
from noroshi.base import wire
from noroshi.devices.models import Device
from noroshi.readings import runs
from noroshi.readings.models import Series

RUNG_MAX = 10_000
BEATS = """
SELECT sent_at, rssi_dbm, snr_db, gateways, counter FROM readings_uplink
WHERE device_id = %b AND sent_at >= %b AND sent_at < %b ORDER BY sent_at
"""
OF_BEATS = {HEARD: 0, "@rssi": 1, "@snr": 2, "@gateways": 3, "@counter": 4}
NUMBERS = frozenset({Series.Kind.NUMBER, Series.Kind.BOOLEAN})


@dataclass(slots=True)
class Rung:
    """One alarm that would have been; `until` None = it would still be open."""

    side: str
    since: datetime
    opened_at: datetime
    value: float
    until: datetime | None = None


def try_out(plan: Plan, device: Device, since: datetime, until: datetime) -> list[Rung]:
    """The alarms in [since, until), oldest first; at most RUNG_MAX.

    All that is stored is judged in the order in which it was measured: what came late, the spine
    had left alone.
    """
    return list(rung(plan, history(plan, device, since, until), patience_of(plan, device), until))


def rung(
    plan: Plan, moments: Iterable[Moment], patience: timedelta | None, until: datetime
) -> Iterator[Rung]:
    """Follow the rule through the moments; with `patience` nothing coming means something."""
    known, current, heard, count = Known(), None, None, 0
    for at, outcome in _judged(plan, moments, patience, until):
        known = outcome.known
        if outcome.transition in {CLOSED, TURNED} and current is not None:
            current.until = at
            yield current
            current, count = None, count + 1
        if outcome.transition in {OPENED, TURNED} and current is None:
            state = known.state
            current = Rung(state.side, state.since or at, at, outcome.value)
        elif current is not None and outcome.is_said and known.state.phase == ALARM:
            worse = min if current.side == LOWER else max
            current.value = worse(current.value, outcome.value)
        if count >= RUNG_MAX:
            return
        heard = at
    if current is not None and heard is not None:
        yield current


def history(plan: Plan, device: Device, since: datetime, until: datetime) -> Iterator[Moment]:
    """What the rule looks at, as it was measured, oldest first."""
    keys = plan.keys
    if keys[0] in OF_THE_LINK:
        return _beats(device, keys[0], since, until)
    found = Series.objects.filter(device=device.pk, key__in=keys)
    by_key = {key: _values(found, key, since, until) for key in keys}
    if len(keys) == 1:
        return ((at, (value,)) for at, value in by_key[keys[0]])
    return iter(_paired([by_key[key] for key in keys]))


def patience_of(plan: Plan, device: Device) -> timedelta | None:
    """How long nothing may come, where that means something."""
    told = plan.condition
    is_silence = isinstance(told, Silence)
    if not is_silence and plan.more.missing == "keep":
        return None
    if isinstance(told, Silence) and told.after_s is not None:
        return timedelta(seconds=told.after_s)
    intervals = told.intervals if isinstance(told, Silence) else INTERVALS
    learned = Rhythm.objects.filter(device=device.pk).values_list("interval_s", flat=True).first()
    interval_s = device.interval_s or learned or device.type.interval_s
    return timedelta(seconds=intervals * interval_s) + GRACE


def _judged(
    plan: Plan, moments: Iterable[Moment], patience: timedelta | None, until: datetime
) -> Iterator[tuple[datetime, Outcome]]:
    known, heard = Known(), None
    for at, values in moments:
        if patience is not None and heard is not None and at - heard > patience:
            outcome = miss(plan, known, heard + patience)
            known = outcome.known
            yield heard + patience, outcome
        outcome = judge_by(plan, known, at, values)
        known, heard = outcome.known, at
        yield at, outcome
    if patience is not None and heard is not None and until - heard > patience:
        yield heard + patience, miss(plan, known, heard + patience)


def _values(
    found: Iterable[Series], key: str, since: datetime, until: datetime
) -> Sequence[tuple[datetime, Any]]:
    own = [series for series in found if series.key == key]
    numbers = [series.pk for series in own if series.kind in NUMBERS]
    if numbers:
        times, values = runs.read(numbers[-1], since, until)
        moments = map(wire.moment, times.tolist())
        return list(zip(moments, values.tolist(), strict=True))
    loose = [series.pk for series in own]
    return runs.loose_many(loose, since, until).get(loose[-1], []) if loose else []


def _paired(columns: Sequence[Sequence[tuple[datetime, Value]]]) -> list[Moment]:
    at_times: dict[datetime, list[Value | None]] = {}
    for place, column in enumerate(columns):
        for at, value in column:
            at_times.setdefault(at, [None] * len(columns))[place] = value
    return [(at, tuple(values)) for at, values in sorted(at_times.items())]


def _beats(device: Device, key: str, since: datetime, until: datetime) -> Iterator[Moment]:
    place = OF_BEATS[key]
    with wire.cursor() as cursor:
        rows = cursor.execute(BEATS, [device.pk, since, until], binary=True).fetchall()
    for row in rows:
        value = 1.0 if place == 0 else row[place]
        if value is not None:
            yield row[0], (float(value),)
