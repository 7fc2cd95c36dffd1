"""Whether the house could come back tomorrow: what backups and drills came to lately."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from noroshi.base.environment import Backup
from noroshi.base.models import BackupRun
from noroshi.office import second_copy
from noroshi.office.second_copy import SecondCopy
from noroshi.office.words import bytes_words, span_words

OLD = timedelta(hours=26)
LONG = timedelta(hours=6)  # so long one may take
FIRST_DRILL = timedelta(hours=2)
DRILL_GRACE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """What was done of one kind: the newest good one, and the newest that failed after it.

    Attributes:
        wrong: what a person must look after, in the reader's language; empty: nothing.
        said: in the program's own words, why. note: what else is to be known while all is well.
        size: of the newest good one, in words.
    """

    label: str
    wrong: str
    good_at: datetime | None = None
    failed_at: datetime | None = None
    said: str = ""
    note: str = ""
    size: str = ""
    rows: int | None = None

    @property
    def since(self) -> datetime | None:
        """Since when it is wrong, as far as is known."""
        return self.failed_at or self.good_at


@dataclass(frozen=True, slots=True)
class Backups:
    """All of it; `is_wanted` is False where none were ever made or asked for."""

    is_wanted: bool
    lines: list[Line]

    def wrong(self) -> Iterator[Line]:
        """The lines that need a person."""
        return (line for line in self.lines if line.wrong)


def backups(now: datetime) -> Backups:
    """Look at the newest runs and at the copy of the log. Two queries."""
    wanted: Backup = settings.BACKUP
    newest = BackupRun.objects.order_by("kind", "is_good", "-started_at")
    runs = {(run.kind, run.is_good): run for run in newest.distinct("kind", "is_good")}
    copy = second_copy.of_now(now, is_wanted=wanted.is_wal)
    if wanted.folder is None and not runs and copy is None:
        return Backups(is_wanted=False, lines=[])
    kind = BackupRun.Kind
    made, lost = runs.get((kind.BACKUP, True)), failed(runs, kind.BACKUP, now)
    proved, refuted = runs.get((kind.DRILL, True)), failed(runs, kind.DRILL, now)
    lines = [line(kind.BACKUP, made, lost, words_of_backup(made, lost, now))]
    if wanted.drill_days or proved or refuted:
        words = words_of_drill(proved, refuted, made, now)
        lines.append(line(kind.DRILL, proved, refuted, words))
    if copy is not None:
        lines.append(line_of_copy(copy))
    return Backups(is_wanted=True, lines=lines)


def failed(
    runs: dict[tuple[str, bool], BackupRun], kind: BackupRun.Kind, now: datetime
) -> BackupRun | None:
    """The newest that failed, when no good one came after it and it does not run still."""
    good, bad = runs.get((kind, True)), runs.get((kind, False))
    if bad is None or (good is not None and good.started_at > bad.started_at):
        return None
    return None if bad.ended_at is None and now - bad.started_at < LONG else bad


def words_of_backup(good: BackupRun | None, bad: BackupRun | None, now: datetime) -> str:
    """What is wrong with the backups, or nothing."""
    if bad is not None:
        return _("バックアップに失敗しました")
    if good is None:
        return _("バックアップがまだありません")
    if now - good.started_at > OLD:
        age = span_words((now - good.started_at).total_seconds())
        return _("バックアップが%(time)s取れていません") % {"time": age}
    return ""


def words_of_drill(
    good: BackupRun | None, bad: BackupRun | None, made: BackupRun | None, now: datetime
) -> str:
    """What is wrong with the proofs, or nothing."""
    wanted: Backup = settings.BACKUP
    if bad is not None:
        return _("バックアップから復元できませんでした")
    if good is None:
        is_due = made is not None and now - made.started_at > FIRST_DRILL
        return _("バックアップからの復元をまだ確かめていません") if is_due else ""
    due = timedelta(days=wanted.drill_days) + DRILL_GRACE
    if wanted.drill_days and now - good.started_at > due:
        age = span_words((now - good.started_at).total_seconds())
        return _("復元を%(time)s確かめていません") % {"time": age}
    return ""


def line(kind: BackupRun.Kind, good: BackupRun | None, bad: BackupRun | None, wrong: str) -> Line:
    """One kind for the page."""
    return Line(
        label=str(kind.label),
        wrong=wrong,
        good_at=good.started_at if good else None,
        failed_at=bad.started_at if bad else None,
        said=bad.said if bad else "",
        size=bytes_words(good.size) if good else "",
        rows=good.rows if good else None,
    )


def line_of_copy(copy: SecondCopy) -> Line:
    """The received log for the page."""
    return Line(
        label=_("更新ログの控え"),
        wrong=copy.wrong,
        good_at=copy.received_at,
        said=copy.said or _("バックアップ先のディスクと、wal のログを確かめてください。"),
        note=copy.note,
        size=bytes_words(copy.size) if copy.size else "",
    )
