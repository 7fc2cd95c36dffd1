"""The register of users (利用者名簿): name, change, stop and end people; freeze all of a tenant.

Every change holds the tenant's row, so that changes at the same time wait for each other: neither
the limit of the contract nor the last administrator can be passed by two at once.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from noroshi.tenants import kinds
from noroshi.tenants.audit import Actor, record
from noroshi.tenants.models import Enrolment, Membership, Tenant, User, Visit
from noroshi.tenants.sessions import end_all

NAME_CHARS_MAX = 100


class RegisterRefusal(ValueError):
    """The register cannot be changed so; the message is for the person who wanted it."""


class BadEnrolment(RegisterRefusal):
    """A name, class or role that cannot be kept."""


class RegisterFull(RegisterRefusal):
    """The contract allows no more users."""


class LastAdmin(RegisterRefusal):
    """Nobody would be left to look after the register."""


class NoAccounts(RegisterRefusal):
    """The tenant's kind of service has no accounts, so it has no users."""


class NoAuthority(RegisterRefusal):
    """Only who has the contract authority may hand it on."""


class Ended(RegisterRefusal):
    """The line was taken off the register."""


class OnlyTheOffice(RegisterRefusal):
    """A freeze is lifted by the provider."""


class ReviewIncomplete(RegisterRefusal):
    """Some line was neither kept nor ended; others may have been named in the meantime."""


@dataclass(frozen=True, slots=True)
class NewEnrolment:
    """What the contractor says of a user; `affiliation` and `role` as in the models."""

    name: str
    email: str
    affiliation: str
    role: str
    has_authority: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What the contract in force says of users; the door asks the contract and passes it in.

    Attributes:
        users_max: lines of the register at most.
        widened_class: who else may be a user, in words; empty = nobody.
    """

    users_max: int
    widened_class: str = ""


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a freeze did."""

    people: int
    audits: int
    sessions: int


def current(tenant: Tenant) -> QuerySet[Enrolment]:
    """The lines in force: these count towards the limit, with or without a user id."""
    return Enrolment.objects.filter(tenant=tenant, ended_at=None)


@transaction.atomic
def name_user(
    tenant: Tenant, new: NewEnrolment, limits: Limits, by: Actor, now: datetime
) -> Enrolment:
    """Put a person on the register; the office then issues the user id.

    Raises RegisterFull, BadEnrolment, NoAuthority, NoAccounts.
    """
    held = _hold(tenant.pk)
    if words := kinds.refusal_of(held, now):
        raise NoAccounts(words)
    _check(limits, new)
    if new.has_authority:
        _check_may_give_authority(held, by)
    if current(held).count() >= limits.users_max:
        raise RegisterFull(
            _("利用者は%(n)d名までの契約です。名簿から外すか、契約の変更をご相談ください。")
            % {"n": limits.users_max}
        )
    made = Enrolment.objects.create(tenant=held, named_by=by.user, named_at=now, **asdict(new))
    record(by, "user.named", made, now=now, details=asdict(new))
    return made


@transaction.atomic
def change(
    enrolment: Enrolment, new: NewEnrolment, limits: Limits, by: Actor, now: datetime
) -> Enrolment:
    """Put new facts in place of the old ones; role and authority hold from the next request.

    Raises BadEnrolment, NoAuthority, LastAdmin, Ended.
    """
    held = _hold(enrolment.tenant_id)
    known = _still_there(enrolment)
    _check(limits, new)
    if new.has_authority and not known.has_authority:
        _check_may_give_authority(held, by)
    member = _membership_of(known)
    if member and new.role != Membership.Role.ADMIN:
        _check_another_admin(member)
    before = {name: getattr(known, name) for name in asdict(new)}
    for name, value in asdict(new).items():
        setattr(known, name, value)
    known.save(update_fields=list(asdict(new)))
    if member:
        member.role, member.has_authority = new.role, new.has_authority
        member.save(update_fields=["role", "has_authority"])
    record(by, "user.changed", known, now=now, details={"before": before, "after": asdict(new)})
    return known


@transaction.atomic
def end_enrolment(enrolment: Enrolment, by: Actor, now: datetime) -> None:
    """Take a person off the register: no access from now on. Raises LastAdmin, Ended."""
    _hold(enrolment.tenant_id)
    _end(_still_there(enrolment), by, now)


@transaction.atomic
def stop_at_once(membership: Membership, by: Actor, now: datetime) -> bool:
    """Let this person see nothing more of the tenant; False when it was stopped before.

    Raises LastAdmin.
    """
    _hold(membership.tenant_id)
    known = Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
    if known.stopped_at is not None:
        return False
    sessions = _stop(known, now)
    record(by, "user.stopped", known.user, now=now, details={"sessions": sessions})
    return True


@transaction.atomic
def start_again(membership: Membership, by: Actor, now: datetime) -> bool:
    """Let a stopped person work again; False when it was not stopped. Raises Ended."""
    _hold(membership.tenant_id)
    known = Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
    if Enrolment.objects.filter(membership=known).exclude(ended_at=None).exists():
        raise Ended(_("名簿から外れています。もう一度、利用者として登録してください。"))
    if known.stopped_at is None:
        return False
    known.stopped_at = None
    known.save(update_fields=["stopped_at"])
    record(by, "user.started_again", known.user, now=now)
    return True


@transaction.atomic
def freeze_all(tenant: Tenant, by: Actor, now: datetime) -> Frozen | None:
    """Stop every user id of the tenant, who asks for it too, and end its audits for good.

    None when it was frozen before.
    """
    held = _hold(tenant.pk)
    if held.frozen_at is not None:
        return None
    held.frozen_at = now
    held.save(update_fields=["frozen_at"])
    people = list(User.objects.filter(memberships__tenant=held))
    audits = Visit.objects.filter(tenant=held, kind=Visit.Kind.AUDIT, ended_at=None)
    looking = list(User.objects.filter(visits__in=audits.filter(until__gt=now)).distinct())
    audits.filter(until__gt=now).update(ended_at=now)
    done = Frozen(len(people), len(looking), end_all([*people, *looking]))
    record(by, "tenant.frozen", held, now=now, details=asdict(done))
    return done


@transaction.atomic
def unfreeze(tenant: Tenant, reason: str, by: Actor, now: datetime) -> bool:
    """Open a frozen tenant again, and say how the asker was known; False when it was not frozen.

    Raises OnlyTheOffice.
    """
    if by.user is not None and not by.user.is_staff:
        raise OnlyTheOffice(_("緊急停止を解けるのは事務局だけです。"))
    held = _hold(tenant.pk)
    if held.frozen_at is None:
        return False
    since, held.frozen_at = held.frozen_at, None
    held.save(update_fields=["frozen_at"])
    details = {"since": since.isoformat(), "reason": reason}
    record(by, "tenant.unfrozen", held, now=now, details=details)
    return True


@transaction.atomic
def review(
    tenant: Tenant, kept: Collection[str], ended: Collection[str], by: Actor, now: datetime
) -> None:
    """Settle every line of the register at once, by code (名簿の棚卸し).

    Raises ReviewIncomplete unless `kept` and `ended` are together exactly the lines in force, and
    LastAdmin.
    """
    held = _hold(tenant.pk)
    lines = {line.code: line for line in current(held).select_for_update(of=("self",))}
    if set(kept) & set(ended) or set(kept) | set(ended) != set(lines):
        raise ReviewIncomplete(
            _("名簿が変わったか、選ばれていない方がいます。もう一度ご確認ください。")
        )
    for code in ended:
        _end(lines[code], by, now)
    current(held).update(reviewed_at=now)
    record(by, "register.reviewed", held, now=now, details={"kept": len(kept), "ended": len(ended)})


def _hold(tenant_id: int) -> Tenant:
    """The tenant's row, held until the transaction ends."""
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)


def _still_there(enrolment: Enrolment) -> Enrolment:
    known = Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment.pk)
    if known.ended_at is not None:
        raise Ended(_("この方は名簿から外れています。"))
    return known


def _membership_of(enrolment: Enrolment) -> Membership | None:
    if enrolment.membership_id is None:
        return None
    return Membership.objects.select_for_update(no_key=True).get(pk=enrolment.membership_id)


def _end(enrolment: Enrolment, by: Actor, now: datetime) -> None:
    member = _membership_of(enrolment)
    if member and member.stopped_at is None:
        _stop(member, now)
    enrolment.ended_at = now
    enrolment.save(update_fields=["ended_at"])
    record(by, "user.ended", enrolment, now=now, details={"role": enrolment.role})


def _stop(member: Membership, now: datetime) -> int:
    _check_another_admin(member)
    member.stopped_at = now
    member.save(update_fields=["stopped_at"])
    return end_all([member.user])


def _check(limits: Limits, new: NewEnrolment) -> None:
    if not new.name.strip() or len(new.name) > NAME_CHARS_MAX:
        raise BadEnrolment(_("お名前を入れてください（100文字まで）。"))
    if new.affiliation not in Enrolment.Affiliation.values:
        raise BadEnrolment(_("所属の区分を選んでください。"))
    if new.role not in Membership.Role.values:
        raise BadEnrolment(_("役割を選んでください。"))
    if new.affiliation == Enrolment.Affiliation.WIDENED and not limits.widened_class:
        raise BadEnrolment(_("この契約では、社外の方を利用者にできません。"))


def _check_may_give_authority(tenant: Tenant, by: Actor) -> None:
    """The contract authority comes from somebody who has it, from the office or the house."""
    if by.user is None or by.user.is_staff:
        return
    mine = Membership.objects.filter(tenant=tenant, user=by.user, has_authority=True)
    if not mine.filter(stopped_at=None).exists():
        raise NoAuthority(_("契約権限は、契約権限のある方だけが付けられます。"))


def _check_another_admin(member: Membership) -> None:
    """Refuse when the tenant would be left without an administrator who can sign in."""
    if member.role != Membership.Role.ADMIN or member.stopped_at is not None:
        return
    able = Q(role=Membership.Role.ADMIN, stopped_at=None, user__state=User.State.ACTIVE)
    others = Membership.objects.filter(able, tenant_id=member.tenant_id).exclude(pk=member.pk)
    if not others.exists():
        raise LastAdmin(_("管理者がひとりもいなくなります。先に、ほかの方を管理者にしてください。"))
