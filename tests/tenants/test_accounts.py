"""An account's life: what may follow what, what ends with it, and what nobody ever writes down."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from noroshi.tenants import accounts
from noroshi.tenants.accounts import (
    AlreadyIssued,
    DeadLink,
    Expired,
    Handed,
    LoginTaken,
    NewAccount,
    Reused,
    WrongState,
)
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import (
    AuditEntry,
    Enrolment,
    IssuedCredential,
    Membership,
    SignIn,
    Tenant,
    User,
)
from tests.committed import transactional_db

__all__ = ["transactional_db"]

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
OWN = "mizu-to-hikari-no-uta"
State = User.State


@dataclass(frozen=True, slots=True)
class Register:
    """A contractor that named Aki, and Kei of the office who issues."""

    tenant: Tenant
    line: Enrolment
    by: Actor


@pytest.fixture
def register(db: None) -> Register:
    staff = User.objects.create_staff("kei", "k" * 15, "admin", name="けい")
    tenant = Tenant.objects.create(name="みどりの里", created_at=NOW)
    return Register(tenant, a_line(tenant, "緑川 あき"), Actor(staff, tenant))


def a_line(tenant: Tenant, name: str) -> Enrolment:
    return Enrolment.objects.create(
        tenant=tenant, name=name, affiliation="employee", role="admin", named_at=NOW
    )


def issued(register: Register, way: str = "letter") -> Handed:
    return accounts.issue_for(register.line, way=way, by=register.by, now=NOW)


def test_a_person_on_the_register_gets_an_id_a_role_and_fourteen_days(register: Register) -> None:
    handed = issued(register)
    user = User.objects.get(pk=handed.user.pk)
    assert user.login == f"u{register.tenant.pk:04d}-01"
    assert user.state == State.ISSUED
    assert user.must_change_password
    assert user.check_password(handed.secret)
    assert user.initial_until == handed.credential.expires_at == NOW + timedelta(days=14)
    member = Membership.objects.get(user=user, tenant=register.tenant)
    assert member.role == "admin"
    register.line.refresh_from_db()
    assert register.line.membership == member
    with pytest.raises(AlreadyIssued):
        issued(register)


def test_numbers_go_on_and_a_chosen_id_must_be_free_and_readable(register: Register) -> None:
    first = issued(register).user.login
    second = accounts.issue_for(
        a_line(register.tenant, "べん"), way="link", by=register.by, now=NOW
    ).user.login
    assert (first[-3:], second[-3:]) == ("-01", "-02")
    line = a_line(register.tenant, "ちえ")
    for wrong in (first, first.upper(), "Ab1", "a b", "ちえ", "ab", "-abc"):
        with pytest.raises(LoginTaken):
            accounts.issue_for(line, way="letter", login=wrong, by=register.by, now=NOW)
    chosen = accounts.issue_for(line, way="letter", login="chie.m", by=register.by, now=NOW)
    assert chosen.user.login == "chie.m"


def test_one_person_acts_for_a_second_contractor_under_the_same_id(register: Register) -> None:
    aki = issued(register).user
    other = Tenant.objects.create(name="丘の会", created_at=NOW)
    line = a_line(other, "緑川 あき")
    with pytest.raises(LoginTaken):  # not active yet
        accounts.join(line, aki.login, by=register.by, now=NOW)
    accounts.first_change(aki, OWN, now=NOW)
    accounts.join(line, aki.login, by=register.by, now=NOW)
    assert set(aki.memberships.values_list("tenant__name", flat=True)) == {"みどりの里", "丘の会"}
    assert aki.check_password(OWN)
    with pytest.raises(AlreadyIssued):
        accounts.join(a_line(other, "緑川 あき"), aki.login, by=register.by, now=NOW)


@pytest.mark.parametrize("kind", ["person", "audit", "staff"])
def test_every_kind_of_account_begins_with_the_first_change(db: None, kind: str) -> None:
    roles = ("admin",) if kind == "staff" else ()
    new = NewAccount("監査 太郎", kind=kind, staff_roles=roles, prefix="a")
    handed = accounts.issue(new, way="letter", by=Actor(None, None), now=NOW)
    assert handed.user.must_change_password
    assert handed.user.login == "a-01"


def test_the_first_change_opens_the_account_and_uses_the_letter_up(register: Register) -> None:
    handed = issued(register)
    user = handed.user
    with pytest.raises(Reused):
        accounts.first_change(user, handed.secret, now=NOW)
    accounts.first_change(user, OWN, now=NOW + timedelta(days=1))
    assert user.state == State.ACTIVE
    assert not user.must_change_password
    assert user.first_change_at == user.password_changed_at == NOW + timedelta(days=1)
    assert user.initial_until is None
    assert user.check_password(OWN)
    assert not user.check_password(handed.secret)
    handed.credential.refresh_from_db()
    assert handed.credential.used_at == NOW + timedelta(days=1)
    with pytest.raises(WrongState):
        accounts.first_change(user, OWN + "x", now=NOW)


def test_an_initial_password_is_refused_after_fourteen_days(register: Register) -> None:
    user = issued(register).user
    end = NOW + timedelta(days=14)
    assert accounts.may_sign_in(user, now=end - timedelta(seconds=1)) is None
    assert accounts.may_sign_in(user, now=end) == SignIn.Outcome.EXPIRED
    with pytest.raises(Expired):
        accounts.first_change(user, OWN, now=end)


def test_a_link_opens_once_and_never_holds_a_password(register: Register) -> None:
    handed = issued(register, "link")
    assert len(handed.secret) >= 43  # 256 bits
    assert not handed.user.has_usable_password()
    kept = IssuedCredential.objects.get(pk=handed.credential.pk)
    assert handed.secret not in str(vars(kept))
    assert accounts.redeem(handed.secret, now=NOW).user == handed.user
    handed.user.refresh_from_db()
    assert handed.user.state == State.INITIAL
    for token in (handed.secret, "x", "", "\x00\udcff"):
        with pytest.raises(DeadLink):
            accounts.redeem(token, now=NOW)
    accounts.first_change(handed.user, OWN, now=NOW + timedelta(minutes=5))


def test_a_link_is_dead_when_it_is_old_or_replaced(register: Register) -> None:
    old = issued(register, "link")
    with pytest.raises(DeadLink):
        accounts.redeem(old.secret, now=NOW + timedelta(days=14))
    new = accounts.reissue(old.user, way="link", by=register.by, now=NOW)
    with pytest.raises(DeadLink):
        accounts.redeem(old.secret, now=NOW)
    accounts.redeem(new.secret, now=NOW)


def test_a_new_beginning_takes_the_old_password_away(register: Register) -> None:
    user = issued(register).user
    accounts.first_change(user, OWN, now=NOW)
    again = accounts.reissue(user, way="letter", by=register.by, now=NOW)
    user.refresh_from_db()
    assert user.state == State.ISSUED
    assert user.check_password(again.secret)
    assert not user.check_password(OWN)


MOVES = {
    # from: the verbs that may follow, and where they lead
    State.ISSUED: {"stop": State.STOPPED, "freeze": State.FROZEN, "close": State.CLOSED},
    State.INITIAL: {"stop": State.STOPPED, "freeze": State.FROZEN, "close": State.CLOSED},
    State.ACTIVE: {"stop": State.STOPPED, "freeze": State.FROZEN, "close": State.CLOSED},
    State.STOPPED: {"start": State.ISSUED, "freeze": State.FROZEN, "close": State.CLOSED},
    State.FROZEN: {"start": State.ISSUED, "close": State.CLOSED},
    State.CLOSED: {},
}


@pytest.mark.parametrize("verb", ["stop", "start", "freeze", "close"])
@pytest.mark.parametrize("before", State.values)
def test_each_verb_leads_only_where_the_machine_allows(
    register: Register, before: str, verb: str
) -> None:
    user = issued(register).user
    is_active = before in User.OPEN_STATES
    User.objects.filter(pk=user.pk).update(state=before, is_active=is_active)
    lines = AuditEntry.objects.count()
    act = getattr(accounts, verb)
    wanted = MOVES[State(before)].get(verb)
    if wanted is None:
        with pytest.raises(WrongState):
            act(user, by=register.by, now=NOW)
        wanted = before
        assert AuditEntry.objects.count() == lines
    else:
        act(user, by=register.by, now=NOW)
        assert AuditEntry.objects.count() == lines + 1
    user.refresh_from_db()
    assert user.state == wanted
    assert (accounts.may_sign_in(user, now=NOW) is None) == (wanted in User.OPEN_STATES)


def test_who_was_active_is_active_again_after_a_stop(register: Register) -> None:
    user = issued(register).user
    accounts.first_change(user, OWN, now=NOW)
    accounts.stop(user, by=register.by, now=NOW)
    accounts.start(user, by=register.by, now=NOW)
    user.refresh_from_db()
    assert user.state == State.ACTIVE
    assert user.check_password(OWN)
    accounts.close(user, by=register.by, now=NOW)
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_no_secret_is_written_anywhere(register: Register) -> None:
    letter = issued(register)
    link = accounts.issue_for(a_line(register.tenant, "べん"), way="link", by=register.by, now=NOW)
    accounts.first_change(letter.user, OWN, now=NOW)
    accounts.redeem(link.secret, now=NOW)
    secrets = (letter.secret, link.secret, OWN)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            "AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            written = "\n".join(str(row) for row in cursor.fetchall())
            assert not any(secret in written for secret in secrets), table
    assert not any(secret in repr((letter, link)) for secret in secrets)


def test_two_who_open_one_link_at_once_are_one(transactional_db: None) -> None:
    tenant = Tenant.objects.create(name="みどりの里", created_at=NOW)
    line = a_line(tenant, "緑川 あき")
    handed = accounts.issue_for(line, way="link", by=Actor(None, tenant), now=NOW)
    opened: list[int] = []
    gate = threading.Barrier(8)

    def press() -> None:
        gate.wait()
        try:
            opened.append(accounts.redeem(handed.secret, now=NOW).pk)
        except DeadLink:
            pass
        finally:
            connection.close()

    people = [threading.Thread(target=press) for _one in range(8)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert opened == [handed.credential.pk]
