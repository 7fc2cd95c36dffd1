"""What automatic acts went by (article 2, paragraph 1): written with the act, kept ten years."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from noroshi.contracts.effective import Of
from noroshi.contracts.models import Trace
from noroshi.contracts.resolve import Row
from noroshi.tenants.walls import KEPT_YEARS

ABOUT_CHARS_MAX = 200
DELETED_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Act:
    """An automatic act: its name (`readings.pruned`) and the day for which it asked."""

    name: str
    day: date


def keep(act: Act, went_by: Iterable[tuple[Of, str]], *, now: datetime) -> int:
    """Write down what the act went by, contractor by contractor, with what it did; how many.

    In the transaction of the act.
    """
    rows = [
        Trace(
            tenant_id=of.tenant_id,
            contract_id=of.contract_id,
            act=act.name,
            about=about[:ABOUT_CHARS_MAX],
            key=of.found.key,
            day=act.day,
            value=of.found.text,
            level=of.found.level.value,
            source=of.found.source,
            since=of.found.since,
            document_sha256=of.found.document_sha256,
            wins_over=[_plain(row) for row in of.found.wins_over],
            at=now,
        )
        for of, about in went_by
    ]
    return len(Trace.objects.bulk_create(rows))


def prune(now: datetime) -> int:
    """Forget what is older than KEPT_YEARS, DELETED_MAX at most; how many."""
    old = Trace.objects.filter(at__lt=now - timedelta(days=KEPT_YEARS * 366))
    ids = list(old.order_by("at").values_list("pk", flat=True)[:DELETED_MAX])
    return Trace.objects.filter(pk__in=ids).delete()[0]


def _plain(row: Row) -> dict[str, object]:
    told = asdict(row)
    days = {name: told[name].isoformat() if told[name] else None for name in ("since", "until")}
    return {**told, "level": row.level.value, **days}
