"""Why somebody got a mail, or none: the answer of the ledger as sentences for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from noroshi.alarms.models import Notice, OutageNotice
from noroshi.alarms.why import Answer, Cause, Told
from noroshi.outbox.ledger import SENT, WAITING, Mail
from noroshi.ui.words import instant_words

State = Notice.State


@dataclass(frozen=True, slots=True)
class Line:
    """One step with its time: what was decided, or what became of the mail."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Story:
    """One notice as people read it; `is_good`: a mail server took the mail.

    `standing` is one word for `outcome`.
    """

    name: str
    address: str
    event: str
    standing: str
    outcome: str
    is_good: bool
    mail_id: int | None
    lines: Sequence[Line]


def sentence(answer: Answer) -> str:
    """The one reason."""
    if answer.told and answer.cause == Cause.TOLD:
        return story_of(answer.told[-1]).outcome
    return {
        Cause.TOLD: "",
        Cause.NOT_AMONG_THEM: _(
            "警報はありましたが、この人はその通知条件の通知先に入っていません。"
        ),
        Cause.CAME_LATER: _("警報は、この人が通知先に登録される前に起きています。"),
        Cause.BEFORE_NOTICES: _("知らせの記録を残しはじめる前の警報です。通知履歴を見てください。"),
        Cause.IN_OUTAGE: _(
            "回線の障害の間でした。端末ごとには知らせず、障害として一通にまとめています。"
        ),
        Cause.NO_RULE: _("この端末には、通知条件がありません。"),
        Cause.RULES_REST: _("この端末の通知条件は、どれも止めてあります。"),
        Cause.NOT_IN_RULES: _("この人は、この端末のどの通知条件の通知先にも入っていません。"),
        Cause.NOTHING_HEARD: _("その前後1時間に、この端末からの受信がありません。"),
        Cause.LATE: _("計測値が遅れて届いたので、記録だけして判定しませんでした。"),
        Cause.NOT_LONG_ENOUGH: _("値は外れましたが、まだ判定時間だけ続いていません。"),
        Cause.WITHIN_LIMITS: _("値が、通知条件の範囲を外れていません。"),
    }[answer.cause]


def story_of(told: Told) -> Story:
    """One notice with its steps."""
    notice, mail = told.notice, told.mail
    return Story(
        name=notice.name,
        address=notice.address,
        event=event_words(notice),
        standing=mail.state_label if mail else notice.get_state_display(),
        outcome=outcome_of(told),
        is_good=mail is not None and mail.state == SENT,
        mail_id=mail.id if mail else None,
        lines=lines_of(notice, mail),
    )


def event_words(notice: Notice | OutageNotice) -> str:
    """What it tells, with its number."""
    words = notice.get_event_display()
    if notice.event == "repeated":
        return _("%(event)s（%(n)d回目）") % {"event": words, "n": notice.number}
    if notice.event == "escalated":
        return _("%(event)s（%(n)d分後）") % {"event": words, "n": notice.number}
    return words


def outcome_of(told: Told) -> str:
    """How it ended, or where it stands."""
    notice, mail = told.notice, told.mail
    if notice.state == State.DROPPED:
        return _("送っていません：%(reason)s。") % {"reason": notice.get_reason_display()}
    if notice.state == State.WAITING:
        due = instant_words(notice.due_at) if notice.due_at else ""
        words = {"reason": notice.get_reason_display(), "at": due}
        return _("まだ送っていません：%(reason)s（%(at)sに送ります）。") % words
    if mail is None:
        return _("送りました。メールの控えは保存期間を過ぎました。")
    return outcome_of_mail(mail)


def outcome_of_mail(mail: Mail) -> str:
    """What became of a mail."""
    if mail.state == SENT and mail.sent_at is not None:
        at = {"at": instant_words(mail.sent_at, "second")}
        return (
            _(
                "相手のメールサーバーが受け取りました（%(at)s）。見あたらないときは、"
                "迷惑メールの箱と、携帯電話の受信拒否の設定を見てください。"
            )
            % at
        )
    answer = mail.last_answer or _("まだ返事がありません")
    if mail.state == WAITING:
        words = {"answer": answer, "at": instant_words(mail.due_at)}
        return _("送信を待っています（次は%(at)s）。サーバーの返事：%(answer)s") % words
    words = {"state": mail.state_label, "answer": getattr(mail, "reason", "") or answer}
    return _("%(state)s：%(answer)s") % words


def lines_of(notice: Notice | OutageNotice, mail: Mail | None) -> list[Line]:
    """Every step with its time, oldest first."""
    words = {"event": event_words(notice), "reason": notice.get_reason_display()}
    lines = [Line(notice.decided_at, _("%(event)s：%(reason)s") % words)]
    if notice.posted_at is not None and notice.posted_at != notice.decided_at:
        lines.append(Line(notice.posted_at, _("一通にまとめてメールにした")))
    elif notice.posted_at is not None:
        lines.append(Line(notice.posted_at, _("メールにした")))
    if notice.state == State.WAITING and notice.due_at is not None:
        lines.append(Line(notice.due_at, _("送る予定")))
    if mail is not None and mail.sent_at is not None:
        lines.append(Line(mail.sent_at, _("相手のメールサーバーが受け取った")))
    return lines
