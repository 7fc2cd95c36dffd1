"""How the second copy of the database's log fares, by what its receiver tells of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from noroshi.base.models import Pulse
from noroshi.office.questions import QUIET_PROGRAM
from noroshi.office.words import bytes_words, span_words

PROGRAM = "wal"
LATE_S = 60
ALONE_S = 5  # the first moments after a start, and no more
UNCOVERED_S = 3600  # the backup that a new log needs is begun at once, and takes a while


@dataclass(frozen=True, slots=True)
class SecondCopy:
    """The copy now.

    Attributes:
        wrong: what a person must look after, in the reader's language; empty: nothing.
        said: why, in the program's own words. note: how far behind, and whether commits wait.
        received_at: when it was all there last, as far as is known. size: bytes.
    """

    wrong: str
    said: str = ""
    note: str = ""
    received_at: datetime | None = None
    size: float = 0


def of_now(now: datetime, *, is_wanted: bool) -> SecondCopy | None:
    """The copy as the newest pulse tells; None where none is wanted. One query."""
    pulse = Pulse.objects.filter(program=PROGRAM).order_by("-seen_at").first()
    is_quiet = pulse is None or now - pulse.seen_at > QUIET_PROGRAM
    if is_quiet and not is_wanted:
        return None
    if pulse is None:
        return SecondCopy(_("更新ログを受け取るプログラムが動いていません"))
    told = pulse.figures
    received_at = pulse.seen_at - timedelta(seconds=told["behind_s"])
    if is_quiet:
        words = _("更新ログを受け取るプログラムが動いていません")
        return SecondCopy(words, received_at=received_at, size=told["size"])
    return SecondCopy(words_of(told), pulse.note, note_of(told), received_at, told["size"])


def figures(now: datetime) -> Mapping[str, float] | None:
    """The figures of a receiver that lives. One query."""
    alive = Pulse.objects.filter(program=PROGRAM, seen_at__gte=now - QUIET_PROGRAM)
    pulse = alive.order_by("-seen_at").first()
    return None if pulse is None else pulse.figures


def words_of(told: Mapping[str, float]) -> str:
    """What is wrong, the worst first; or nothing."""
    if told["is_lost"]:
        return _("更新ログが途切れました")
    if not told["is_streaming"]:
        return _("更新ログを受け取れていません")
    if told["alone_s"] > ALONE_S:
        return _("二つ目の控えを待たずに記録しています")
    if told["behind_s"] > LATE_S:
        span, size = span_words(told["behind_s"]), bytes_words(told["behind"])
        return _("更新ログの控えが%(time)s（%(size)s）遅れています") % {"time": span, "size": size}
    if told["uncovered_s"] > UNCOVERED_S:
        return _("今の更新ログにつながるバックアップがまだありません")
    return ""


def note_of(told: Mapping[str, float]) -> str:
    """How far behind it is, and whether commits wait for it."""
    behind = _("遅れ %(size)s") % {"size": bytes_words(told["behind"])}
    waits = _("二つ目の控えを待って記録しています")
    return f"{waits} ・ {behind}" if told["is_sync"] else behind
