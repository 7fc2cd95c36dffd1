"""Put an act before a second person: the exact text of each, and what is carried out for it."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from noroshi.office.forms.visit import SCOPES
from noroshi.tenants.approvals import Asked
from noroshi.tenants.kinds import NewValue
from noroshi.tenants.models import (
    Act,
    ServiceKind,
    StaffRole,
    Switch,
    SwitchValue,
    Tenant,
    User,
    Violation,
)
from noroshi.tenants.visits import Grant
from noroshi.ui.words import instant_words


def kind_switch(kind: ServiceKind, new: NewValue) -> Asked:
    """A switch of a kind of service gets another value."""
    text = _(
        "サービス種別「%(kind)s」の「%(switch)s」を、%(since)s から「%(value)s」にします。"
    ) % {
        "kind": kind,
        "switch": Switch(new.switch).label,
        "since": new.since.isoformat(),
        "value": SwitchValue(new.value).label,
    }
    payload = {
        "kind": kind.code,
        "switch": new.switch,
        "value": new.value,
        "since": new.since.isoformat(),
        "reason": new.reason,
    }
    return Asked(Act.KIND_SWITCH, str(kind), text, new.reason, payload)


def staff_added(login: str, name: str, email: str, roles: Sequence[str], reason: str) -> Asked:
    """Somebody comes into the office."""
    text = _(
        "%(name)s（利用者ID %(login)s、メール %(email)s）を事務局の人に加えます。"
        "役割は「%(roles)s」です。"
    ) % {"name": name, "login": login, "email": email or _("なし"), "roles": roles_words(roles)}
    payload = {"login": login, "name": name, "email": email, "roles": sorted(roles)}
    return Asked(Act.STAFF_ADDED, name, text, reason, payload)


def staff_roles(person: User, roles: Sequence[str], reason: str) -> Asked:
    """Somebody of the office gets other roles."""
    text = _("%(name)s（利用者ID %(login)s）の役割を「%(before)s」から「%(after)s」にします。") % {
        "name": person.name,
        "login": person.login,
        "before": roles_words(person.staff_roles),
        "after": roles_words(roles),
    }
    payload = {
        "user": person.pk,
        "before": sorted(person.staff_roles),
        "roles": sorted(roles),
    }
    return Asked(Act.STAFF_ROLES, person.name, text, reason, payload)


def unfreeze(tenant: Tenant, since: datetime, reason: str) -> Asked:
    """A contractor's people may sign in again."""
    text = _("契約者「%(tenant)s」の緊急停止（%(since)s から）を解除します。") % {
        "tenant": tenant.name,
        "since": instant_words(since),
    }
    payload = {"tenant": tenant.code, "since": since.isoformat(), "reason": reason}
    return Asked(Act.UNFREEZE, tenant.name, text, reason, payload)


def subcontractor_visit(tenant: Tenant, visitor: User, grant: Grant) -> Asked:
    """Somebody of a subcontractor may look at what is in scope."""
    scopes = dict(SCOPES)
    text = _(
        "%(visitor)s（%(firm)s）に、契約者「%(tenant)s」の次のものを %(hours)d 時間見せます："
        "%(scope)s。整理番号は %(ticket)s です。時間は承認のときから数えます。"
    ) % {
        "visitor": visitor.name,
        "firm": visitor.subcontractor,
        "tenant": tenant.name,
        "hours": grant.hours,
        "scope": _("、").join(str(scopes.get(one, one)) for one in sorted(grant.scope)),
        "ticket": grant.ticket,
    }
    payload = {
        "tenant": tenant.code,
        "visitor": visitor.pk,
        "reason": grant.reason,
        "ticket": grant.ticket,
        "hours": grant.hours,
        "scope": sorted(grant.scope),
    }
    return Asked(Act.SUBCONTRACTOR_VISIT, visitor.name, text, grant.reason, payload)


def violation(found: Violation, reason: str) -> Asked:
    """A breach that suspends the service is booked on the contractor."""
    text = _(
        "契約者「%(tenant)s」の、利用停止に当たる違反を確定します。"
        "条項：%(clause)s。利用者：%(person)s。内容：%(what)s"
    ) % {
        "tenant": found.tenant.name,
        "clause": found.clause,
        "person": found.person_name or _("契約者自身"),
        "what": found.what,
    }
    payload = {"violation": found.code}
    return Asked(Act.VIOLATION_CONFIRMED, found.tenant.name, text, reason, payload)


def roles_words(roles: Sequence[str]) -> str:
    """Roles of the office in words."""
    words = dict(StaffRole.choices)
    return _("、").join(str(words.get(role, role)) for role in sorted(roles))
