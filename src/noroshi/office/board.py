"""The morning board: everything that needs a person today, the longest waiting first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noroshi.inbox import journal
from noroshi.inbox.journal import Waiting
from noroshi.office import questions
from noroshi.office.backups import Line, backups
from noroshi.office.notices import MAIL_LATE
from noroshi.office.questions import Group, Program, Stranger
from noroshi.office.words import say, span_words
from noroshi.outbox.models import Incoming, Message

TASKS_MAX = 30
GIVEN_UP_SHOWN = timedelta(days=7)
INBOX_LATE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing for a person to do. `state` is a pill's kind, `url` leads to the remedy."""

    state: str
    label: str
    what: str
    why: str
    url: str
    action: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Board:
    """The page: tasks, quiet programs, and how far the two queues are behind."""

    stopped: list[str]
    tasks: list[Task]
    has_more: bool
    inbox: Waiting
    is_inbox_late: bool
    mails: int
    mails_due_at: datetime | None
    is_mail_late: bool
    programs: list[Program]


def board(now: datetime) -> Board:
    """Look at everything. Nine queries."""
    found = sorted(tasks(now), key=lambda task: task.since or now)
    programs = questions.programs(now)
    inbox = journal.waiting()
    mails, mails_due_at = mails_waiting()
    return Board(
        stopped=[stopped_words(program, now) for program in programs if program.is_quiet],
        tasks=found[:TASKS_MAX],
        has_more=len(found) > TASKS_MAX,
        inbox=inbox,
        is_inbox_late=inbox.oldest_at is not None and now - inbox.oldest_at > INBOX_LATE,
        mails=mails,
        mails_due_at=mails_due_at,
        is_mail_late=mails_due_at is not None and now - mails_due_at > MAIL_LATE,
        programs=programs,
    )


def tasks(now: datetime) -> Iterator[Task]:
    """Everything that needs a person, in no order."""
    yield from (task_of_stranger(one) for one in questions.strangers(limit=TASKS_MAX + 1))
    yield from (task_of_group(one) for one in questions.troubles(limit=TASKS_MAX + 1))
    given_up = Message.objects.filter(
        state=Message.State.GIVEN_UP, created_at__gt=now - GIVEN_UP_SHOWN
    ).aggregate(count=Count("pk"), since=Min("created_at"))
    if given_up["count"]:
        yield task_of_mails(given_up["count"], given_up["since"])
    came_in = Incoming.objects.filter(state=Incoming.State.KEPT)
    waiting = came_in.aggregate(count=Count("pk"), since=Min("received_at"))
    if waiting["count"]:
        yield task_of_incoming(waiting["count"], waiting["since"])
    yield from (task_of_backups(line) for line in backups(now).wrong())


def task_of_stranger(one: Stranger) -> Task:
    """An unknown device: register it."""
    query = urlencode({"space": one.space, "address": one.address})
    waiting = ngettext("受信%(n)d件が待っています", "受信%(n)d件が待っています", one.count) % {
        "n": one.count
    }
    if one.is_known:
        return Task(
            state="unknown",
            label=_("契約者ちがい"),
            what=_("端末 %(address)s が別の契約者の接続から届いています")
            % {"address": one.address},
            why=f"{one.connection} ・ {waiting}",
            url=f"{reverse('office-inbox')}?{urlencode({'tab': 'unknown', 'q': one.address})}",
            action=_("調べる"),
            since=one.first_at,
        )
    return Task(
        state="unknown",
        label=_("未登録"),
        what=_("登録されていない端末 %(address)s") % {"address": one.address},
        why=f"{one.connection} ・ {waiting}",
        url=f"{reverse('office-device-new')}?{query}",
        action=_("登録する"),
        since=one.first_at,
    )


def task_of_group(one: Group) -> Task:
    """Refused or failed entries of one cause."""
    detail = f"{one.code}:" if one.code else ""
    query = {"tab": one.kind, "reason": one.reason}
    if one.kind == "refused":
        query["connection"] = str(one.connection_id)
        what = ngettext(
            "%(name)sからの%(n)d件を受け付けられませんでした",
            "%(name)sからの%(n)d件を受け付けられませんでした",
            one.count,
        ) % {"name": one.connection, "n": one.count}
    else:
        what = ngettext(
            "%(name)sの%(n)d件を処理できませんでした",
            "%(name)sの%(n)d件を処理できませんでした",
            one.count,
        ) % {"name": one.codec or _("受信箱"), "n": one.count}
    return Task(
        state="alarm",
        label=_("受付不可") if one.kind == "refused" else _("失敗"),
        what=what,
        why=say(one.reason, detail).what,
        url=f"{reverse('office-inbox')}?{urlencode(query)}",
        action=_("調べる"),
        since=one.first_at,
    )


def task_of_mails(count: int, since: datetime) -> Task:
    """Mails that no server took."""
    return Task(
        state="alarm",
        label=_("不達"),
        what=ngettext("メール%(n)d通を送れませんでした", "メール%(n)d通を送れませんでした", count)
        % {"n": count},
        why=_("宛先かメールサーバーを確かめてください。"),
        url=f"{reverse('office-mails')}?state=given_up",
        action=_("調べる"),
        since=since,
    )


def task_of_incoming(count: int, since: datetime) -> Task:
    """Mails that came in and that the house does not understand."""
    return Task(
        state="unknown",
        label=_("届いたメール"),
        what=ngettext("確認を待つメールが%(n)d通", "確認を待つメールが%(n)d通", count)
        % {"n": count},
        why=_("返信や、機械には分からないメールです。"),
        url=reverse("office-incoming"),
        action=_("読む"),
        since=since,
    )


def task_of_backups(line: Line) -> Task:
    """A backup or its proof that failed, or is too old."""
    return Task(
        state="alarm",
        label=line.label,
        what=line.wrong,
        why=line.said or _("定時の仕事とバックアップ先を確かめてください。"),
        url=f"{reverse('office-system')}#backups",
        action=_("調べる"),
        since=line.since,
    )


def stopped_words(program: Program, now: datetime) -> str:
    """The red bar's sentence."""
    if program.seen_at is None:
        return _("%(program)s はまだ一度も動いていません") % {"program": program.name}
    return _("%(program)s が%(time)s応答していません") % {
        "program": program.name,
        "time": span_words((now - program.seen_at).total_seconds()),
    }


def mails_waiting() -> tuple[int, datetime | None]:
    """How many mails wait, and since when the first is due."""
    waiting = Message.objects.filter(state=Message.State.WAITING)
    found = waiting.aggregate(count=Count("pk"), due=Min("due_at"))
    return found["count"], found["due"]
