"""Approvals in the database: the asker is never the approver, whatever the program does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from noroshi.tenants import approvals
from noroshi.tenants.approvals import ApprovalRefusal, Asked
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Act, Approval, User

ASKED = Asked(Act.UNFREEZE, "みどりの里", "緊急停止を解除します。", "電話で確認")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def kei(db: None) -> User:
    return User.objects.create_staff("kei", "k" * 15, "admin", "approver", name="けい")


@pytest.fixture
def sora(db: None) -> User:
    return User.objects.create_staff("sora", "s" * 15, "approver", name="そら")


@pytest.mark.parametrize("state", ["approved", "refused"])
def test_the_database_refuses_that_the_asker_decides(kei: User, sora: User, state: str) -> None:
    made = approvals.ask(ASKED, by=Actor(kei, None), now=now())
    rows = Approval.objects.filter(pk=made.pk)
    with pytest.raises(IntegrityError, match="nobody_approves"), transaction.atomic():
        rows.update(state=state, decided_by=kei, decided_at=now())
    with pytest.raises(IntegrityError, match="nobody_approves"), transaction.atomic():
        rows.update(state=state)
    assert rows.update(state=state, decided_by=sora, decided_at=now()) == 1


def test_the_database_lets_only_the_asker_take_back(kei: User, sora: User) -> None:
    made = approvals.ask(ASKED, by=Actor(kei, None), now=now())
    rows = Approval.objects.filter(pk=made.pk)
    with pytest.raises(IntegrityError, match="nobody_approves"), transaction.atomic():
        rows.update(state="withdrawn", decided_by=sora, decided_at=now())
    assert rows.update(state="withdrawn", decided_by=kei, decided_at=now()) == 1


def test_nobody_from_outside_asks_and_nobody_without_a_reason(kei: User, sora: User) -> None:
    aki = User.objects.create_user("aki", "a" * 15, name="あき")
    for by in (Actor(aki, None), Actor(None, None)):
        with pytest.raises(ApprovalRefusal):
            approvals.ask(ASKED, by=by, now=now())
    empty = Asked(Act.UNFREEZE, "x", "x", "  ")
    with pytest.raises(ApprovalRefusal, match="理由"):
        approvals.ask(empty, by=Actor(kei, None), now=now())


def test_no_more_wait_than_an_office_can_decide(
    kei: User, sora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approvals, "WAITING_MAX", 2)
    for number in range(2):
        approvals.ask(replace(ASKED, subject=f"{number}"), by=Actor(kei, None), now=now())
    with pytest.raises(ApprovalRefusal, match="多すぎます"):
        approvals.ask(ASKED, by=Actor(kei, None), now=now())


def test_what_waits_already_is_not_asked_for_twice(kei: User, sora: User) -> None:
    made = approvals.ask(ASKED, by=Actor(kei, None), now=now())
    with pytest.raises(ApprovalRefusal, match="すでに承認を待っています"):
        approvals.ask(replace(ASKED, reason="もう一度"), by=Actor(kei, None), now=now())
    approvals.withdraw(made, by=Actor(kei, None), now=now())
    assert approvals.ask(ASKED, by=Actor(kei, None), now=now()).pk != made.pk


def test_what_is_older_than_we_keep_is_forgotten(kei: User, sora: User) -> None:
    old = now() - timedelta(days=11 * 366)
    approvals.ask(ASKED, by=Actor(kei, None), now=old)
    young = approvals.ask(ASKED, by=Actor(kei, None), now=now())
    assert approvals.prune(now()) == 1
    assert list(Approval.objects.all()) == [young]
