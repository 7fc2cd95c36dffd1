"""The register of users: its limit, its last administrator, its yearly review, its emergency."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from noroshi.jobs.review_mails import remind_of_reviews
from noroshi.outbox.models import Message
from noroshi.tenants import register
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Enrolment, Membership, Tenant, User
from noroshi.tenants.register import (
    BadEnrolment,
    Ended,
    LastAdmin,
    Limits,
    NewEnrolment,
    NoAuthority,
    OnlyTheOffice,
    RegisterFull,
    RegisterRefusal,
    ReviewIncomplete,
)
from noroshi.tenants.review import due_for_review, next_review_on
from noroshi.tenants.sharing import Try, sharing_hints
from tests.committed import transactional_db

__all__ = ["transactional_db"]

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
LIMITS = Limits(10)
KEN = NewEnrolment("山本 健", "ken@example.jp", "employee", "viewer")
THREADS = 50
AT_ONCE = 12  # connections; the others wait their turn in the pool


def tenant(**more: object) -> Tenant:
    return Tenant.objects.create(name="米野木青果", created_at=NOW, **more)


def member(of: Tenant, login: str, role: str = "admin", **more: object) -> Membership:
    user = User.objects.create_user(login, "a long password of no meaning", name=login.title())
    return Membership.objects.create(tenant=of, user=user, role=role, **more)


def enrolled(of: Membership, *, named_at: datetime = NOW) -> Enrolment:
    return Enrolment.objects.create(
        tenant=of.tenant, name=of.user.name, affiliation="employee", role=of.role,
        named_at=named_at, membership=of,
    )  # fmt: skip


def acting(one: Membership) -> Actor:
    return Actor(one.user, one.tenant)


def at_once(deeds: list[Callable[[], object]]) -> list[object]:
    """Do all of them in threads; what each returned or was refused with."""

    def do(deed: Callable[[], object]) -> object:
        try:
            return deed()
        except RegisterRefusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(do, deeds))


def test_naming_writes_who_named_whom_and_the_line_waits_for_its_user_id(db: None) -> None:
    aki = member(tenant(), "aki")
    made = register.name_user(aki.tenant, KEN, LIMITS, by=acting(aki), now=NOW)
    assert (made.named_by, made.named_at, made.membership) == (aki.user, NOW, None)
    entry = AuditEntry.objects.get(action="user.named")
    assert (entry.tenant, entry.user, entry.subject) == (aki.tenant, aki.user, "山本 健")
    assert entry.details["affiliation"] == "employee"


def test_fifty_at_once_do_not_pass_the_limit(transactional_db: None) -> None:
    aki = member(tenant(), "aki")
    enrolled(aki)
    found = at_once(
        [
            lambda n=n: register.name_user(
                aki.tenant, replace(KEN, name=f"人{n}"), LIMITS, by=acting(aki), now=NOW
            )
            for n in range(THREADS)
        ]
    )
    assert register.current(aki.tenant).count() == 10
    assert sum(isinstance(one, Enrolment) for one in found) == 9
    refused = [one for one in found if isinstance(one, RegisterFull)]
    assert len(refused) == THREADS - 9
    assert "10名まで" in str(refused[0])


def test_who_was_ended_makes_room(db: None) -> None:
    aki, one = member(tenant(), "aki"), Limits(1)
    line = register.name_user(aki.tenant, KEN, one, by=acting(aki), now=NOW)
    with pytest.raises(RegisterFull):
        register.name_user(aki.tenant, KEN, one, by=acting(aki), now=NOW)
    register.end_enrolment(line, by=acting(aki), now=NOW)
    assert register.name_user(aki.tenant, KEN, one, by=acting(aki), now=NOW).pk != line.pk
    with pytest.raises(Ended):
        register.end_enrolment(line, by=acting(aki), now=NOW)


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "  "},
        {"name": "長" * 101},
        {"affiliation": "friend"},
        {"role": "owner"},
        {"affiliation": "widened"},
    ],
)
def test_what_cannot_be_kept_is_refused(db: None, bad: dict[str, str]) -> None:
    aki = member(tenant(), "aki")
    with pytest.raises(BadEnrolment):
        register.name_user(aki.tenant, replace(KEN, **bad), LIMITS, by=acting(aki), now=NOW)
    assert not Enrolment.objects.exists()


def test_the_widened_class_needs_its_condition_in_the_contract(db: None) -> None:
    aki, wide = member(tenant(), "aki"), Limits(10, "猟友会員")
    new = replace(KEN, affiliation="widened")
    assert register.name_user(aki.tenant, new, wide, by=acting(aki), now=NOW).pk


def test_the_contract_authority_is_handed_on_only_by_who_has_it(db: None) -> None:
    ours = tenant()
    aki, chief = member(ours, "aki"), member(ours, "chief", has_authority=True)
    line = register.name_user(ours, KEN, LIMITS, by=acting(aki), now=NOW)
    bold = replace(KEN, has_authority=True)
    with pytest.raises(NoAuthority):
        register.name_user(ours, bold, LIMITS, by=acting(aki), now=NOW)
    with pytest.raises(NoAuthority):
        register.change(line, bold, LIMITS, by=acting(aki), now=NOW)
    assert register.change(line, bold, LIMITS, by=acting(chief), now=NOW).has_authority
    # Who only changes the name of somebody with authority does not need it.
    renamed = replace(bold, name="山本 健二")
    assert register.change(line, renamed, LIMITS, by=acting(aki), now=NOW).has_authority


def test_a_change_reaches_the_membership_and_tells_before_and_after(db: None) -> None:
    ours = tenant()
    aki, ben = member(ours, "aki"), member(ours, "ben", "viewer")
    line = enrolled(ben)
    register.change(line, replace(KEN, role="editor"), LIMITS, by=acting(aki), now=NOW)
    ben.refresh_from_db()
    assert ben.role == "editor"
    details = AuditEntry.objects.get(action="user.changed").details
    assert (details["before"]["role"], details["after"]["role"]) == ("viewer", "editor")


def test_the_last_administrator_stays(db: None) -> None:
    ours = tenant()
    aki = member(ours, "aki")
    line = enrolled(aki)
    fresh = member(ours, "fresh")
    User.objects.filter(pk=fresh.user_id).update(state=User.State.ISSUED)
    for deed in (
        lambda: register.stop_at_once(aki, by=acting(aki), now=NOW),
        lambda: register.end_enrolment(line, by=acting(aki), now=NOW),
        lambda: register.change(line, KEN, LIMITS, by=acting(aki), now=NOW),
        lambda: register.review(ours, [], [line.code], by=acting(aki), now=NOW),
    ):
        with pytest.raises(LastAdmin):
            deed()
    aki.refresh_from_db()
    line.refresh_from_db()
    assert (aki.stopped_at, aki.role, line.ended_at) == (None, "admin", None)
    User.objects.filter(pk=fresh.user_id).update(state=User.State.ACTIVE)
    assert register.stop_at_once(aki, by=acting(aki), now=NOW)


def test_administrators_who_stop_each_other_at_once_leave_one(transactional_db: None) -> None:
    ours = tenant()
    admins = [member(ours, f"admin{n}") for n in range(8)]
    at_once([lambda one=one: register.stop_at_once(one, by=acting(one), now=NOW) for one in admins])
    assert Membership.objects.filter(tenant=ours, stopped_at=None).count() == 1


def test_stopped_and_started_again_is_written_once_each(db: None) -> None:
    ours = tenant()
    aki, ben = member(ours, "aki"), member(ours, "ben", "viewer")
    enrolled(ben)
    assert register.stop_at_once(ben, by=acting(aki), now=NOW)
    assert not register.stop_at_once(ben, by=acting(aki), now=NOW)
    assert register.start_again(ben, by=acting(aki), now=NOW)
    assert not register.start_again(ben, by=acting(aki), now=NOW)
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["user.stopped", "user.started_again"]


def test_who_was_ended_is_not_started_again(db: None) -> None:
    ours = tenant()
    aki, ben = member(ours, "aki"), member(ours, "ben", "viewer")
    register.end_enrolment(enrolled(ben), by=acting(aki), now=NOW)
    with pytest.raises(Ended):
        register.start_again(ben, by=acting(aki), now=NOW)


def test_only_the_office_lifts_a_freeze(db: None) -> None:
    aki = member(tenant(), "aki")
    staff = User.objects.create_staff("kei", "a long password of no meaning", "admin", name="けい")
    done = register.freeze_all(aki.tenant, by=acting(aki), now=NOW)
    assert done is not None
    assert done.people == 1
    assert register.freeze_all(aki.tenant, by=acting(aki), now=NOW) is None
    with pytest.raises(OnlyTheOffice):
        register.unfreeze(aki.tenant, "x", by=acting(aki), now=NOW)
    aki.tenant.refresh_from_db()
    assert aki.tenant.frozen_at == NOW
    office = Actor(staff, aki.tenant)
    assert register.unfreeze(aki.tenant, "折り返しの電話で確認", by=office, now=NOW)
    assert not register.unfreeze(aki.tenant, "x", by=office, now=NOW)
    assert AuditEntry.objects.get(action="tenant.unfrozen").details["reason"].startswith("折り返し")


def test_a_review_settles_exactly_the_lines_in_force(db: None) -> None:
    ours = tenant()
    aki, ben = member(ours, "aki"), member(ours, "ben", "viewer")
    mine, his = enrolled(aki), enrolled(ben)
    foreign = enrolled(member(tenant(), "chie"))
    for kept, ended in (
        ([mine.code], []),
        ([mine.code, his.code], [his.code]),
        ([mine.code, his.code, foreign.code], []),
        ([mine.code], [his.code, "nowhere"]),
    ):
        with pytest.raises(ReviewIncomplete):
            register.review(ours, kept, ended, by=acting(aki), now=NOW)
    register.review(ours, [mine.code], [his.code], by=acting(aki), now=NOW)
    for line in (mine, his, ben, foreign):
        line.refresh_from_db()
    assert (mine.reviewed_at, his.ended_at, ben.stopped_at) == (NOW, NOW, NOW)
    assert (foreign.reviewed_at, foreign.ended_at) == (None, None)
    assert AuditEntry.objects.get(action="register.reviewed").details == {"kept": 1, "ended": 1}


APRIL_FIRST_JST = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("named_at", "reviewed_at", "today", "is_due"),
    [
        (datetime(2025, 5, 1, tzinfo=UTC), None, date(2026, 3, 31), False),
        (datetime(2025, 5, 1, tzinfo=UTC), None, date(2026, 4, 1), True),
        (datetime(2025, 5, 1, tzinfo=UTC), None, date(2027, 3, 31), True),
        (datetime(2025, 3, 1, tzinfo=UTC), None, date(2026, 3, 31), True),
        (APRIL_FIRST_JST - timedelta(seconds=1), None, date(2026, 4, 1), True),
        (APRIL_FIRST_JST, None, date(2026, 4, 1), False),
        (datetime(2025, 5, 1, tzinfo=UTC), APRIL_FIRST_JST, date(2026, 4, 1), False),
        (
            datetime(2025, 5, 1, tzinfo=UTC),
            APRIL_FIRST_JST - timedelta(seconds=1),
            date(2026, 4, 1),
            True,
        ),
    ],
)
def test_a_line_older_than_april_is_due_until_it_is_reviewed(
    db: None, named_at: datetime, reviewed_at: datetime | None, today: date, *, is_due: bool
) -> None:
    aki = member(tenant(), "aki")
    line = enrolled(aki, named_at=named_at)
    Enrolment.objects.filter(pk=line.pk).update(reviewed_at=reviewed_at)
    assert due_for_review(aki.tenant, today) is is_due
    year = today.year if today.month >= 4 else today.year - 1
    assert next_review_on(aki.tenant, today) == date(year + (not is_due), 4, 1)


def test_april_reminds_each_administrator_once_a_year_until_it_is_done(db: None) -> None:
    aki = member(tenant(), "aki")
    line = enrolled(aki, named_at=datetime(2025, 5, 1, tzinfo=UTC))
    User.objects.filter(pk=aki.user_id).update(email="aki@example.jp")
    enrolled(member(tenant(), "chie"), named_at=datetime(2026, 4, 2, tzinfo=UTC))
    assert remind_of_reviews(APRIL_FIRST_JST - timedelta(minutes=1)) == 0
    assert remind_of_reviews(APRIL_FIRST_JST) == 1
    assert remind_of_reviews(APRIL_FIRST_JST + timedelta(days=9)) == 0
    sent = Message.objects.get()
    assert (sent.address, sent.tenant_id, sent.kind) == (
        "aki@example.jp", aki.tenant_id, "register.review",
    )  # fmt: skip
    assert "棚卸し" in sent.subject
    assert "1名" in sent.body
    assert remind_of_reviews(APRIL_FIRST_JST + timedelta(days=365)) == 1
    later = datetime(2028, 4, 2, tzinfo=UTC)
    register.review(aki.tenant, [line.code], [], by=acting(aki), now=later)
    assert remind_of_reviews(later) == 0


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("story", "hints"),
    [
        ([("ok", 0, "203.0.113.5"), ("ok", 5, "198.51.100.7")], 1),
        ([("ok", 0, "203.0.113.5"), ("ok", 5, "203.0.113.99")], 0),
        ([("ok", 0, "203.0.113.5"), ("ok", 11, "198.51.100.7")], 0),
        ([("ok", 0, "203.0.113.5"), ("wrong", 5, "198.51.100.7")], 0),
        (
            [
                ("ok", 0, "203.0.113.5"),
                ("signed_out", 2, "203.0.113.5"),
                ("ok", 5, "198.51.100.7"),
            ],
            0,
        ),
        ([("ok", 0, "2001:db8:1::1"), ("ok", 5, "2001:db8:1:5::1")], 0),
        ([("ok", 0, "2001:db8:1::1"), ("ok", 5, "2001:db8:2::1")], 1),
        ([("ok", 0, None), ("ok", 5, "198.51.100.7")], 0),
    ],
)
def test_two_networks_within_minutes_are_a_hint(
    story: list[tuple[str, int, str | None]], hints: int
) -> None:
    rows = [
        Try(minutes, 1, NOW + minutes * MINUTE, outcome, address)
        for outcome, minutes, address in story
    ]
    assert len(sharing_hints(rows)) == hints


def test_two_people_in_two_places_are_no_hint() -> None:
    rows = [
        Try(1, 1, NOW, "ok", "203.0.113.5"),
        Try(2, 2, NOW + MINUTE, "ok", "198.51.100.7"),
    ]
    assert sharing_hints(rows) == []


def test_the_newest_hint_comes_first_whatever_the_order() -> None:
    rows = [Try(number, 1, NOW + number * MINUTE, "ok", f"203.0.{number}.5") for number in range(3)]
    pairs = sharing_hints(reversed(rows))
    assert [(first.pk, second.pk) for first, second in pairs] == [(1, 2), (0, 1)]
