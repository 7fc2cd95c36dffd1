"""Look into a tenant's data from outside: never without notice, reason and end, never unseen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from noroshi.tenants import accounts, audit, duties, kinds
from noroshi.tenants.accounts import Handed, NewAccount
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.models import IssuedCredential, Membership, Tenant, User, Visit, VisitView
from noroshi.tenants.review import japans_day
from noroshi.tenants.subcontractors import missing_of

SESSION_KEY = "visit"  # the session's note of the visit a person makes: its code
HOURS_MAX = 8
AUDIT_DAYS_MAX = 31
REASON_CHARS_MAX = 500
TICKET_CHARS_MAX = 60
PATH_CHARS_MAX = 300
# A part of a page that keeps itself fresh is written down once in so long.
REFRESH_NOTED = timedelta(minutes=10)
_ON_REQUEST = "noroshi_visit"


class Scope(StrEnum):
    """What a subcontractor may be let see: a closed list."""

    DEVICES = "devices"
    ALARMS = "alarms"
    MAILS = "mails"
    EXPORT = "export"


class NotAllowed(ValueError):
    """The visit may not be; `faults` says why, field by field, for the person who asked."""

    def __init__(self, **faults: str) -> None:
        """Keep every fault at once: name of the field = words."""
        super().__init__(" ".join(faults.values()))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Notice:
    """What the contractor files before an audit; `since` None = at once."""

    name: str
    department: str
    reason: str
    until: datetime
    since: datetime | None = None
    email: str = ""
    on_behalf_of: Membership | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Why, for which ticket and for how many hours somebody of ours may look."""

    reason: str
    ticket: str
    hours: int
    scope: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it is written down.

    Attributes:
        page: the name of the page.
        path: its address, the query included.
        address: from which internet address.
        refreshes: the path of the page that it only keeps fresh; empty = it is a page itself.
    """

    page: str
    path: str
    address: str | None
    refreshes: str = ""


@dataclass(frozen=True, slots=True)
class FiledAudit:
    """An audit that the contractor announced: its receipt, and what is handed to the auditor."""

    visit: Visit
    receipt: str
    handed: Handed


@transaction.atomic
def file_audit(tenant: Tenant, notice: Notice, by: Actor, now: datetime) -> FiledAudit:
    """Receive the contractor's notice and make the auditor's own read-only account.

    The account is opened by a link that works once; it sees the tenant from `since` to `until` and
    is closed afterwards. Raises NotAllowed with every fault. The caller posts the receipt
    (outbox.visit_mails) in the same transaction.
    """
    faults = faults_of_notice(tenant, notice, by, now)
    if faults:
        raise NotAllowed(**faults)
    actor = Actor(by.user, tenant)
    new = NewAccount(
        name=notice.name.strip()[:100],
        email=notice.email,
        language=tenant.language,
        kind=User.Kind.AUDIT,
        prefix=f"audit{tenant.pk:04d}",
    )
    handed = accounts.issue(new, way=IssuedCredential.Way.LINK, by=actor, now=now)
    visit = Visit(
        tenant=tenant,
        kind=Visit.Kind.AUDIT,
        visitor=handed.user,
        visitor_name=handed.user.name,
        department=notice.department,
        reason=notice.reason.strip()[:REASON_CHARS_MAX],
        on_behalf_of=notice.on_behalf_of,
        filed_by=required(by),
        filed_at=now,
        since=notice.since or now,
        until=notice.until,
    )
    visit.save()
    visit.ticket = f"A-{japans_day(now):%Y%m%d}-{visit.pk}"
    visit.save(update_fields=["ticket"])
    audit.record(actor, "visit.filed", visit, now=now, details=told(visit))
    return FiledAudit(visit, visit.ticket, handed)


@transaction.atomic
def open_staff(tenant: Tenant, grant: Grant, by: Actor, now: datetime) -> Visit:
    """Let the person of the office who asks look into one tenant (break-glass).

    Read-only, with reason and ticket, for at most HOURS_MAX hours. Raises NotAllowed.
    """
    user = by.user
    if user is None or not may_visit(user):
        raise NotAllowed(reason=_("この役割では閲覧できません。"))
    faults = faults_of(grant)
    if faults:
        raise NotAllowed(**faults)
    visit = Visit(tenant=tenant, kind=Visit.Kind.STAFF, visitor=user, visitor_name=user.name)
    return _opened(visit, grant, by, now)


@transaction.atomic
def open_subcontractor(
    tenant: Tenant, visitor: User, grant: Grant, by: Actor, now: datetime
) -> Visit:
    """Let a person of a subcontractor look at what is in scope; raises NotAllowed.

    Both agreements must stand, with their papers; the refusal says which is missing.
    """
    faults = faults_of(grant)
    if not grant.scope or not set(grant.scope) <= set(Scope):
        faults["scope"] = _("見せる範囲を選んでください。")
    firm = visitor.subcontractor
    if visitor.kind != User.Kind.SUBCONTRACTOR or firm is None:
        faults["visitor"] = _("委託先の人を選んでください。")
    else:
        missing = missing_of(firm, japans_day(now))
        if missing:
            faults["visitor"] = _("次のものがそろっていません：%(missing)s") % {
                "missing": _("、").join(missing)
            }
    if by.user is None or not duties.may_change(by.user.staff_roles, Duty.VISITS):
        faults["reason"] = _("この役割では閲覧を許可できません。")
    if faults:
        raise NotAllowed(**faults)
    name = f"{visitor.name}（{firm}）"
    visit = Visit(
        tenant=tenant, kind=Visit.Kind.SUBCONTRACTOR, visitor=visitor, visitor_name=name[:100],
        scope=sorted(set(grant.scope)),
    )  # fmt: skip
    return _opened(visit, grant, by, now)


@transaction.atomic
def end(visit: Visit, by: Actor, now: datetime) -> bool:
    """Close a visit before its time; False when it was over already."""
    running = Visit.objects.filter(pk=visit.pk, ended_at=None, until__gt=now)
    if not running.update(ended_at=now):
        return False
    visit.ended_at = now
    close_accounts_over(now, of=visit.visitor_id)
    audit.record(Actor(by.user, visit.tenant), "visit.ended", visit, now=now, details=told(visit))
    return True


def active_visit(user: User, tenant: Tenant | int, now: datetime) -> Visit | None:
    """The visit by which the person may look into the tenant at this instant; None = none."""
    number = tenant if isinstance(tenant, int) else tenant.pk
    mine = active_visits(user, now)
    return next((visit for visit in mine if visit.tenant_id == number), None)


def active_visits(user: User, now: datetime) -> list[Visit]:
    """Every visit that the person may make at this instant, the one that lasts longest first."""
    found = Visit.objects.filter(visitor=user, since__lte=now, until__gt=now, ended_at=None)
    found = found.select_related("tenant", "visitor__subcontractor").order_by("-until", "-pk")
    return [visit for visit in found if still_may(visit.visitor, now)]


def still_may(user: User, now: datetime) -> bool:
    """Whether the visitor is still somebody who may visit: asked at every request."""
    if not user.is_active:
        return False
    if user.kind == User.Kind.STAFF:
        return may_visit(user)
    if user.kind == User.Kind.SUBCONTRACTOR:
        return user.subcontractor is not None and not missing_of(
            user.subcontractor, japans_day(now)
        )
    return user.kind == User.Kind.AUDIT


def may_visit(user: User) -> bool:
    """Whether a person of the office may open a visit with a reason."""
    return user.is_staff and duties.may_change(user.staff_roles, Duty.VISITS)


def note_view(visit: Visit, seen: Seen, now: datetime) -> bool:
    """Write down that a page was opened; False for a part of it that only kept itself fresh.

    A refresh is of a page that this visit opened within the last REFRESH_NOTED: whatever a
    visitor's browser claims, the first look at a page is written.
    """
    path = seen.path[:PATH_CHARS_MAX]
    if seen.refreshes:
        page = Q(path=seen.refreshes) | Q(path__startswith=f"{seen.refreshes}?")
        if VisitView.objects.filter(page, visit=visit, at__gt=now - REFRESH_NOTED).exists():
            return False
    VisitView.objects.create(
        visit=visit,
        tenant_id=visit.tenant_id,
        at=now,
        page=seen.page[:60],
        path=path,
        address=seen.address,
    )
    return True


def close_accounts_over(now: datetime, *, of: int | None = None) -> int:
    """Close the auditors' accounts whose last visit is over; how many (asked by the clock)."""
    open_ones = User.objects.filter(kind=User.Kind.AUDIT).exclude(state=User.State.CLOSED)
    if of is not None:
        open_ones = open_ones.filter(pk=of)
    over = open_ones.exclude(visits__in=Visit.objects.filter(until__gt=now, ended_at=None))
    found = list(over.filter(visits__isnull=False).distinct())
    for user in found:
        last = user.visits.select_related("tenant").order_by("-until")[0]
        accounts.close(user, by=Actor(None, last.tenant), now=now)
    return len(found)


def visits_running(now: datetime) -> QuerySet[Visit]:
    """All visits that are not over, those still to come included."""
    found = Visit.objects.filter(until__gt=now, ended_at=None)
    return found.select_related("tenant", "visitor", "filed_by").order_by("until", "pk")


def visits_over(now: datetime) -> QuerySet[Visit]:
    """All visits that are over, the newest first."""
    rows = Visit.objects.select_related("tenant", "visitor", "filed_by")
    return rows.exclude(until__gt=now, ended_at=None).order_by("-filed_at", "-pk")


def is_running(visit: Visit, now: datetime) -> bool:
    """Whether the visit's time has come and is not over."""
    return visit.ended_at is None and visit.since <= now < visit.until


def faults_of(grant: Grant) -> dict[str, str]:
    """Field → what is wrong with it."""
    faults = {}
    if not grant.reason.strip():
        faults["reason"] = _("理由を書いてください。契約者にも見えます。")
    if not grant.ticket.strip():
        faults["ticket"] = _("整理番号を書いてください（問い合わせの番号など）。")
    if grant.hours not in range(1, HOURS_MAX + 1):
        faults["hours"] = _("1時間から%(n)d時間までにしてください。") % {"n": HOURS_MAX}
    return faults


def faults_of_notice(tenant: Tenant, notice: Notice, by: Actor, now: datetime) -> dict[str, str]:
    """Field → what is wrong with it."""
    whose = notice.on_behalf_of
    wrong = {
        "name": not notice.name.strip() and _("閲覧する方のお名前を書いてください。"),
        "department": notice.department not in Visit.Department.values
        and _("部署を選んでください。"),
        "reason": not notice.reason.strip() and _("目的を書いてください。"),
        "on_behalf_of": whose is not None
        and whose.tenant_id != tenant.pk
        and _("この契約者の利用者を選んでください。"),
    }
    faults = {field: words for field, words in wrong.items() if words}
    if no_accounts := kinds.refusal_of(tenant, now):
        faults["name"] = no_accounts
    if not is_admin_of(by, tenant):
        faults["reason"] = _("監査アクセスは、契約者の管理者が届け出ます。")
    return faults | faults_of_period(notice.since or now, notice.until, now)


def faults_of_period(since: datetime, until: datetime, now: datetime) -> dict[str, str]:
    """What is wrong with an audit's beginning and end."""
    faults = {}
    if since < now:
        faults["since"] = _("開始を届け出より前にはできません。")
    if until <= since:
        faults["until"] = _("終了は開始より後にしてください。")
    elif until - since > timedelta(days=AUDIT_DAYS_MAX):
        faults["until"] = _("期間は%(n)d日までです。") % {"n": AUDIT_DAYS_MAX}
    return faults


def is_admin_of(by: Actor, tenant: Tenant) -> bool:
    """Whether the person may act as the contractor's administrator."""
    return Membership.objects.filter(
        tenant=tenant, user=by.user, role=Membership.Role.ADMIN, stopped_at=None
    ).exists()


def told(visit: Visit) -> dict[str, str]:
    """A visit as the audit log tells it."""
    return {
        "kind": visit.kind,
        "visitor": visit.visitor_name,
        "reason": visit.reason,
        "ticket": visit.ticket,
        "since": visit.since.isoformat(),
        "until": visit.until.isoformat(),
    }


def remember(request: HttpRequest, visit: Visit) -> None:
    """Let the page, the layout and the log of this request know that it is a visit."""
    vars(request)[_ON_REQUEST] = visit


def visit_of(request: HttpRequest) -> Visit | None:
    """The visit as which this request looks at a tenant; None for everybody at home."""
    visit = vars(request).get(_ON_REQUEST)
    return visit if isinstance(visit, Visit) else None


def required(by: Actor) -> User:
    """Who acts; no visit is opened by nobody."""
    if by.user is None:
        raise NotAllowed(reason=_("だれが届け出たか分かりません。"))
    return by.user


def _opened(visit: Visit, grant: Grant, by: Actor, now: datetime) -> Visit:
    visit.reason = grant.reason.strip()[:REASON_CHARS_MAX]
    visit.ticket = grant.ticket.strip()[:TICKET_CHARS_MAX]
    visit.filed_by = required(by)
    visit.filed_at = visit.since = now
    visit.until = now + timedelta(hours=grant.hours)
    visit.save()
    audit.record(Actor(by.user, visit.tenant), "visit.opened", visit, now=now, details=told(visit))
    return visit
