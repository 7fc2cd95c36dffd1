"""When the installation itself heard, and when nothing could be heard by anybody."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from noroshi.alarms.models import Awake

OUTAGE_FROM = timedelta(minutes=2)  # a shorter pause of ours is within everybody's grace
KEPT = timedelta(days=400)

Span = tuple[datetime, datetime]


def keep(now: datetime, *, is_awake: bool) -> list[Span]:
    """The stretches up to now in which the house heard, oldest first; the last is carried on."""
    last = Awake.objects.order_by("-since").first()
    if is_awake:
        if last is None or now - last.until > OUTAGE_FROM:
            Awake.objects.create(since=now, until=now)
        elif now > last.until:
            Awake.objects.filter(pk=last.pk).update(until=now)
    return list(Awake.objects.order_by("since").values_list("since", "until"))


def prune(now: datetime) -> int:
    """Forget when the installation was up, long ago."""
    return Awake.objects.filter(until__lt=now - KEPT).delete()[0]


def between(stretches: Sequence[Span]) -> list[Span]:
    """Our own outages: from the end of each stretch to the beginning of the next."""
    ends = [end for _begin, end in stretches]
    begins = [begin for begin, _end in stretches[1:]]
    return [(end, begin) for end, begin in zip(ends, begins, strict=False) if begin > end]


def deaf_for(spans: Sequence[Span], since: datetime, until: datetime) -> timedelta:
    """How much of the time from `since` to `until` lies in the spans; what overlaps counts once."""
    total, reached = timedelta(), since
    for begin, end in sorted(spans):
        begin, end = max(begin, reached), min(end, until)
        if end > begin:
            total += end - begin
            reached = end
    return total
