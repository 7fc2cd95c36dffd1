"""Carry out what two persons agreed on; without a second person by setting, at once and told so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from noroshi.outbox import approval_mails, visit_mails
from noroshi.outbox.handed import Given, give
from noroshi.tenants import accounts, approvals, audit, kinds, register, staff, violations, visits
from noroshi.tenants.accounts import AccountRefusal, NewAccount
from noroshi.tenants.approvals import ApprovalRefusal, Asked
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty, may_change
from noroshi.tenants.kinds import KindRefusal, NewValue
from noroshi.tenants.models import (
    Act,
    Approval,
    IssuedCredential,
    ServiceKind,
    Tenant,
    User,
    Violation,
)
from noroshi.tenants.register import RegisterRefusal
from noroshi.tenants.visits import Grant

# What stands in the way of an act itself, whoever agreed to it.
REFUSALS = (
    ApprovalRefusal,
    KindRefusal,
    AccountRefusal,
    RegisterRefusal,
    staff.NotAllowed,
    violations.ViolationRefusal,
    visits.NotAllowed,
)
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """An act that took effect; `given` is what is handed over now, once."""

    words: str
    given: Given | None = None


@transaction.atomic
def propose(asked: Asked, *, by: Actor, now: datetime) -> Approval | Done:
    """Ask for the second person, or do it at once where the office works without one.

    Raises one of REFUSALS, and then nothing was written: what could not be done now is not even
    asked for.
    """
    if not settings.TWO_PERSONS:
        done = carry_out(asked.act, asked.payload, by=by, now=now)
        details = {"act": asked.act.value, "text": asked.text, "reason": asked.reason}
        audit.record(by, "approval.alone", asked.subject, now=now, details=details)
        return done
    with transaction.atomic():
        carry_out(asked.act, asked.payload, by=by, now=now)
        transaction.set_rollback(True)  # only to see that it can be done
    made = approvals.ask(asked, by=by, now=now)
    approval_mails.tell_asked(made, now=now)
    return made


@transaction.atomic
def approve(approval: Approval, *, by: Actor, now: datetime) -> Done:
    """Say yes, and do it in the name of who asked. Raises one of REFUSALS: it waits on."""
    decided = approvals.approve(approval, by=by, now=now)
    asker = Actor(User.objects.get(pk=decided.asked_by_id), None)
    done = carry_out(Act(decided.act), decided.payload, by=asker, now=now)
    approval_mails.tell_decided(decided, now=now)
    return done


@transaction.atomic
def refuse(approval: Approval, answer: str, *, by: Actor, now: datetime) -> None:
    """Say no. Raises ApprovalRefusal."""
    decided = approvals.refuse(approval, answer, by=by, now=now)
    approval_mails.tell_decided(decided, now=now)


def carry_out(act: Act, payload: Payload, *, by: Actor, now: datetime) -> Done:
    """Do it as `by`, who must still have the duty it belongs to."""
    duty, do = ACTS[act]
    if by.user is None or not by.user.is_active or not may_change(by.user.staff_roles, duty):
        raise ApprovalRefusal(_("申請した人は、この操作の役割をもう持っていません。"))
    return do(payload, by, now)


def _switch(payload: Payload, by: Actor, now: datetime) -> Done:
    kind = ServiceKind.objects.get(code=payload["kind"])
    since = date.fromisoformat(payload["since"])
    new = NewValue(payload["switch"], payload["value"], since, payload["reason"])
    kinds.set_switch(kind, new, by=by, now=now)
    return Done(_("サービス種別の変更を記録しました。"))


def _add(payload: Payload, by: Actor, now: datetime) -> Done:
    new = NewAccount(
        name=payload["name"],
        email=payload["email"],
        kind=User.Kind.STAFF,
        staff_roles=tuple(payload["roles"]),
        login=payload["login"],
    )
    handed = accounts.issue(new, way=IssuedCredential.Way.LINK, by=by, now=now)
    words = _("%(name)s さんの利用者IDを発行しました。") % {"name": new.name}
    return Done(words, give(handed, None, now=now))


def _roles(payload: Payload, by: Actor, now: datetime) -> Done:
    person = staff.staff().get(pk=payload["user"])
    if sorted(person.staff_roles) != payload["before"]:
        raise ApprovalRefusal(_("申請のあとで役割が変わりました。もう一度申請してください。"))
    staff.change_roles(person, payload["roles"], by=by, now=now)
    return Done(_("%(name)s さんの役割を保存しました。") % {"name": person.name})


def _unfreeze(payload: Payload, by: Actor, now: datetime) -> Done:
    tenant = Tenant.objects.get(code=payload["tenant"])
    since = datetime.fromisoformat(payload["since"])
    actor = Actor(by.user, tenant)
    if tenant.frozen_at != since or not register.unfreeze(
        tenant, payload["reason"], by=actor, now=now
    ):
        raise ApprovalRefusal(_("申請のあとで停止の状態が変わりました。もう一度申請してください。"))
    return Done(_("緊急停止を解除しました。"))


def _visit(payload: Payload, by: Actor, now: datetime) -> Done:
    tenant = Tenant.objects.get(code=payload["tenant"])
    visitor = User.objects.select_related("subcontractor__party").get(pk=payload["visitor"])
    grant = Grant(payload["reason"], payload["ticket"], payload["hours"], payload["scope"])
    visit = visits.open_subcontractor(tenant, visitor, grant, by, now)
    visit_mails.tell_opened(visit, now=now)
    return Done(_("閲覧を許可しました。契約者にも知らせます。"))


def _violation(payload: Payload, by: Actor, now: datetime) -> Done:
    found = Violation.objects.get(code=payload["violation"])
    violations.confirm(found, by=by, now=now)
    return Done(_("違反を確定しました。契約者の管理者に見えます。"))


# Each act: the duty that who asks must have, and how it is done.
ACTS: dict[Act, tuple[Duty, Callable[[Payload, Actor, datetime], Done]]] = {
    Act.KIND_SWITCH: (Duty.KINDS, _switch),
    Act.STAFF_ADDED: (Duty.STAFF, _add),
    Act.STAFF_ROLES: (Duty.STAFF, _roles),
    Act.UNFREEZE: (Duty.ACCOUNTS, _unfreeze),
    Act.SUBCONTRACTOR_VISIT: (Duty.VISITS, _visit),
    Act.VIOLATION_CONFIRMED: (Duty.VIOLATIONS, _violation),
}
