"""Parties, papers, subcontractors and the people of the office, through the pages."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from noroshi.tenants import parties
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Agent, AuditEntry, Paper, Party, Subcontractor, User
from noroshi.tenants.parties import PartyFacts
from tests.office.conftest import PDF, House, a_firm

FACTS = {
    "standing": "applicant",
    "kind": "company",
    "name": "株式会社みどり",
    "corporate_number": "７０００-０１２０５-０００２",
    "postcode": "4600008",
    "contact_email": "soumu@example.jp",
}


def pdf(name: str = "契約書.pdf", body: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type="application/pdf")


@pytest.fixture
def party(house: House) -> Party:
    """A contractor without a corporate number."""
    by = Actor(house.staff, None)
    made = parties.make(PartyFacts("body", "山の会"), "applicant", by=by, now=house.now)
    return parties.change_standing(made, "contractor", "承諾", by=by, now=house.now)


def test_a_party_is_entered_found_and_narrowed(house: House, office: Client) -> None:
    assert office.post(reverse("office-party-new"), FACTS).status_code == 302
    made = Party.objects.get()
    assert (made.corporate_number, made.postcode) == ("7000012050002", "460-0008")
    url = reverse("office-parties")
    for query in ({"q": "みどり"}, {"q": "70000"}, {"standing": "applicant"}):
        assert made.name in office.get(url, query).content.decode()
    for query in ({"q": "ない"}, {"standing": "contractor"}, {"agents": "1"}):
        assert "あてはまる取引先はありません" in office.get(url, query).content.decode()


def test_every_fault_stands_beside_its_field_at_once(house: House, office: Client) -> None:
    bad = FACTS | {"name": "", "corporate_number": "1", "postcode": "1", "contact_email": "x"}
    said = office.post(reverse("office-party-new"), bad | {"kind": "consumer"}).content.decode()
    assert said.count('aria-invalid="true"') == 5
    assert not Party.objects.exists()


def test_a_contractors_name_needs_reason_and_paper_and_a_refusal_keeps_no_paper(
    party: Party, office: Client
) -> None:
    url = reverse("office-party-edit", args=[party.code])
    new = {"kind": "body", "name": "川の会"}
    assert "契約者の名義は" in office.post(url, new).content.decode()
    said = office.post(url, new | {"paper": pdf()}).content.decode()
    assert "契約者の名義は" in said
    assert not Paper.objects.exists()
    assert office.post(url, new | {"paper": pdf(), "reason": "改称"}).status_code == 302
    party.refresh_from_db()
    assert party.name == "川の会"
    assert Paper.objects.get().name == "契約書.pdf"


def test_a_standing_needs_a_reason(house: House, office: Client) -> None:
    office.post(reverse("office-party-new"), FACTS)
    made = Party.objects.get()
    url = reverse("office-party-standing", args=[made.code])
    assert office.post(url, {"standing": "contractor"}).status_code == 200
    assert office.post(url, {"standing": "contractor", "reason": "承諾"}).status_code == 302
    made.refresh_from_db()
    assert made.standing == "contractor"
    assert (
        "この立場には変えられません"
        in office.post(url, {"standing": "applicant", "reason": "戻す"}).content.decode()
    )


def test_a_party_becomes_an_agent(party: Party, office: Client) -> None:
    url = reverse("office-party-agent", args=[party.code])
    assert office.post(url, {"since": "2026-04-01", "until": "2026-03-01"}).status_code == 200
    assert office.post(url, {"since": "2026-04-01"}).status_code == 302
    assert Agent.objects.get().party == party
    assert party.name in office.get(reverse("office-parties"), {"agents": "1"}).content.decode()


def test_a_tenant_is_linked_to_its_party(house: House, party: Party, office: Client) -> None:
    page = reverse("office-tenant", args=[house.tenant.code])
    assert "取引先" in office.get(page).content.decode()
    url = reverse("office-tenant-party", args=[house.tenant.code])
    assert office.post(url, {"party": "no-such-party"}).status_code == 302
    office.post(url, {"party": party.code})
    house.tenant.refresh_from_db()
    assert house.tenant.party == party
    assert reverse("office-party", args=[party.code]) in office.get(page).content.decode()


def test_agreements_are_filed_with_their_papers_and_can_be_taken_out_again(
    house: House, office: Client
) -> None:
    a_firm(Actor(house.staff, None), house.now, has_agreements=False)
    firm = Subcontractor.objects.get()
    url = reverse("office-subcontractor-agreements", args=[firm.party.code])
    for half in ({"secrecy_agreed_on": "2026-04-01"}, {"secrecy_paper": pdf()}):
        assert "いっしょに届けてください" in office.post(url, half).content.decode()
    zipped = {"secrecy_agreed_on": "2026-04-01", "secrecy_paper": pdf(body=b"PK\x03\x04" + PDF)}
    assert "PDF・PNG・JPEG" in office.post(url, zipped).content.decode()
    whole = {
        "secrecy_agreed_on": "2026-04-01", "secrecy_paper": pdf("../../秘密.pdf"),
        "privacy_agreed_on": "2026-04-01", "privacy_paper": pdf("個人.pdf"),
    }  # fmt: skip
    assert office.post(url, whole).status_code == 302
    firm.refresh_from_db()
    assert firm.has_both_agreements
    assert firm.secrecy_paper is not None
    answer = office.get(reverse("office-paper", args=[firm.secrecy_paper.code]))
    assert answer.content == PDF
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert ".." not in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert AuditEntry.objects.filter(action="paper.read").count() == 1


def test_a_person_of_a_subcontractor_gets_a_link_and_is_no_staff(
    house: House, office: Client
) -> None:
    a_firm(Actor(house.staff, None), house.now)
    code = Subcontractor.objects.get().party.code
    url = reverse("office-subcontractor-person-new", args=[code])
    said = office.post(url, {"name": "守 あたる"}).content.decode()
    made = User.objects.get(name="守 あたる")
    assert (made.kind, made.staff_roles, made.state) == ("subcontractor", [], "issued")
    assert re.search(r"/begin/[\w-]{43}/", said)
    assert not re.search(
        r"/begin/", office.get(reverse("office-subcontractor", args=[code])).content.decode()
    )
    end = reverse("office-subcontractor-person-close", args=[code, made.pk])
    office.post(end)
    made.refresh_from_db()
    assert made.state == "closed"
    assert (
        office.post(
            reverse("office-subcontractor-person-close", args=[code, house.staff.pk])
        ).status_code
        == 404
    )


def test_somebody_of_the_office_is_added_and_the_last_administrator_stays(
    house: House, alone: Client
) -> None:
    new = {"login": "sora", "name": "そら", "roles": ["on_duty"], "reason": "当番"}
    assert "/begin/" in alone.post(reverse("office-staff-new"), new).content.decode()
    made = User.objects.get(login="sora")
    assert (made.kind, made.staff_roles) == ("staff", ["on_duty"])
    assert "すでに使われています" in alone.post(reverse("office-staff-new"), new).content.decode()
    one = reverse("office-staff-one", args=[made.pk])
    assert alone.post(one, {"roles": ["privacy", "billing"], "reason": "交代"}).status_code == 302
    made.refresh_from_db()
    assert made.staff_roles == ["billing", "privacy"]
    own = reverse("office-staff-one", args=[house.staff.pk])
    assert (
        "自分の管理者の役割は外せません"
        in alone.post(own, {"roles": ["on_duty"], "reason": "当番"}).content.decode()
    )
    house.staff.refresh_from_db()
    assert house.staff.staff_roles == ["admin"]
