"""The register of breaches: found, confirmed or cleared with a reason, closed when mended."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty, may_change
from noroshi.tenants.models import Enrolment, Paper, Tenant, User, Violation
from noroshi.tenants.review import japans_day
from noroshi.tenants.walls import KEPT_YEARS

WHAT_CHARS_MAX = 2_000
CLAUSE_CHARS_MAX = 60
REASON_CHARS_MAX = 500
OPEN_MAX = 100  # of one contractor
State = Violation.State
# What stands around a business's name and says nothing of which business it is.
LEGAL_FORMS = (
    "特定非営利活動法人", "一般社団法人", "一般財団法人", "公益社団法人", "公益財団法人",
    "株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "(株)", "(有)", "(同)",
)  # fmt: skip


class ViolationRefusal(ValueError):
    """It cannot be recorded or decided so; the message is for the person who wanted it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the office found: `enrolment` is the user who did it, None = the contractor itself."""

    what: str
    clause: str
    found_on: date
    evidence: str
    enrolment: Enrolment | None = None
    paper: Paper | None = None
    suspends: bool = False


@transaction.atomic
def record(tenant: Tenant, found: Found, *, by: Actor, now: datetime) -> Violation:
    """Write a breach down, open until it is confirmed or cleared. Raises ViolationRefusal."""
    user = _deciding(by)
    texts = [found.what.strip(), found.clause.strip(), found.evidence.strip()]
    if not all(texts):
        raise ViolationRefusal(_("違反の内容、規約の条項、証拠を書いてください。"))
    if found.found_on > japans_day(now):
        raise ViolationRefusal(_("見つけた日を、これからの日にはできません。"))
    if found.enrolment is not None and found.enrolment.tenant_id != tenant.pk:
        raise ViolationRefusal(_("この契約者の利用者を選んでください。"))
    held = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    if Violation.objects.filter(tenant=held, state=State.OPEN).count() >= OPEN_MAX:
        raise ViolationRefusal(
            _("調査中の記録が多すぎます。先に、確定か「違反なし」にしてください。")
        )
    made = Violation.objects.create(
        tenant=held, enrolment=found.enrolment,
        person_name=found.enrolment.name if found.enrolment else "",
        what=texts[0][:WHAT_CHARS_MAX], clause=texts[1][:CLAUSE_CHARS_MAX],
        evidence=texts[2][:WHAT_CHARS_MAX], found_on=found.found_on, paper=found.paper,
        suspends=found.suspends, recorded_by=user, at=now,
    )  # fmt: skip
    # What is only suspected stands in the office's own log: the contractor does not read it.
    audit.record(Actor(user, None), "violation.recorded", made, now=now, details=told(made))
    return made


@transaction.atomic
def confirm(violation: Violation, *, by: Actor, now: datetime) -> Violation:
    """Book it on the contractor, whose administrators see it from now on.

    Of one that suspends, the caller has asked the second person (tenants.approvals). Raises
    ViolationRefusal.
    """
    held = _held(violation, State.OPEN)
    held.state, held.decided_by, held.decided_at = State.CONFIRMED, _deciding(by), now
    held.save(update_fields=["state", "decided_by", "decided_at"])
    actor = Actor(by.user, held.tenant)
    audit.record(actor, "violation.confirmed", held, now=now, details=told(held))
    return held


@transaction.atomic
def clear(violation: Violation, reason: str, *, by: Actor, now: datetime) -> Violation:
    """Find that it was none, and say why. Raises ViolationRefusal."""
    held = _held(violation, State.OPEN)
    held.reason = _needed(reason)
    held.state, held.decided_by, held.decided_at = State.CLEARED, _deciding(by), now
    held.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    details = told(held) | {"reason": held.reason}
    audit.record(Actor(by.user, None), "violation.cleared", held, now=now, details=details)
    return held


@transaction.atomic
def close(violation: Violation, closing: str, *, by: Actor, now: datetime) -> Violation:
    """It is mended: say how. Raises ViolationRefusal."""
    held = _held(violation, State.CONFIRMED)
    held.closing = _needed(closing)
    held.state, held.closed_by, held.closed_at = State.CLOSED, _deciding(by), now
    held.save(update_fields=["state", "closed_by", "closed_at", "closing"])
    details = told(held) | {"reason": held.closing}
    actor = Actor(by.user, held.tenant)
    audit.record(actor, "violation.closed", held, now=now, details=details)
    return held


def seen_by(tenant: Tenant) -> QuerySet[Violation]:
    """What the contractor's administrators see: what is confirmed, the newest first."""
    rows = Violation.objects.filter(tenant=tenant, state__in=[State.CONFIRMED, State.CLOSED])
    return rows.select_related("enrolment__membership").order_by("-found_on", "-pk")


def against(name: str, corporate_number: str = "") -> list[Violation]:
    """Confirmed breaches, closed ones too, of whoever has this number or, in plain, this name.

    For the office: who applies again under another spelling is found all the same.
    """
    rows = Violation.objects.filter(state__in=[State.CONFIRMED, State.CLOSED])
    rows = rows.select_related("tenant__party").order_by("-found_on", "-pk")
    plain = plain_name(name)
    return [
        one
        for one in rows
        if (corporate_number and _number_of(one) == corporate_number)
        or (plain and plain in _names_of(one))
    ]


def plain_name(name: str) -> str:
    """A business's name as it is compared: one width, no spaces, no legal form."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(one for one in plain if not one.isspace() and one not in "・-‐－ー.,、。")
    for form in LEGAL_FORMS:
        plain = plain.replace(form, "")
    return plain


def told(violation: Violation) -> dict[str, str]:
    """A breach as the audit log tells it."""
    return {
        "clause": violation.clause,
        "found_on": violation.found_on.isoformat(),
        "person": violation.person_name,
        "what": violation.what,
    }


def prune(now: datetime) -> int:
    """Forget what was written down more than KEPT_YEARS ago and is over; how many."""
    old = Violation.objects.filter(at__lt=now - timedelta(days=KEPT_YEARS * 366))
    return old.filter(state__in=[State.CLEARED, State.CLOSED]).delete()[0]


def _names_of(violation: Violation) -> set[str]:
    party = violation.tenant.party
    names = {violation.tenant.name, party.name if party else ""}
    return {plain_name(one) for one in names} - {""}


def _number_of(violation: Violation) -> str:
    return violation.tenant.party.corporate_number if violation.tenant.party else ""


def _held(violation: Violation, state: State) -> Violation:
    rows = Violation.objects.select_for_update(of=("self",), no_key=True)
    held = rows.select_related("tenant").get(pk=violation.pk)
    if held.state != state:
        raise ViolationRefusal(_("状態が変わりました。画面を開き直してください。"))
    return held


def _needed(reason: str) -> str:
    plain = reason.strip()[:REASON_CHARS_MAX]
    if not plain:
        raise ViolationRefusal(_("理由を書いてください。"))
    return plain


def _deciding(by: Actor) -> User:
    if by.user is None or not may_change(by.user.staff_roles, Duty.VIOLATIONS):
        raise ViolationRefusal(_("この役割では、違反の記録を変えられません。"))
    return by.user
