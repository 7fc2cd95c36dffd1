"""Which value holds: amendment before condition sheet before terms before built-in default.

The contract goes before the terms (article 2, paragraph 1). Pure: rows in, answer out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

ARTICLE = re.compile(r"第\d+条(?:の\d+)?(?:第\d+項)?")


class Level(StrEnum):
    """Where a value comes from; the earlier goes before the later."""

    AMENDMENT = "amendment"
    SHEET = "sheet"
    TERMS = "terms"
    DEFAULT = "default"


ORDER = tuple(Level)


class TwoLiveValues(Exception):
    """Two values of one key and level hold on one day; the database lets none such in."""


@dataclass(frozen=True, slots=True)
class Row:
    """One dated value: holds from `since` to the day before `until`; None = without end.

    `since` is None for what always was: the terms' own and the built-in values.
    """

    text: str
    level: Level
    source: str
    since: date | None
    until: date | None = None
    document_sha256: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on that day, its own contest with other levels aside."""
        begun = self.since is None or self.since <= day
        return begun and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Effective:
    """The value in force, why, and what it goes before.

    Attributes:
        value: the text parsed by its key; see registry.
        article: of the terms, where the source names one: 第5条第1項.
        document_sha256: of the paper that says so; empty where none was filed.
        wins_over: what else holds that day, the strongest first.
    """

    key: str
    text: str
    value: object
    level: Level
    source: str
    article: str
    since: date | None
    document_sha256: str
    wins_over: tuple[Row, ...]

    @property
    def differs(self) -> bool:
        """Whether something it goes before says otherwise."""
        return any(row.text != self.text for row in self.wins_over)


def holding(rows: Iterable[Row], day: date) -> list[Row]:
    """The rows in force on that day, the strongest first. Raises TwoLiveValues."""
    found = sorted((row for row in rows if row.holds_on(day)), key=lambda row: rank(row.level))
    if len({row.level for row in found}) != len(found):
        raise TwoLiveValues(f"{day}: {found}")
    return found


def rank(level: Level) -> int:
    """0 for the strongest."""
    return ORDER.index(level)


def article_of(source: str) -> str:
    """The first article that a source names; empty when it names none."""
    found = ARTICLE.search(source)
    return found.group() if found else ""
