"""How many mails a recipient gets: pure thought about one recipient's pace, no clock, no database.

A few go at once, so that an ordinary alarm is there in seconds. More within a minute are gathered
into one mail, and one more each minute while it goes on. Over the hour's limit there is a last mail
that says so, and the rest comes when the hour is over.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GATHER = timedelta(seconds=10)  # so long a mass alarm is awaited before its first mail

AT_ONCE, GATHERED, PAUSED = "at_once", "gathered", "paused"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many mails go at once within a minute, and how many in all within an hour."""

    singles_a_minute: int
    mails_an_hour: int


@dataclass(frozen=True, slots=True)
class Lately:
    """What a recipient got lately; `gather_at` is when the gathered mail is, or was, due."""

    minute_from: datetime | None = None
    minute_count: int = 0
    hour_from: datetime | None = None
    hour_count: int = 0
    gather_at: datetime | None = None
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How it is told, when (None = at once), and what is then known of the recipient.

    `is_first_pause`: the last mail that says so is to be written.
    """

    how: str
    due_at: datetime | None
    lately: Lately
    is_first_pause: bool = False


def way_of(lately: Lately, limits: Limits, count: int, now: datetime) -> Way:
    """How `count` more notices are told."""
    if lately.paused_until is not None and now < lately.paused_until:
        return Way(PAUSED, lately.paused_until, lately)
    fresh = _turned(lately, now)
    is_gathering = fresh.gather_at is not None and now < fresh.gather_at
    if is_gathering or fresh.minute_count + count > limits.singles_a_minute:
        due = fresh.gather_at if is_gathering else _next_gather(fresh, now)
        return Way(GATHERED, due, replace(fresh, gather_at=due))
    return _counted(fresh, limits, count, now)


def gathered(lately: Lately, limits: Limits, now: datetime) -> Way:
    """How the gathered mail that is due now goes: at once, unless the hour is full."""
    if lately.paused_until is not None and now < lately.paused_until:
        return Way(PAUSED, lately.paused_until, lately)
    way = _counted(_turned(lately, now), limits, 1, now)
    if way.how == AT_ONCE:
        return replace(way, lately=replace(way.lately, gather_at=now))
    return way


def _counted(lately: Lately, limits: Limits, count: int, now: datetime) -> Way:
    if lately.hour_count + count > limits.mails_an_hour:
        until = (lately.hour_from or now) + HOUR
        return Way(PAUSED, until, replace(lately, paused_until=until), is_first_pause=True)
    minute, hour = lately.minute_count + count, lately.hour_count + count
    return Way(AT_ONCE, None, replace(lately, minute_count=minute, hour_count=hour))


def _turned(lately: Lately, now: datetime) -> Lately:
    """A minute and an hour that are over begin anew."""
    if lately.minute_from is None or now >= lately.minute_from + MINUTE:
        lately = replace(lately, minute_from=now, minute_count=0)
    if lately.hour_from is None or now >= lately.hour_from + HOUR:
        lately = replace(lately, hour_from=now, hour_count=0, paused_until=None)
    return lately


def _next_gather(lately: Lately, now: datetime) -> datetime:
    soon = now + GATHER
    return soon if lately.gather_at is None else max(soon, lately.gather_at + MINUTE)
