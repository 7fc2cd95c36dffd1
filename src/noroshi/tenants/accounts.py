"""An account's life: issued, first change, active, stopped, frozen, closed (terms, article 6).

Only the provider issues a user id. The secret that is handed over is returned once and kept
nowhere: an initial password only as its hash, a link only as SHA-256.
"""

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from noroshi.tenants import audit, kinds
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import (
    Enrolment,
    IssuedCredential,
    Membership,
    SignIn,
    Subcontractor,
    Tenant,
    User,
)
from noroshi.tenants.parties import may_have_people
from noroshi.tenants.sessions import end_all

INITIAL_LIFE = timedelta(days=14)
CHOOSING_LIFE = timedelta(hours=1)  # after a link was opened
# No letters that a person could take for another when reading them out on the telephone.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
LETTER_GROUPS = 4
GROUP_LETTERS = 4
LINK_BYTES = 32
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")

State, Way = User.State, IssuedCredential.Way
UNCHANGED = (State.ISSUED, State.INITIAL)
OPEN = (*UNCHANGED, State.ACTIVE)
SHUT_FROM = {
    State.STOPPED: OPEN,
    State.FROZEN: (*OPEN, State.STOPPED),
    State.CLOSED: (*OPEN, State.STOPPED, State.FROZEN),
}


class AccountRefusal(ValueError):
    """The account cannot be changed so; the message is for the person who wanted it."""


class WrongState(AccountRefusal):
    """Not from the state that the account is in."""


class LoginTaken(AccountRefusal):
    """Somebody has this user id, or it cannot be read out."""


class AlreadyIssued(AccountRefusal):
    """This line of the register has its user id, or was ended."""


class OnlyApplied(AccountRefusal):
    """An applicant has no rights of a contractor yet."""


class NoAccounts(AccountRefusal):
    """The tenant's kind of service has none."""


class Reused(AccountRefusal):
    """The initial password is no password to keep."""


class Expired(AccountRefusal):
    """The time for the first change is over."""


class DeadLink(AccountRefusal):
    """The link was opened before, taken back, is too old, or never was."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A person who gets a user id; without `login` it is made from `prefix` and a number."""

    name: str
    email: str = ""
    language: str = "ja"
    kind: str = User.Kind.PERSON
    staff_roles: tuple[str, ...] = ()
    subcontractor: Subcontractor | None = None
    login: str = ""
    prefix: str = "u"


@dataclass(frozen=True, slots=True)
class Handed:
    """What is handed over, once: `secret` is the initial password, or the token of the link."""

    user: User
    credential: IssuedCredential
    secret: str = field(repr=False)


@transaction.atomic
def issue(new: NewAccount, *, way: str, by: Actor, now: datetime) -> Handed:
    """Make an account that opens only to its first change. Raises LoginTaken."""
    user = User(
        login=_login(new),
        name=new.name,
        email=new.email,
        language=new.language,
        kind=new.kind,
        staff_roles=list(new.staff_roles),
        subcontractor=new.subcontractor,
        state=State.ISSUED,
    )
    user.set_unusable_password()
    user.save()
    return _hand(user, way=way, action="user.issued", by=by, now=now)


@transaction.atomic
def issue_for(
    enrolment: Enrolment, *, way: str, login: str = "", by: Actor, now: datetime
) -> Handed:
    """Give a person on the register the user id. Raises AlreadyIssued, LoginTaken,
    NoAccounts.
    """
    line = _waiting(enrolment, now)
    tenant = line.tenant
    new = NewAccount(
        name=line.name,
        email=line.email,
        language=tenant.language,
        login=login,
        prefix=f"u{tenant.pk:04d}",
    )
    handed = issue(new, way=way, by=by, now=now)
    _enter(line, handed.user)
    return handed


@transaction.atomic
def join(enrolment: Enrolment, login: str, *, by: Actor, now: datetime) -> User:
    """Let somebody who has a user id already act for this tenant too; nothing is handed over.

    Raises AlreadyIssued, LoginTaken when nobody has this id.
    """
    line = _waiting(enrolment, now)
    user = User.objects.filter(login=login, kind=User.Kind.PERSON, state=State.ACTIVE).first()
    if user is None:
        raise LoginTaken(_("この利用者IDで有効な方はいません。"))
    if Membership.objects.filter(tenant=line.tenant, user=user).exists():
        raise AlreadyIssued(_("この利用者IDは、すでにこの契約者の利用者です。"))
    _enter(line, user)
    audit.record(by, "user.joined", user, now=now, details={"login": user.login})
    return user


@transaction.atomic
def reissue(user: User, *, way: str, by: Actor, now: datetime) -> Handed:
    """Take the password away and hand over a new beginning. Raises WrongState.

    Whoever is signed in is out; second factors stay.
    """
    held = _held(user, OPEN)
    _revoke(held, now)
    end_all([held])
    held.state = State.ISSUED
    return _hand(held, way=way, action="user.reissued", by=by, now=now)


@transaction.atomic
def redeem(token: str, *, now: datetime) -> IssuedCredential:
    """Open a link, which opens for nobody a second time. Raises DeadLink, WrongState."""
    known = by_link(token)
    # The person's row first, as every other verb does: so no two ever wait for each other.
    held = _held(known.user, UNCHANGED) if known else None
    credential = by_link(token)
    if held is None or credential is None or not is_alive(credential, now):
        raise DeadLink(_("このリンクは使えません。"))
    credential.used_at = now
    credential.save(update_fields=["used_at"])
    held.state = State.INITIAL
    held.initial_until = now + CHOOSING_LIFE
    held.save(update_fields=["state", "initial_until"])
    audit.record(Actor(held, None), "user.link_opened", held, now=now)
    return credential


@transaction.atomic
def began(user: User, *, now: datetime) -> None:
    """Somebody signed in with the initial password: the change is waited for."""
    if user.state == State.ISSUED:
        held = _held(user, UNCHANGED)
        held.state = user.state = State.INITIAL
        held.save(update_fields=["state"])
        audit.record(Actor(held, None), "user.first_sign_in", held, now=now)


@transaction.atomic
def first_change(user: User, new_password: str, *, keep: str = "", now: datetime) -> int:
    """Put the person's own password in place of the initial one: the account is active.

    The caller has judged the password. Returns how many sessions ended: all but the one whose key
    is `keep`. Raises Reused,
    Expired, WrongState.
    """
    held = _held(user, UNCHANGED)
    if may_sign_in(held, now=now) is not None:
        raise Expired(_("初期パスワードの期限が過ぎました。窓口に、もう一度発行を頼んでください。"))
    if held.check_password(new_password):
        raise Reused(_("初期パスワードとは別のものにしてください。"))
    held.set_password(new_password)
    held.state, held.is_active = State.ACTIVE, True
    held.initial_until = None
    held.first_change_at = held.password_changed_at = now
    held.save()
    mine = IssuedCredential.objects.filter(user=held)
    mine.filter(way=Way.LETTER, used_at=None, revoked_at=None).update(used_at=now)
    _revoke(held, now)
    sessions = end_all([held], keep=keep)
    audit.record(Actor(held, None), "user.first_changed", held, now=now)
    user.refresh_from_db()
    return sessions


def stop(user: User, *, by: Actor, now: datetime) -> None:
    """Let nobody in for the time being. Raises WrongState."""
    _shut(user, State.STOPPED, by=by, now=now)


def freeze(user: User, *, by: Actor, now: datetime) -> None:
    """The same in an emergency. Raises WrongState."""
    _shut(user, State.FROZEN, by=by, now=now)


def close(user: User, *, by: Actor, now: datetime) -> None:
    """End the account for good. Raises WrongState when it is closed already."""
    _shut(user, State.CLOSED, by=by, now=now)


@transaction.atomic
def start(user: User, *, by: Actor, now: datetime) -> None:
    """Open a stopped or frozen account where it was left off. Raises WrongState."""
    held = _held(user, (State.STOPPED, State.FROZEN))
    before = held.state
    held.state = State.ACTIVE if held.initial_until is None else State.ISSUED
    held.is_active = True
    held.save(update_fields=["state", "is_active"])
    details = {"login": held.login, "before": before, "after": held.state}
    audit.record(by, "user.account_started", held, now=now, details=details)


def may_sign_in(user: User, *, now: datetime) -> SignIn.Outcome | None:
    """Why somebody with the right password may not come in; None = the person may."""
    if user.state not in OPEN:
        return SignIn.Outcome.REFUSED
    is_initial = user.state in UNCHANGED
    if is_initial and (user.initial_until is None or user.initial_until <= now):
        return SignIn.Outcome.EXPIRED
    return None


def is_alive(credential: IssuedCredential, now: datetime) -> bool:
    """Whether it can still be used."""
    is_untouched = credential.used_at is None and credential.revoked_at is None
    return is_untouched and now < credential.expires_at and credential.user.state in UNCHANGED


def by_link(token: str) -> IssuedCredential | None:
    """The handing-over behind a link."""
    found = IssuedCredential.objects.filter(link_sha256=digest(token), way=Way.LINK)
    return found.select_related("user").first()


def digest(token: str) -> str:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def one_time_password() -> str:
    """Random groups of letters, some 79 bits in all, such as ab3d-…"""
    groups = (
        "".join(secrets.choice(LETTERS) for _char in range(GROUP_LETTERS))
        for _group in range(LETTER_GROUPS)
    )
    return "-".join(groups)


def _hand(user: User, *, way: str, action: str, by: Actor, now: datetime) -> Handed:
    """Give the account its beginning: a random password, or a link that opens once."""
    if way == Way.LINK:
        secret = secrets.token_urlsafe(LINK_BYTES)
        user.set_unusable_password()
    else:
        secret = one_time_password()
        user.set_password(secret)
    user.initial_until = now + INITIAL_LIFE
    user.save()
    credential = IssuedCredential.objects.create(
        user=user,
        way=way,
        link_sha256=digest(secret) if way == Way.LINK else "",
        issued_by=by.user,
        issued_at=now,
        expires_at=user.initial_until,
    )
    details = {"login": user.login, "way": way, "until": user.initial_until.isoformat()}
    audit.record(by, action, user, now=now, details=details)
    return Handed(user, credential, secret)


@transaction.atomic
def _shut(user: User, to: User.State, *, by: Actor, now: datetime) -> None:
    held = _held(user, SHUT_FROM[to])
    before, held.state, held.is_active = held.state, to, False
    if to == State.CLOSED:
        held.set_unusable_password()
        _revoke(held, now)
    held.save(update_fields=["state", "is_active", "password"])
    sessions = end_all([held])
    details = {"login": held.login, "before": before, "after": str(to), "sessions": sessions}
    audit.record(by, f"user.account_{to}", held, now=now, details=details)
    user.state, user.is_active = held.state, False


def _held(user: User, froms: Collection[str]) -> User:
    """The row itself, held until the transaction ends. Raises WrongState."""
    held = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if held.state not in froms:
        state = State(held.state).label
        raise WrongState(_("いまの状態（%(state)s）からはできません。") % {"state": state})
    return held


def _revoke(user: User, now: datetime) -> None:
    mine = IssuedCredential.objects.filter(user=user, used_at=None, revoked_at=None)
    mine.update(revoked_at=now)


def _waiting(enrolment: Enrolment, now: datetime) -> Enrolment:
    """The line of the register, held with its tenant.

    Raises AlreadyIssued, OnlyApplied, NoAccounts.
    """
    Tenant.objects.select_for_update(no_key=True).get(pk=enrolment.tenant_id)
    line = Enrolment.objects.select_related("tenant__party").get(pk=enrolment.pk)
    if words := kinds.refusal_of(line.tenant, now):
        raise NoAccounts(words)
    if not may_have_people(line.tenant):
        raise OnlyApplied(_("まだ契約が成立していないため、利用者IDは発行できません。"))
    if line.membership_id is not None or line.ended_at is not None:
        raise AlreadyIssued(_("この方の利用者IDは発行済みか、名簿から外れています。"))
    return line


def _enter(line: Enrolment, user: User) -> None:
    line.membership = Membership.objects.create(
        tenant=line.tenant, user=user, role=line.role, has_authority=line.has_authority
    )
    line.save(update_fields=["membership"])


def _login(new: NewAccount) -> str:
    """The id that was asked for, or the next number after the prefix. Raises LoginTaken."""
    if not new.login:
        return _next_login(new.prefix)
    if not LOGIN.fullmatch(new.login):
        raise LoginTaken(
            _("利用者IDは3文字以上の小文字の英数字と . _ - で、英数字から始めてください。")
        )
    if User.objects.filter(login__iexact=new.login).exists():
        raise LoginTaken(_("この利用者IDはすでに使われています。"))
    return new.login


def _next_login(prefix: str) -> str:
    """`u0012-03` after `u0012-02`. A number is never given twice: accounts are not deleted."""
    with connection.cursor() as cursor:
        # Two who issue at the same time get two numbers.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"login {prefix}"])
    taken = User.objects.filter(login__startswith=f"{prefix}-").values_list("login", flat=True)
    ends = (login.rpartition("-")[2] for login in taken)
    last = max((int(end) for end in ends if end.isdecimal()), default=0)
    return f"{prefix}-{last + 1:02d}"
