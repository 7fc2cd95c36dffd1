"""Breaches of the terms: booked on the contractor with the user named, never without evidence."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from noroshi.base.roles import PIPELINE
from noroshi.tenants import access, parties, violations
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Enrolment, Membership, Tenant, User, Violation
from noroshi.tenants.parties import PartyFacts
from noroshi.tenants.violations import Found, ViolationRefusal
from tests.acting import become

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
FOUND = Found("画面の写しを転載した", "第10条第1項(2)", date(2026, 11, 20), "掲示板の写し")


@pytest.fixture
def by(db: None) -> Actor:
    return Actor(User.objects.create_staff("kei", "k" * 15, "reviewer", name="けい"), None)


@pytest.fixture
def ours(db: None) -> Tenant:
    return Tenant.objects.create(name="株式会社 みどりの里", created_at=NOW)


def a_user(tenant: Tenant, login: str = "aki") -> Enrolment:
    user = User.objects.create_user(login, "a" * 15, name="緑川 あき")
    member = Membership.objects.create(tenant=tenant, user=user, role="admin")
    return Enrolment.objects.create(
        tenant=tenant, name=user.name, affiliation="employee", role="admin", named_at=NOW,
        membership=member,
    )  # fmt: skip


def test_a_breach_by_a_user_is_the_contractors_with_the_user_named(ours: Tenant, by: Actor) -> None:
    line = a_user(ours)
    made = violations.record(ours, replace(FOUND, enrolment=line), by=by, now=NOW)
    assert (made.tenant, made.enrolment, made.person_name) == (ours, line, "緑川 あき")
    Enrolment.objects.filter(pk=line.pk).update(name="別の名")
    made.refresh_from_db()
    assert made.person_name == "緑川 あき"


def test_a_user_of_another_contractor_is_refused_by_the_verb_and_by_the_database(
    ours: Tenant, by: Actor
) -> None:
    theirs = Tenant.objects.create(name="よそ", created_at=NOW)
    line = a_user(theirs)
    with pytest.raises(ViolationRefusal, match="この契約者の利用者"):
        violations.record(ours, replace(FOUND, enrolment=line), by=by, now=NOW)
    made = violations.record(ours, FOUND, by=by, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="in_tenant"), transaction.atomic():
        Violation.objects.filter(pk=made.pk).update(enrolment=line)


@pytest.mark.parametrize(
    "lack",
    [{"what": " "}, {"clause": ""}, {"evidence": ""}, {"found_on": date(2026, 11, 23)}],
)
def test_nothing_is_recorded_without_clause_evidence_and_a_day(
    lack: dict[str, object], ours: Tenant, by: Actor
) -> None:
    with pytest.raises(ViolationRefusal):
        violations.record(ours, replace(FOUND, **lack), by=by, now=NOW)  # type: ignore[arg-type]
    assert not Violation.objects.exists()


def test_it_goes_from_open_to_confirmed_to_closed_or_to_cleared_with_reasons(
    ours: Tenant, by: Actor
) -> None:
    first = violations.record(ours, FOUND, by=by, now=NOW)
    with pytest.raises(ViolationRefusal, match="状態が変わりました"):
        violations.close(first, "直した", by=by, now=NOW)
    violations.confirm(first, by=by, now=NOW)
    with pytest.raises(ViolationRefusal):
        violations.clear(first, "誤り", by=by, now=NOW)
    with pytest.raises(ViolationRefusal, match="理由"):
        violations.close(first, "  ", by=by, now=NOW)
    assert violations.close(first, "削除を確認", by=by, now=NOW).state == "closed"
    second = violations.record(ours, FOUND, by=by, now=NOW)
    assert violations.clear(second, "別の人だった", by=by, now=NOW).reason == "別の人だった"
    with pytest.raises(IntegrityError, match="ends_with_a_reason"), transaction.atomic():
        Violation.objects.filter(pk=second.pk).update(reason="")


def test_who_has_not_the_duty_changes_nothing(ours: Tenant, by: Actor) -> None:
    made = violations.record(ours, FOUND, by=by, now=NOW)
    clerk = Actor(User.objects.create_staff("rin", "r" * 15, "billing", name="りん"), None)
    for who in (clerk, Actor(None, None)):
        with pytest.raises(ViolationRefusal, match="役割"):
            violations.confirm(made, by=who, now=NOW)


def test_the_contractor_sees_what_is_confirmed_and_nothing_that_is_suspected_or_was_cleared(
    ours: Tenant, by: Actor
) -> None:
    aki = a_user(ours).membership
    assert aki is not None
    kept = [violations.record(ours, FOUND, by=by, now=NOW) for _number in range(3)]
    violations.confirm(kept[0], by=by, now=NOW)
    violations.clear(kept[1], "誤り", by=by, now=NOW)
    become("noroshi_app")
    with access.acting_in(ours.pk, aki.user_id):
        seen = list(Violation.objects.values_list("pk", flat=True))
        told = set(AuditEntry.objects.values_list("action", flat=True))
    become(PIPELINE)
    assert seen == [kept[0].pk]
    assert told == {"violation.confirmed"}


@pytest.mark.parametrize(
    ("name", "number", "count"),
    [
        ("みどりの里", "", 1),
        ("㈱みどり の里", "", 1),
        ("株式会社ミドリの里", "", 0),
        ("ほかの名", "7000012050002", 1),
        ("ほかの名", "", 0),
        ("株式会社", "", 0),
    ],
)
def test_who_comes_again_under_another_spelling_is_found(
    name: str, number: str, count: int, ours: Tenant, by: Actor
) -> None:
    facts = PartyFacts("company", "みどりの里ホールディングス", corporate_number="7000012050002")
    party = parties.make(facts, "applicant", by=by, now=NOW)
    Tenant.objects.filter(pk=ours.pk).update(party=party)
    made = violations.record(ours, FOUND, by=by, now=NOW)
    assert violations.against(name, number) == []
    violations.confirm(made, by=by, now=NOW)
    assert len(violations.against(name, number)) == count
