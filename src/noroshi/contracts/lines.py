"""A contract as people read it: each condition with its source, what it goes before, its past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from noroshi.contracts import registry
from noroshi.contracts.actions import AMENDMENT_HEAD, AMENDMENT_TAIL, SHEET
from noroshi.contracts.effective import all_effective
from noroshi.contracts.items import Item
from noroshi.contracts.models import Condition, Contract, LicensedItem
from noroshi.contracts.resolve import Effective, Level

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Past:
    """One dated value; `last_day` is the last on which it holds, None = without end."""

    words: str
    source: str
    from_day: date
    last_day: date | None
    document_sha256: str


@dataclass(frozen=True, slots=True)
class Line:
    """One condition in force, and what it goes before.

    Attributes:
        others: (words, source) of what says otherwise, the strongest first.
        is_before_terms: whether the terms are among them (article 2, paragraph 1).
    """

    key: str
    label: str
    words: str
    source: str
    since: date | None
    document_sha256: str
    others: Sequence[tuple[str, str]]
    is_before_terms: bool
    history: Sequence[Past]


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item of the closed list: since when and why it is licensed, or None and ""."""

    item: Item
    since: date | None
    source: str


def lines_of(contract: Contract, day: date) -> list[Line]:
    """Every condition on that day."""
    past: dict[str, list[Past]] = {}
    for one in Condition.objects.filter(contract=contract).order_by("from_day", "pk"):
        past.setdefault(one.key, []).append(
            Past(
                registry.said(one.key, one.value),
                source_words(one.source),
                one.from_day,
                last_day(one.until_day),
                one.document_sha256,
            )
        )
    return [_line(one, past.get(one.key, ())) for one in all_effective(contract, day)]


def items_of(contract: Contract, day: date) -> list[ItemLine]:
    """The whole closed list, with what is licensed on that day."""
    held = {
        Item(one.item): one
        for one in LicensedItem.objects.filter(contract=contract, from_day__lte=day)
        if one.until_day is None or day < one.until_day
    }
    return [
        ItemLine(item, held[item].from_day, source_words(held[item].source))
        if item in held
        else ItemLine(item, None, "")
        for item in Item
    ]


def standing(contract: Contract, day: date) -> str:
    """Where the contract stands on that day, in words."""
    if contract.state == Contract.State.DRAFT:
        return str(contract.get_state_display())
    if day < contract.from_day:
        return _("開始前")
    return _("満了") if contract.until_day and contract.until_day <= day else _("利用中")


def source_words(source: str) -> str:
    """A source in the language in force where the house named it; else as it was written."""
    if source == SHEET:
        return _("条件書")
    number = source.removeprefix(AMENDMENT_HEAD).removesuffix(AMENDMENT_TAIL)
    is_amendment = number.isdecimal() and source == f"{AMENDMENT_HEAD}{number}{AMENDMENT_TAIL}"
    return _("変更契約 第%(n)s号") % {"n": number} if is_amendment else source


def last_day(until_day: date | None) -> date | None:
    """The last day before the first on which something no longer holds."""
    return until_day - DAY if until_day else None


def day_in(contract: Contract, today: date) -> date:
    """Today, or the nearest day of the contract's period."""
    last = last_day(contract.until_day)
    return max(contract.from_day, min(today, last) if last else today)


def _line(found: Effective, history: Sequence[Past]) -> Line:
    others = [row for row in found.wins_over if row.text and row.text != found.text]
    return Line(
        found.key,
        label_of(found.key),
        registry.said(found.key, found.text),
        source_words(found.source),
        found.since,
        found.document_sha256,
        [(registry.said(found.key, row.text), source_words(row.source)) for row in others],
        any(row.level == Level.TERMS for row in others),
        history,
    )


def label_of(key: str) -> str:
    """The name of a condition; a price line with its own name behind it."""
    label = str(registry.key_of(key).label)
    return f"{label}（{key.partition('.')[2]}）" if "." in key else label
