"""The kinds of the service: dated switches, and a kind that has no accounts at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from noroshi.jobs import kind as program
from noroshi.tenants import access, accounts, kinds, register
from noroshi.tenants.accounts import NoAccounts
from noroshi.tenants.audit import Actor
from noroshi.tenants.kinds import KindRefusal, NewValue, set_switch, switches_of, value_on
from noroshi.tenants.models import (
    AuditEntry,
    Enrolment,
    KindSwitch,
    Membership,
    ServiceKind,
    Switch,
    Tenant,
    User,
)
from noroshi.tenants.models.kinds import VALUES
from noroshi.tenants.register import NewEnrolment
from tests.acting import become

FIRST = date(2020, 3, 2)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
KEN = NewEnrolment("山本 健", "", "employee", "viewer")
NOBODY = Actor(None, None)


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return kinds.japans_day(now())


def row(pk: int, value: str, since: date, switch: str = "has_csv") -> KindSwitch:
    return KindSwitch(pk=pk, switch=switch, value=value, since=since)


def tenant(kind: str = "SG") -> Tenant:
    return Tenant.objects.create(name="捕獲協議会", kind_id=kind, created_at=now())


def user(login: str = "aki") -> User:
    return User.objects.create_user(login, "a long password of no meaning", name=login)


def boss() -> Actor:
    return Actor(User.objects.create_staff("kei", "k" * 15, "admin", name="けい"), None)


def kind(code: str = "WANA") -> ServiceKind:
    return ServiceKind.objects.get(code=code)


@contextmanager
def without_guards() -> Iterator[None]:
    """What cannot be made is made all the same, to see that the doors hold by themselves."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET ROLE NONE")
        cursor.execute("ALTER TABLE tenants_membership DISABLE TRIGGER no_account")
        become("noroshi_pipeline")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET ROLE NONE")
        cursor.execute("ALTER TABLE tenants_membership ENABLE TRIGGER no_account")
        become("noroshi_pipeline")


def test_a_value_is_in_force_from_its_day_on_and_not_a_day_earlier() -> None:
    rows = [row(1, "yes", FIRST), row(2, "no", date(2027, 4, 1))]
    assert value_on(rows, "has_csv", FIRST - timedelta(days=1)) is None
    for day, value, since in (
        (FIRST, "yes", FIRST),
        (date(2027, 3, 31), "yes", FIRST),
        (date(2027, 4, 1), "no", date(2027, 4, 1)),
    ):
        found = value_on(rows, "has_csv", day)
        assert found is not None
        assert (found.value, found.since) == (value, since)


def test_of_one_day_the_later_row_counts() -> None:
    rows = [row(3, "yes", date(2027, 4, 1)), row(2, "no", date(2027, 4, 1)), row(1, "yes", FIRST)]
    found = value_on(rows, "has_csv", date(2027, 5, 1))
    assert found is not None
    assert (found.value, found.since) == ("yes", FIRST)


@given(st.lists(st.tuples(st.sampled_from(["yes", "no"]), DAYS), max_size=8), DAYS)
def test_the_value_is_that_of_the_newest_row_in_any_order(
    told: list[tuple[str, date]], day: date
) -> None:
    rows = [row(number, value, since) for number, (value, since) in enumerate(told, 1)]
    other = row(99, "no", FIRST, switch="has_mail")
    found = value_on([*rows, other], "has_csv", day)
    assert found == value_on([other, *reversed(rows)], "has_csv", day)
    begun = [one for one in rows if one.since <= day]
    if not begun:
        assert found is None
        return
    assert found is not None
    assert found.value == max(begun, key=lambda one: (one.since, one.pk)).value
    assert found.since in {one.since for one in begun if one.value == found.value}


def test_the_three_kinds_have_their_first_switches_since_the_first_edition(db: None) -> None:
    assert {one.code for one in ServiceKind.objects.all()} == {"SG", "LR", "WANA"}
    for code in ("SG", "LR", "WANA"):
        found = switches_of(code, FIRST)
        assert set(found) == set(Switch)
        assert {one.since for one in found.values()} == {FIRST}
        assert switches_of(code, FIRST - timedelta(days=1)) == {}
    assert {one for one in Switch if one in kinds.on_of("WANA", FIRST)} == {Switch.HAS_MAIL}
    assert switches_of("WANA", FIRST)[Switch.MANUAL_SOURCE].value == "form"
    assert switches_of("WANA", FIRST)[Switch.CHANGE_NOTICE].value == "mail"


def test_a_switch_is_set_from_a_day_on_with_its_reason_and_is_audited(db: None) -> None:
    day = today() + timedelta(days=30)
    set_switch(kind("SG"), NewValue("has_csv", "no", day, "別の方法で渡す"), by=boss(), now=now())
    assert Switch.HAS_CSV in kinds.on_of("SG", day - timedelta(days=1))
    assert Switch.HAS_CSV not in kinds.on_of("SG", day)
    entry = AuditEntry.objects.get(action="kind.switched")
    assert (entry.subject, entry.details["before"], entry.details["after"]) == ("SG", "yes", "no")
    assert entry.details["since"] == day.isoformat()


@pytest.mark.parametrize(
    ("switch", "value", "days", "reason"),
    [
        ("has_csv", "no", -1, "理由"),
        ("has_csv", "no", 0, "  "),
        ("has_csv", "yes", 0, "理由"),
        ("has_csv", "mail", 0, "理由"),
        ("has_wings", "yes", 0, "理由"),
    ],
    ids=["past", "no reason", "the same", "another's value", "no such switch"],
)
def test_a_switch_is_not_set(db: None, switch: str, value: str, days: int, reason: str) -> None:
    before = KindSwitch.objects.count()
    new = NewValue(switch, value, today() + timedelta(days=days), reason)
    with pytest.raises(KindRefusal):
        set_switch(kind("SG"), new, by=boss(), now=now())
    assert KindSwitch.objects.count() == before


def test_only_an_administrator_of_the_office_sets_a_switch(db: None) -> None:
    on_duty = User.objects.create_staff("toban", "t" * 15, "on_duty", name="当番")
    for by in (NOBODY, Actor(user(), None), Actor(on_duty, None)):
        with pytest.raises(KindRefusal):
            set_switch(kind(), NewValue("has_csv", "yes", today(), "理由"), by=by, now=now())


@pytest.mark.parametrize("role", ["noroshi_app", "noroshi_pipeline"])
def test_accounts_are_not_taken_from_a_kind_whose_tenants_have_users(db: None, role: str) -> None:
    Membership.objects.create(tenant=tenant("LR"), user=user(), role="admin")
    by, new = boss(), NewValue("has_account", "no", today(), "理由")
    assert by.user is not None
    become(role)
    try:
        with access.in_office(by.user.pk), pytest.raises(KindRefusal):
            set_switch(kind("LR"), new, by=by, now=now())
    finally:
        become("noroshi_pipeline")


@pytest.mark.parametrize("role", ["noroshi_app", "noroshi_pipeline"])
@pytest.mark.parametrize("change", ["UPDATE {} SET reason = 'x'", "DELETE FROM {}"])
def test_no_program_changes_or_removes_a_dated_row(db: None, role: str, change: str) -> None:
    become(role)
    try:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(change.format("tenants_kindswitch"))
    finally:
        become("noroshi_pipeline")


def test_the_app_adds_a_row_in_the_office_only(db: None) -> None:
    one, contract, person = kind(), tenant(), user()
    row = KindSwitch(
        kind=one, switch="has_csv", value="yes", since=today(), reason="x", at=now(), set_by=person
    )
    become("noroshi_app")
    try:
        with (
            pytest.raises(DatabaseError, match="row-level security"),
            access.acting_in(contract.pk, person.pk),
        ):
            row.save(force_insert=True)
        with access.in_office(person.pk):
            row.pk = None
            row.save(force_insert=True)
    finally:
        become("noroshi_pipeline")


@pytest.mark.parametrize("switch", list(Switch))
def test_the_database_knows_which_switch_takes_which_value(db: None, switch: Switch) -> None:
    for value in ("yes", "no", "manual", "form", "web", "mail"):
        row = KindSwitch(kind=kind(), switch=switch, value=value, since=FIRST, reason="x", at=now())
        is_fit = value in VALUES[switch]
        assert saved(row) is is_fit


def saved(row: KindSwitch) -> bool:
    """Whether the database took it."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def test_the_database_takes_no_user_of_a_tenant_without_accounts(db: None) -> None:
    trapper, aki = tenant("WANA"), user()
    for table, more in (
        (Membership, {"user": aki}),
        (Membership, {"user": aki, "stopped_at": now()}),
        (Enrolment, {"name": "あき", "affiliation": "employee", "named_at": now()}),
    ):
        with pytest.raises(IntegrityError, match="has no accounts"), transaction.atomic():
            table.objects.create(tenant=trapper, role="viewer", **more)
    member = Membership.objects.create(tenant=tenant(), user=aki, role="viewer")
    member.tenant = trapper
    with pytest.raises(IntegrityError, match="has no accounts"), transaction.atomic():
        member.save()


def test_the_database_gives_no_tenant_with_users_a_kind_without_accounts(db: None) -> None:
    contract = tenant()
    Membership.objects.create(tenant=contract, user=user(), role="viewer")
    contract.kind = kind()
    with pytest.raises(IntegrityError, match="has users"), transaction.atomic():
        contract.save()
    empty = tenant()
    empty.kind = kind()
    empty.save()


def test_the_database_takes_no_contract_without_a_kind_that_exists(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Tenant.objects.create(name="x", kind_id=None, created_at=now())
    tenant("NONE")
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    Tenant.objects.update(kind="SG")  # the test's own end asks the same question


def test_nobody_is_named_and_no_user_id_is_issued_for_it(db: None) -> None:
    trapper = tenant("WANA")
    with pytest.raises(register.NoAccounts, match="アカウントがありません"):
        register.name_user(trapper, KEN, register.Limits(10), by=boss(), now=now())
    line = register.name_user(tenant(), KEN, register.Limits(10), by=NOBODY, now=now())
    new = NewValue("has_account", "no", today(), "理由")
    Enrolment.objects.update(ended_at=now())
    set_switch(kind("SG"), new, by=Actor(User.objects.get(login="kei"), None), now=now())
    with pytest.raises(NoAccounts, match="アカウントがありません"):
        accounts.issue_for(line, way="link", by=NOBODY, now=now())
    assert User.objects.filter(kind="person").count() == 0


def test_a_member_that_should_not_be_is_let_in_nowhere(db: None) -> None:
    with without_guards():
        trapper, aki = tenant("WANA"), user()
        Membership.objects.create(tenant=trapper, user=aki, role="admin")
    assert access.memberships_of(aki) == []
    assert access.membership_of(aki, trapper.code) is None
    assert access.is_shut_out(aki)
    Membership.objects.create(tenant=tenant(), user=aki, role="admin")
    assert not access.is_shut_out(aki)


def test_the_program_tells_what_a_kind_has_and_since_when(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    program.main(["show", "WANA"])
    said = capsys.readouterr().out
    assert said.startswith("WANA ")
    assert "has_account    no      since 2020-03-02\n" in said
    assert "has_mail       yes     since 2020-03-02\n" in said
    assert "Articles 5 and 6 of the terms do not apply" in said
    program.main(["show", "SG"])
    assert "do not apply" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        program.main(["show", "XX"])
