"""Judge rebuilt readings anew, as the spine judged them, and compare the incidents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from noroshi.alarms.judge import ALARM, CLOSED, OPENED, TURNED, UPPER, Bounds, State, judge
from noroshi.alarms.models import Incident, Rule
from noroshi.base import wire
from noroshi.jobs.rebuilding import Period
from noroshi.tenants.models import AuditEntry

# As the spine met them: batch after batch, each in the order of time.
NUMBERS = """
SELECT run_at, at, value FROM rebuilt
WHERE device_id = %b AND key = %b AND value IS NOT NULL
ORDER BY run_at, at, entry_id
"""
READ_AGAIN = "SELECT DISTINCT device_id FROM rebuilt WHERE is_again"
CHANGES = ("rule.made", "rule.changed", "rule.removed")


@dataclass(slots=True)
class Told:
    """An incident without names: what the readings alone say of it."""

    side: str
    opened_at: datetime
    opened_value: float
    worst_value: float
    closed_at: datetime | None = None
    closed_value: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """How many rules were compared and passed over, how many incidents are live; differences."""

    rules: int
    passed_over: int
    incidents: int
    differences: Sequence[str]


def compare(period: Period) -> Compared:
    """Judge the table `rebuilt` by every rule that stood unchanged through the period.

    A rule that was made, changed or stopped since says nothing of what was judged before; nor does
    one whose device was retired, which ends incidents without a reading. What was judged by an
    older codec version stays as it was told to people.
    """
    rules = Rule.objects.select_related("device").order_by("pk")
    if period.device_id is not None:
        rules = rules.filter(device=period.device_id)
    changed = set(
        AuditEntry.objects.filter(action__in=CHANGES, at__gte=period.since).values_list(
            "tenant_id", "subject"
        )
    )
    with wire.cursor() as cursor:
        again = {one for (one,) in cursor.execute(READ_AGAIN).fetchall()}
    compared = passed_over = incidents = 0
    differences: list[str] = []
    for rule in rules.iterator(chunk_size=500):
        is_changed = (rule.tenant_id, str(rule.device)[:200]) in changed
        is_other = is_changed or rule.created_at >= period.since or rule.device_id in again
        is_other = is_other or not rule.is_plain  # numbers alone do not say what was judged
        if is_other or not rule.is_active or rule.device.retired_at is not None:
            passed_over += 1
            continue
        compared += 1
        live = _live(rule, period)
        incidents += len(live)
        differences += _differences(rule, live, _rejudged(rule, period))
    return Compared(compared, passed_over, incidents, differences)


def _live(rule: Rule, period: Period) -> list[Told]:
    rows = Incident.objects.filter(
        rule=rule, opened_at__gte=period.since, opened_at__lt=period.until
    ).order_by("opened_at", "pk")
    return [
        Told(
            one.side,
            one.opened_at,
            one.opened_value,
            one.worst_value,
            one.closed_at,
            one.closed_value,
        )
        for one in rows
    ]


def _rejudged(rule: Rule, period: Period) -> list[Told]:
    """The incidents that open in the period; one that was open at its begin is known."""
    bounds = Bounds(rule.upper, rule.lower, rule.margin, rule.hold_s)
    before = Incident.objects.filter(rule=rule, opened_at__lt=period.since).exclude(
        closed_at__lt=period.since
    )
    first = before.order_by("-opened_at").first()
    state = State(ALARM, first.side, first.since) if first else State()
    current: Told | None = None
    told: list[Told] = []
    for value, at in _judged_numbers(rule):
        verdict = judge(bounds, state, value, at)
        state = verdict.state
        if verdict.transition in {CLOSED, TURNED} and current is not None:
            current.closed_at, current.closed_value = at, value
            current = None
        if verdict.transition in {OPENED, TURNED}:
            current = Told(state.side, at, value, value)
            told.append(current)
        if current is not None and state.phase == ALARM:
            worst = max if current.side == UPPER else min
            current.worst_value = worst(current.worst_value, value)
    return [one for one in told if one.opened_at < period.until]


def _judged_numbers(rule: Rule) -> Iterator[tuple[float, datetime]]:
    """The readings that were judged: none older than what was known before its batch."""
    with wire.cursor() as cursor:
        rows = cursor.execute(NUMBERS, [rule.device_id, rule.key]).fetchall()
    newest: datetime | None = None
    for _run_at, batch in groupby(rows, key=lambda row: row[0]):
        known = newest
        for _, at, value in batch:
            if known is None or at >= known:
                yield value, at
            newest = at if newest is None else max(newest, at)


def _differences(rule: Rule, live: Sequence[Told], rebuilt: Sequence[Told]) -> Iterator[str]:
    ours = {one.opened_at: one for one in live}
    theirs = {one.opened_at: one for one in rebuilt}
    for at in sorted(ours.keys() | theirs.keys()):
        if ours.get(at) != theirs.get(at):
            yield (
                f"device {rule.device.code} rule {rule.code} {rule.key}: "
                f"live {_said(ours.get(at))}, rebuilt {_said(theirs.get(at))}"
            )


def _said(one: Told | None) -> str:
    if one is None:
        return "nothing"
    end = f"closed {one.closed_at:%Y-%m-%dT%H:%M:%SZ}" if one.closed_at else "open"
    return (
        f"{one.side} opened {one.opened_at:%Y-%m-%dT%H:%M:%SZ} at {one.opened_value:g} "
        f"(worst {one.worst_value:g}), {end}"
    )
