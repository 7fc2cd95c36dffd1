"""Four eyes: what one person of the office asks for, another one approves, refuses or lets lapse.

Here stands who may ask and decide. What is then done is called by the door that asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Act, Approval, StaffRole, User
from noroshi.tenants.walls import KEPT_YEARS

LIFE = timedelta(days=14)
WAITING_MAX = 200  # more than any office decides in two weeks
SUBJECT_CHARS_MAX = 200
REASON_CHARS_MAX = 500


class ApprovalRefusal(ValueError):
    """It cannot be asked or decided so; the message is for the person who wanted it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An act as it is put before the second person.

    Attributes:
        text: exactly what both read; `payload` is what is carried out, in plain JSON.
    """

    act: Act
    subject: str
    text: str
    reason: str
    payload: Mapping[str, object] = field(default_factory=dict)


@transaction.atomic
def ask(asked: Asked, *, by: Actor, now: datetime) -> Approval:
    """Put the act on the list of those who may approve. Raises ApprovalRefusal."""
    if by.user is None or not by.user.is_staff:
        raise ApprovalRefusal(_("だれが申請したか分かりません。"))
    reason = asked.reason.strip()[:REASON_CHARS_MAX]
    if not reason:
        raise ApprovalRefusal(_("理由を書いてください。"))
    if not approvers(but=by.user).exists():
        raise ApprovalRefusal(
            _("ほかに承認者がいないため、申請できません。管理者に、承認者の追加を頼んでください。")
        )
    if waiting(now).filter(act=asked.act, subject=asked.subject, text=asked.text).exists():
        raise ApprovalRefusal(_("同じ申請が、すでに承認を待っています。"))
    if waiting(now).count() >= WAITING_MAX:
        raise ApprovalRefusal(_("承認待ちが多すぎます。先に、待っているものを片付けてください。"))
    made = Approval.objects.create(
        act=asked.act, subject=asked.subject[:SUBJECT_CHARS_MAX], text=asked.text,
        payload=dict(asked.payload), reason=reason, asked_by=by.user, at=now,
        expires_at=now + LIFE,
    )  # fmt: skip
    audit.record(by, "approval.asked", made, now=now, details=told(made))
    return made


@transaction.atomic
def approve(approval: Approval, *, by: Actor, now: datetime) -> Approval:
    """Say yes, as an approver who did not ask. Raises ApprovalRefusal.

    To be called in the transaction that carries the act out: both happen, or neither.
    """
    return _decide(approval, Approval.State.APPROVED, "", by=by, now=now)


@transaction.atomic
def refuse(approval: Approval, answer: str, *, by: Actor, now: datetime) -> Approval:
    """Say no and why, as an approver who did not ask. Raises ApprovalRefusal."""
    if not answer.strip():
        raise ApprovalRefusal(_("否認する理由を書いてください。"))
    return _decide(approval, Approval.State.REFUSED, answer, by=by, now=now)


@transaction.atomic
def withdraw(approval: Approval, *, by: Actor, now: datetime) -> Approval:
    """Take back what one asked for oneself. Raises ApprovalRefusal."""
    return _decide(approval, Approval.State.WITHDRAWN, "", by=by, now=now)


def waiting(now: datetime) -> QuerySet[Approval]:
    """What can still be decided, the oldest first."""
    rows = Approval.objects.filter(state=Approval.State.WAITING, expires_at__gt=now)
    return rows.select_related("asked_by").order_by("at", "pk")


def awaited(now: datetime, act: Act, **payload: object) -> Approval | None:
    """What was asked for already and is not decided yet."""
    return waiting(now).filter(act=act, payload__contains=payload).first()


def over(now: datetime) -> QuerySet[Approval]:
    """What was decided, taken back or lapsed, the newest first."""
    rows = Approval.objects.exclude(state=Approval.State.WAITING, expires_at__gt=now)
    return rows.select_related("asked_by", "decided_by").order_by("-at", "-pk")


def is_lapsed(approval: Approval, now: datetime) -> bool:
    """Whether nobody decided in time."""
    return approval.state == Approval.State.WAITING and approval.expires_at <= now


def approvers(*, but: User | None = None) -> QuerySet[User]:
    """Everybody who may decide what `but` asks for."""
    rows = User.objects.filter(
        kind=User.Kind.STAFF, is_active=True, staff_roles__contains=[StaffRole.APPROVER]
    )
    return (rows.exclude(pk=but.pk) if but else rows).order_by("pk")


def may_decide(user: User | None, approval: Approval) -> bool:
    """Whether this person may say yes or no to it."""
    return (
        user is not None
        and user.is_staff
        and user.has_role(StaffRole.APPROVER)
        and user.pk != approval.asked_by_id
    )


def told(approval: Approval) -> dict[str, str]:
    """An act as the audit log tells it."""
    return {"act": approval.act, "text": approval.text, "reason": approval.reason}


def prune(now: datetime) -> int:
    """Forget what was asked for more than KEPT_YEARS ago; how many."""
    return Approval.objects.filter(at__lt=now - timedelta(days=KEPT_YEARS * 366)).delete()[0]


def _decide(
    approval: Approval, state: Approval.State, answer: str, *, by: Actor, now: datetime
) -> Approval:
    held = Approval.objects.select_for_update(of=("self",), no_key=True).get(pk=approval.pk)
    if held.state != Approval.State.WAITING:
        raise ApprovalRefusal(_("すでに決まっています。"))
    if held.expires_at <= now:
        raise ApprovalRefusal(_("期限が過ぎました。必要なら、もう一度申請してください。"))
    is_own = by.user is not None and by.user.pk == held.asked_by_id
    if state == Approval.State.WITHDRAWN:
        if not is_own:
            raise ApprovalRefusal(_("取り下げられるのは申請した人だけです。"))
    elif is_own:
        raise ApprovalRefusal(_("自分の申請は承認も否認もできません。ほかの承認者が決めます。"))
    elif not may_decide(by.user, held):
        raise ApprovalRefusal(_("承認や否認ができるのは承認者だけです。"))
    held.state, held.decided_by, held.decided_at = state, by.user, now
    held.answer = answer.strip()[:REASON_CHARS_MAX]
    held.save(update_fields=["state", "decided_by", "decided_at", "answer"])
    details = told(held) | ({"answer": held.answer} if held.answer else {})
    audit.record(by, f"approval.{state.value}", held, now=now, details=details)
    return held
