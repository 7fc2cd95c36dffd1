"""Parties: what they must be, who may become what; no contract is handed on by a name."""

import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from noroshi.tenants import filing, parties, staff, subcontractors
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Agent, AuditEntry, Membership, Paper, Party, Tenant, User
from noroshi.tenants.parties import BadParty, Correction, NotAllowed, PartyFacts

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
NUMBER, OTHER_NUMBER = "7000012050002", "1000000000008"
FACTS = PartyFacts("company", "株式会社みどり", corporate_number=NUMBER, postcode="4600008")
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(20) + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9"


@pytest.fixture
def by(db: None) -> Actor:
    """Kei of the office."""
    return Actor(User.objects.create_staff("kei", "k" * 15, "admin", name="けい"), None)


def made(by: Actor, facts: PartyFacts = FACTS) -> Party:
    return parties.make(facts, "applicant", by=by, now=NOW)


def contractor(by: Actor, facts: PartyFacts = FACTS) -> Party:
    return parties.change_standing(made(by, facts), "contractor", "承諾 12号", by=by, now=NOW)


def tenant_with_aki(name: str = "みどり") -> Tenant:
    tenant = Tenant.objects.create(name=name, created_at=NOW)
    aki = User.objects.create_user(f"aki-{name}", "a" * 15, name="あき")
    Membership.objects.create(tenant=tenant, user=aki, role="admin")
    return tenant


def test_every_fault_is_told_at_once(by: Actor) -> None:
    bad = PartyFacts("consumer", " ", corporate_number="7000012050003", postcode="12", phone="abc")
    bad = replace(bad, municipality_code="131017")
    with pytest.raises(BadParty) as refusal:
        made(by, bad)
    assert set(refusal.value.faults) == {
        "kind", "name", "corporate_number", "postcode", "municipality_code", "phone"
    }  # fmt: skip
    assert not Party.objects.exists()


def test_a_consumer_is_no_party_even_by_the_back_door(by: Actor) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Party.objects.create(kind="consumer", name="だれか", made_at=NOW)


def test_one_corporation_is_one_party(by: Actor) -> None:
    made(by)
    with pytest.raises(BadParty) as refusal:
        made(by, replace(FACTS, corporate_number="７０００－０１２０－５０００２"))
    assert "corporate_number" in refusal.value.faults


def test_a_sole_trader_has_no_corporate_number(by: Actor) -> None:
    with pytest.raises(BadParty):
        made(by, replace(FACTS, kind="sole"))


def test_what_is_made_is_plain_and_written_down(by: Actor) -> None:
    assert made(by).postcode == "460-0008"
    assert AuditEntry.objects.get().action == "party.made"


def test_nobody_begins_as_a_contractor(by: Actor) -> None:
    with pytest.raises(NotAllowed):
        parties.make(FACTS, "contractor", by=by, now=NOW)


def test_a_standing_changes_by_an_act_with_a_reason_only(by: Actor) -> None:
    party = made(by)
    with pytest.raises(NotAllowed):
        parties.change_standing(party, "contractor", "  ", by=by, now=NOW)
    parties.change_standing(party, "contractor", "承諾 12号", by=by, now=NOW)
    party.refresh_from_db()
    assert party.standing == "contractor"
    entry = AuditEntry.objects.get(action="party.standing_changed")
    assert entry.details["after"] == {"standing": "contractor", "reason": "承諾 12号"}
    with pytest.raises(NotAllowed):
        parties.change_standing(party, "applicant", "戻す", by=by, now=NOW)


def test_an_applicant_gets_no_tenant_with_people(by: Actor) -> None:
    tenant, party = tenant_with_aki(), made(by)
    with pytest.raises(NotAllowed):
        parties.link(tenant, party, by=by, now=NOW)
    parties.change_standing(party, "contractor", "承諾", by=by, now=NOW)
    parties.link(tenant, party, by=by, now=NOW)
    tenant.refresh_from_db()
    assert tenant.party == party
    with pytest.raises(NotAllowed):  # people are still there
        parties.change_standing(party, "former", "解約", by=by, now=NOW)
    tenant.memberships.update(stopped_at=NOW)
    parties.change_standing(party, "former", "解約", by=by, now=NOW)
    tenant.party.refresh_from_db()
    assert not parties.may_have_people(tenant)


def test_a_tenant_stays_with_its_party(by: Actor) -> None:
    tenant, party = tenant_with_aki(), contractor(by)
    parties.link(tenant, party, by=by, now=NOW)
    other = contractor(by, PartyFacts("body", "猟友会"))
    with pytest.raises(NotAllowed):
        parties.link(tenant, other, by=by, now=NOW)
    with pytest.raises(NotAllowed):
        parties.link(tenant_with_aki("ほか"), party, by=by, now=NOW)


@pytest.mark.parametrize(
    ("change", "is_allowed"),
    [
        ({"phone": "052-123-4567"}, True),
        ({"name": "株式会社ミドリ"}, True),  # the same corporate number: the same corporation
        ({"corporate_number": ""}, False),
        ({"corporate_number": OTHER_NUMBER}, False),
        ({"name": "株式会社あお", "corporate_number": OTHER_NUMBER}, False),
    ],
)
def test_of_a_corporation_the_number_says_who_it_is(
    by: Actor, change: dict[str, str], *, is_allowed: bool
) -> None:
    party = contractor(by)
    try:
        parties.change(party, replace(FACTS, **change), by=by, now=NOW)
    except BadParty:
        assert not is_allowed
        party.refresh_from_db()
        assert (party.name, party.corporate_number) == (FACTS.name, NUMBER)
    else:
        assert is_allowed


def test_without_a_number_a_name_changes_only_with_reason_and_paper(by: Actor) -> None:
    facts = PartyFacts("body", "山の会")
    party, new = contractor(by, facts), replace(facts, name="山と川の会")
    paper = filing.keep("総会議事録.pdf", PDF, party=party, by=by, now=NOW)
    for weak in (Correction(), Correction("改称"), Correction("", paper)):
        with pytest.raises(BadParty) as refusal:
            parties.change(party, new, weak, by=by, now=NOW)
        assert "name" in refusal.value.faults
    # A number written in at the same time proves nothing about the name.
    with pytest.raises(BadParty):
        parties.change(party, replace(new, corporate_number=NUMBER), by=by, now=NOW)
    parties.change(party, new, Correction("改称", paper), by=by, now=NOW)
    entry = AuditEntry.objects.get(action="party.changed")
    assert entry.details["before"] == {"name": "山の会"}
    assert entry.details["after"] == {
        "name": "山と川の会", "reason": "改称", "paper": "総会議事録.pdf"
    }  # fmt: skip


def test_an_applicant_may_still_correct_the_name(by: Actor) -> None:
    party = made(by, PartyFacts("body", "山の会"))
    assert parties.change(party, PartyFacts("body", "川の会"), by=by, now=NOW).name == "川の会"


def test_an_agent_has_dates_in_order(by: Actor) -> None:
    party = made(by)
    with pytest.raises(NotAllowed):
        parties.name_agent(party, date(2026, 4, 1), date(2026, 3, 31), by=by, now=NOW)
    parties.name_agent(party, date(2026, 4, 1), None, by=by, now=NOW)
    parties.name_agent(party, date(2026, 4, 1), date(2027, 3, 31), by=by, now=NOW)
    assert Agent.objects.get().until == date(2027, 3, 31)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PDF, filing.PDF), (PNG, filing.PNG), (JPEG, filing.JPEG), (b"", ""), (PDF[:10], ""),
        (PNG[:12], ""), (b"<html>%PDF-1.7 %%EOF", ""), (b"GIF89a", ""),
    ],
)  # fmt: skip
def test_a_paper_is_what_its_bytes_are(body: bytes, kind: str) -> None:
    assert filing.kind_of(body) == kind


def test_a_zip_called_pdf_is_refused_and_so_is_what_is_too_large(by: Actor) -> None:
    party, packed = made(by), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.txt", "x")
    for body in (packed.getvalue(), PDF + bytes(Paper.SIZE_MAX) + b"%%EOF"):
        with pytest.raises(filing.BadPaper):
            filing.keep("契約書.pdf", body, party=party, by=by, now=NOW)
    assert not Paper.objects.exists()


@given(st.text(max_size=400))
def test_no_name_of_a_file_leads_anywhere(name: str) -> None:
    plain = filing.plain_name(name, filing.PDF)
    assert plain.endswith(".pdf")
    assert len(plain) <= 200
    assert not set(plain) & set("/\\\0\n\r\u202e")
    assert not plain.startswith(".")


def test_a_paper_comes_back_as_it_was_and_both_ways_are_written_down(by: Actor) -> None:
    paper = filing.keep("../../etc/契約書.exe", PNG, party=made(by), by=by, now=NOW)
    assert paper.name == "契約書.png"
    assert paper.sha256 == hashlib.sha256(PNG).hexdigest()
    assert filing.hand_out(Paper.objects.get(), by=by, now=NOW) == PNG
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["party.made", "paper.kept", "paper.read"]
    Paper.objects.update(body=JPEG)
    with pytest.raises(filing.BadPaper):
        filing.hand_out(Paper.objects.get(), by=by, now=NOW)


def test_a_party_has_room_for_so_many_papers_and_so_many_bytes(
    by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    party, other = made(by), made(by, PartyFacts("body", "山の会"))
    monkeypatch.setattr(Paper, "COUNT_MAX", 2)
    for number in range(2):
        filing.keep(f"{number}.pdf", PDF, party=party, by=by, now=NOW)
    with pytest.raises(filing.BadPaper, match="2件"):
        filing.keep("3.pdf", PDF, party=party, by=by, now=NOW)
    monkeypatch.setattr(Paper, "BYTES_MAX", len(PDF) + 1)
    filing.keep("1.pdf", PDF, party=other, by=by, now=NOW)
    with pytest.raises(filing.BadPaper):
        filing.keep("2.pdf", PDF, party=other, by=by, now=NOW)
    assert Paper.objects.filter(party=party).count() == 2
    assert Paper.objects.filter(party=other).count() == 1


def test_the_register_of_subcontractors_says_what_is_missing(by: Actor) -> None:
    party = parties.make(FACTS, "partner", by=by, now=NOW)
    bad = subcontractors.Entry(["dancing"], 9, "日本", date(2026, 4, 1), date(2026, 3, 1))
    with pytest.raises(BadParty) as refusal:
        subcontractors.enter(party, bad, by=by, now=NOW)
    assert set(refusal.value.faults) == {"works", "tier", "country", "until"}
    line = subcontractors.Entry(["repair"], 1, "jp", date(2026, 4, 1), date(2027, 3, 31))
    firm = subcontractors.enter(party, line, by=by, now=NOW)
    today = date(2026, 11, 22)
    assert len(subcontractors.missing_of(firm, today)) == 2
    paper = filing.keep("秘密.pdf", PDF, party=party, by=by, now=NOW)
    signed = subcontractors.Agreement(date(2026, 4, 1), paper)
    subcontractors.file_agreements(firm, secrecy=signed, privacy=None, by=by, now=NOW)
    assert len(subcontractors.missing_of(firm, today)) == 1
    subcontractors.file_agreements(firm, secrecy=None, privacy=signed, by=by, now=NOW)
    assert subcontractors.missing_of(firm, today) == []
    assert firm.has_both_agreements
    assert subcontractors.missing_of(firm, date(2027, 4, 1))  # the work is over


def test_roles_of_the_office_change_by_an_administrator_and_one_always_stays(by: Actor) -> None:
    other = User.objects.create_staff("sora", "s" * 15, "on_duty", name="そら")
    assert by.user is not None
    with pytest.raises(staff.NotAllowed):
        staff.change_roles(by.user, ["on_duty"], by=Actor(other, None), now=NOW)
    for roles in ([], ["king"]):
        with pytest.raises(staff.NotAllowed):
            staff.change_roles(other, roles, by=by, now=NOW)
    with pytest.raises(staff.NotAllowed):
        staff.change_roles(by.user, ["on_duty"], by=by, now=NOW)
    staff.change_roles(other, ["admin", "privacy"], by=by, now=NOW)
    with pytest.raises(staff.NotAllowed):  # not even when another is there: somebody else does it
        staff.change_roles(by.user, ["on_duty"], by=by, now=NOW)
    staff.change_roles(by.user, ["on_duty"], by=Actor(other, None), now=NOW)
    by.user.refresh_from_db()
    assert by.user.staff_roles == ["on_duty"]
