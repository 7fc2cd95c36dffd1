"""Looking in from outside: notice, reason, papers, end; and that every look is written down."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from noroshi.outbox import visit_mails
from noroshi.outbox.models import Message
from noroshi.tenants import filing, parties, subcontractors, visits
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import (
    AuditEntry,
    Membership,
    Party,
    Subcontractor,
    Tenant,
    User,
    Visit,
    VisitView,
)
from noroshi.tenants.visits import Grant, NotAllowed, Notice, Seen

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WHY = Grant("値が届かない", "T-12", 2)
PDF = b"%PDF-1.7\n%%EOF\n"


@dataclass(frozen=True, slots=True)
class Cast:
    """Aki's tenant, Kei of the office, Mamoru of a subcontractor without agreements."""

    tenant: Tenant
    other: Tenant
    aki: User
    kei: User
    mamoru: User
    firm: Subcontractor

    @property
    def office(self) -> Actor:
        return Actor(self.kei, None)

    @property
    def admin(self) -> Actor:
        return Actor(self.aki, self.tenant)


@pytest.fixture
def cast(db: None) -> Cast:
    tenant = Tenant.objects.create(name="みどりの里", created_at=NOW)
    other = Tenant.objects.create(name="よその会社", created_at=NOW)
    aki = User.objects.create_user("aki", "a" * 15, name="緑川 あき", email="aki@example.jp")
    Membership.objects.create(tenant=tenant, user=aki, role="admin")
    kei = User.objects.create_staff("kei", "k" * 15, "admin", name="けい")
    User.objects.filter(pk=kei.pk).update(email="office@example.jp")
    by = Actor(kei, None)
    party = parties.make(parties.PartyFacts("company", "株式会社まもり"), "partner", by=by, now=NOW)
    entry = subcontractors.Entry(["repair"], 1, "JP", date(2026, 4, 1), date(2027, 3, 31))
    firm = subcontractors.enter(party, entry, by=by, now=NOW)
    mamoru = User.objects.create_user(
        "mamoru", "m" * 15, name="守 まもる", kind="subcontractor", subcontractor=firm
    )
    return Cast(tenant, other, aki, kei, mamoru, firm)


def sign(cast: Cast) -> None:
    """Both agreements, with their paper."""
    paper = filing.keep("契約.pdf", PDF, party=cast.firm.party, by=cast.office, now=NOW)
    signed = subcontractors.Agreement(date(2026, 4, 1), paper)
    subcontractors.file_agreements(
        cast.firm, secrecy=signed, privacy=signed, by=cast.office, now=NOW
    )
    cast.mamoru.refresh_from_db()


NOTICE = Notice("監査 かず", "auditor", "内部統制の確認", NOW + 3 * DAY, email="kazu@example.jp")


def test_staff_see_nothing_before_and_everything_ends_with_the_hour(cast: Cast) -> None:
    assert visits.active_visit(cast.kei, cast.tenant, NOW) is None
    visit = visits.open_staff(cast.tenant, WHY, cast.office, NOW)
    assert visits.active_visit(cast.kei, cast.tenant, NOW) == visit
    assert visits.active_visit(cast.kei, cast.other, NOW) is None
    assert visits.active_visit(cast.aki, cast.tenant, NOW) is None
    end = NOW + 2 * HOUR
    assert visits.active_visit(cast.kei, cast.tenant, end - timedelta(microseconds=1)) == visit
    assert visits.active_visit(cast.kei, cast.tenant, end) is None


@pytest.mark.parametrize(
    ("grant", "fields"),
    [
        (replace(WHY, reason=" "), {"reason"}),
        (replace(WHY, ticket=""), {"ticket"}),
        (replace(WHY, hours=9), {"hours"}),
        (replace(WHY, hours=0), {"hours"}),
        (Grant("", "", -1), {"reason", "ticket", "hours"}),
    ],
)
def test_without_reason_ticket_or_end_nobody_looks(
    cast: Cast, grant: Grant, fields: set[str]
) -> None:
    with pytest.raises(NotAllowed) as refusal:
        visits.open_staff(cast.tenant, grant, cast.office, NOW)
    assert set(refusal.value.faults) == fields
    assert not Visit.objects.exists()


@pytest.mark.parametrize("role", ["billing", "reviewer", "approver"])
def test_a_role_without_that_duty_opens_no_visit(cast: Cast, role: str) -> None:
    other = User.objects.create_staff("bill", "b" * 15, role, name="びる")
    with pytest.raises(NotAllowed):
        visits.open_staff(cast.tenant, WHY, Actor(other, None), NOW)


def test_nobody_from_outside_opens_a_visit_of_the_office(cast: Cast) -> None:
    for user in (cast.aki, cast.mamoru, None):
        with pytest.raises(NotAllowed):
            visits.open_staff(cast.tenant, WHY, Actor(user, None), NOW)


def test_who_loses_the_role_loses_the_visit_at_once(cast: Cast) -> None:
    visits.open_staff(cast.tenant, WHY, cast.office, NOW)
    User.objects.filter(pk=cast.kei.pk).update(staff_roles=["billing"])
    assert visits.active_visit(cast.kei, cast.tenant, NOW) is None


def test_a_stopped_visitor_looks_no_more(cast: Cast) -> None:
    visits.open_staff(cast.tenant, WHY, cast.office, NOW)
    User.objects.filter(pk=cast.kei.pk).update(state="stopped", is_active=False)
    assert visits.active_visit(cast.kei, cast.tenant, NOW) is None


def test_a_visit_is_written_down_for_the_contractor_and_told_by_mail(cast: Cast) -> None:
    visit = visits.open_staff(cast.tenant, WHY, cast.office, NOW)
    assert visit_mails.tell_opened(visit, now=NOW) == 1
    assert visit_mails.tell_opened(visit, now=NOW) == 0
    entry = AuditEntry.objects.get(action="visit.opened")
    assert entry.tenant == cast.tenant
    assert entry.details["reason"] == WHY.reason
    mail = Message.objects.get()
    assert (mail.tenant, mail.address) == (cast.tenant, "aki@example.jp")
    assert WHY.reason in mail.body
    assert "12:00" in mail.body  # Japan's time


def test_ending_is_once_and_for_all(cast: Cast) -> None:
    visit = visits.open_staff(cast.tenant, WHY, cast.office, NOW)
    assert visits.end(visit, cast.office, NOW + HOUR)
    assert not visits.end(visit, cast.office, NOW + HOUR)
    assert visits.active_visit(cast.kei, cast.tenant, NOW + HOUR) is None
    assert AuditEntry.objects.filter(action="visit.ended").count() == 1


def test_a_subcontractor_needs_both_agreements_and_a_scope(cast: Cast) -> None:
    grant = replace(WHY, scope=("devices",))
    with pytest.raises(NotAllowed) as refusal:
        visits.open_subcontractor(cast.tenant, cast.mamoru, grant, cast.office, NOW)
    assert "秘密保持契約" in refusal.value.faults["visitor"]
    assert "個人情報の取扱契約" in refusal.value.faults["visitor"]
    sign(cast)
    for scope in ((), ("everything",)):
        bad = replace(WHY, scope=scope)
        with pytest.raises(NotAllowed) as refusal:
            visits.open_subcontractor(cast.tenant, cast.mamoru, bad, cast.office, NOW)
        assert set(refusal.value.faults) == {"scope"}
    visit = visits.open_subcontractor(cast.tenant, cast.mamoru, grant, cast.office, NOW)
    assert visit.scope == ["devices"]
    assert visits.active_visit(cast.mamoru, cast.tenant, NOW) == visit


@pytest.mark.parametrize("half", ["secrecy_paper", "privacy_paper", "privacy_agreed_on"])
def test_half_an_agreement_is_none_also_for_a_running_visit(cast: Cast, half: str) -> None:
    sign(cast)
    grant = replace(WHY, scope=("devices",))
    visits.open_subcontractor(cast.tenant, cast.mamoru, grant, cast.office, NOW)
    Subcontractor.objects.update(**{half: None})
    cast.mamoru.refresh_from_db()
    assert visits.active_visit(cast.mamoru, cast.tenant, NOW) is None
    with pytest.raises(NotAllowed):
        visits.open_subcontractor(cast.tenant, cast.mamoru, grant, cast.office, NOW)


def test_neither_staff_nor_a_users_account_visits_as_a_subcontractor(cast: Cast) -> None:
    grant = replace(WHY, scope=("devices",))
    for user in (cast.kei, cast.aki):
        with pytest.raises(NotAllowed):
            visits.open_subcontractor(cast.tenant, user, grant, cast.office, NOW)
    sign(cast)
    with pytest.raises(NotAllowed):
        visits.open_subcontractor(cast.tenant, cast.mamoru, grant, cast.admin, NOW)


def test_an_audit_gets_a_receipt_and_an_account_of_its_own(cast: Cast) -> None:
    filed = visits.file_audit(cast.tenant, NOTICE, cast.admin, NOW)
    assert filed.receipt == f"A-20261122-{filed.visit.pk}"
    user = filed.handed.user
    assert (user.kind, user.state, user.staff_roles) == ("audit", "issued", [])
    assert user.pk != cast.aki.pk
    assert not user.memberships.exists()
    assert not user.has_usable_password()  # only the link opens it
    assert visits.active_visit(user, cast.tenant, NOW) == filed.visit
    assert visits.active_visit(user, cast.other, NOW) is None
    assert visits.active_visit(user, cast.tenant, NOTICE.until) is None


def test_the_receipt_goes_to_both_sides_and_holds_no_secret(cast: Cast) -> None:
    filed = visits.file_audit(cast.tenant, NOTICE, cast.admin, NOW)
    assert visit_mails.tell_filed(filed.visit, now=NOW) == 2
    mails = {mail.address: mail for mail in Message.objects.all()}
    assert set(mails) == {"aki@example.jp", "office@example.jp"}
    assert mails["office@example.jp"].tenant is None
    for mail in mails.values():
        assert filed.receipt in mail.subject
        assert filed.handed.secret not in mail.body
        assert "監査役" in mail.body


def test_the_contact_of_the_party_is_told_too(cast: Cast) -> None:
    contact = Party.objects.create(
        kind="company", name="みどり", contact_email="soumu@example.jp", made_at=NOW
    )
    Tenant.objects.filter(pk=cast.tenant.pk).update(party=contact)
    visit = visits.open_staff(cast.tenant, WHY, cast.office, NOW)
    assert visit_mails.tell_opened(visit, now=NOW) == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"department": "sales"}, "department"),
        ({"reason": ""}, "reason"),
        ({"since": NOW - timedelta(seconds=1)}, "since"),
        ({"until": NOW}, "until"),
        ({"until": NOW + 32 * DAY}, "until"),
    ],
)
def test_a_notice_must_be_whole_and_comes_before_the_look(
    cast: Cast, change: dict[str, object], field: str
) -> None:
    with pytest.raises(NotAllowed) as refusal:
        visits.file_audit(cast.tenant, replace(NOTICE, **change), cast.admin, NOW)
    assert set(refusal.value.faults) == {field}
    assert not Visit.objects.exists()
    assert not User.objects.filter(kind="audit").exists()


def test_only_the_contractors_administrator_files_and_for_its_own_people_only(cast: Cast) -> None:
    chie = User.objects.create_user("chie", "c" * 15, name="ちえ")
    part = Membership.objects.create(tenant=cast.other, user=chie, role="admin")
    ben = User.objects.create_user("ben", "b" * 15, name="べん")
    Membership.objects.create(tenant=cast.tenant, user=ben, role="editor")
    for user in (chie, ben, cast.kei):
        with pytest.raises(NotAllowed):
            visits.file_audit(cast.tenant, NOTICE, Actor(user, cast.tenant), NOW)
    with pytest.raises(NotAllowed):
        visits.file_audit(cast.tenant, replace(NOTICE, on_behalf_of=part), cast.admin, NOW)


def test_an_audit_of_tomorrow_shows_nothing_today(cast: Cast) -> None:
    notice = replace(NOTICE, since=NOW + DAY)
    filed = visits.file_audit(cast.tenant, notice, cast.admin, NOW)
    assert visits.active_visit(filed.handed.user, cast.tenant, NOW) is None
    assert visits.active_visit(filed.handed.user, cast.tenant, NOW + DAY) == filed.visit


def test_the_auditors_account_closes_with_the_period_and_at_an_early_end(cast: Cast) -> None:
    first = visits.file_audit(cast.tenant, NOTICE, cast.admin, NOW)
    second = visits.file_audit(cast.tenant, NOTICE, cast.admin, NOW)
    visits.end(second.visit, cast.admin, NOW + HOUR)
    assert User.objects.get(pk=second.handed.user.pk).state == "closed"
    assert visits.close_accounts_over(NOW + HOUR) == 0
    assert User.objects.get(pk=first.handed.user.pk).state == "issued"
    assert visits.close_accounts_over(NOTICE.until) == 1
    assert User.objects.get(pk=first.handed.user.pk).state == "closed"
    assert User.objects.get(pk=cast.aki.pk).state == "active"


def test_the_first_look_at_a_page_is_always_written_whatever_the_browser_claims(cast: Cast) -> None:
    visit = visits.open_staff(cast.tenant, WHY, cast.office, NOW)
    claimed = Seen("incidents", "/incidents/", "192.0.2.7", refreshes="/incidents/")
    assert visits.note_view(visit, claimed, NOW)
    assert not visits.note_view(visit, claimed, NOW + timedelta(minutes=9))
    assert visits.note_view(visit, claimed, NOW + timedelta(minutes=11))
    part = Seen("device-chart", "/d/cold2/chart.json?x=1", None, refreshes="/d/cold2/")
    assert visits.note_view(visit, part, NOW)
    visits.note_view(visit, Seen("device", "/d/cold2/?range=week", None), NOW)
    assert not visits.note_view(visit, part, NOW + HOUR / 60)
    assert VisitView.objects.filter(tenant=cast.tenant).count() == 4


def test_a_page_opened_twice_is_written_twice(cast: Cast) -> None:
    visit = visits.open_staff(cast.tenant, WHY, cast.office, NOW)
    for _again in range(2):
        assert visits.note_view(visit, Seen("home", "/", "192.0.2.7"), NOW)
    assert VisitView.objects.filter(visit=visit).count() == 2


def test_a_name_with_a_line_break_writes_no_head_of_a_mail(cast: Cast) -> None:
    bad = "監査\r\nBcc: everybody@example.jp\u2028"
    filed = visits.file_audit(cast.tenant, replace(NOTICE, name=bad), cast.admin, NOW)
    assert visit_mails.tell_filed(filed.visit, now=NOW) == 2
    assert "Bcc: everybody" in Message.objects.all()[0].body
    assert "\nBcc" not in Message.objects.all()[0].body
