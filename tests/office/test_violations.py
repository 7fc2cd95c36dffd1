"""The office's register of breaches, and what the contractor's administrator sees of it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from noroshi.tenants import parties
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Approval, Enrolment, Violation
from noroshi.tenants.parties import PartyFacts
from tests.office.conftest import PDF, House, prove


@pytest.fixture
def line(house: House) -> Enrolment:
    """Aki's line of the register."""
    return Enrolment.objects.create(
        tenant=house.tenant, name="緑川 あき", affiliation="employee", role="admin",
        named_at=house.now, membership=house.member,
    )  # fmt: skip


def typed(house: House, line: Enrolment, **more: object) -> dict[str, object]:
    plain = {
        "enrolment": line.code, "clause": "第10条第1項(2)", "what": "画面の写しを転載した",
        "found_on": house.now.date().isoformat(), "evidence": "掲示板の写し",
    }  # fmt: skip
    return plain | more


def written(house: House, client: Client, line: Enrolment, **more: object) -> Violation:
    url = reverse("office-tenant-violation", args=[house.tenant.code])
    assert client.post(url, typed(house, line, **more)).status_code == 302
    return Violation.objects.get()


def decide(client: Client, found: Violation, verb: str, **told: object) -> None:
    client.post(reverse("office-violation-decide", args=[found.code, verb]), told)


def test_a_breach_is_written_down_confirmed_shown_to_the_administrator_and_the_user_stopped(
    house: House, office: Client, line: Enrolment
) -> None:
    found = written(house, prove(office, house.staff), line)
    aki = Client(headers={"accept-language": "ja"})
    aki.force_login(house.user)
    assert "転載した" not in aki.get(reverse("violations")).content.decode()
    decide(office, found, "confirm")
    said = aki.get(reverse("violations")).content.decode()
    assert "転載した" in said
    assert "第10条第1項(2)" in said
    assert "掲示板の写し" not in said
    assert reverse("user-stop", args=[line.code]) in said
    listed = office.get(reverse("office-violations") + f"?tenant={house.tenant.code}")
    assert "緑川 あき" in listed.content.decode()
    decide(office, found, "close", reason="削除を確かめた")
    found.refresh_from_db()
    assert (found.state, found.closing) == ("closed", "削除を確かめた")


def test_one_that_suspends_is_confirmed_by_two(
    house: House, office: Client, approver: Client, line: Enrolment
) -> None:
    found = written(house, prove(office, house.staff), line, suspends="on")
    decide(office, found, "confirm", reason="何度も注意した")
    found.refresh_from_db()
    assert found.state == "open"
    asked = Approval.objects.get()
    assert "緑川 あき" in asked.text
    page = office.get(reverse("office-violation", args=[found.code])).content.decode()
    assert reverse("office-approval", args=[asked.code]) in page
    assert "/confirm/" not in page
    decide(office, found, "confirm", reason="もう一度")
    assert Approval.objects.count() == 1
    approver.post(reverse("office-approval-approve", args=[asked.code]))
    found.refresh_from_db()
    assert (found.state, found.decided_by) == ("confirmed", house.staff)


def test_evidence_on_paper_needs_a_party_to_be_filed_with(
    house: House, office: Client, line: Enrolment
) -> None:
    url = reverse("office-tenant-violation", args=[house.tenant.code])
    file = SimpleUploadedFile("写し.pdf", PDF, content_type="application/pdf")
    said = office.post(url, typed(house, line, paper=file)).content.decode()
    assert "先に契約者を取引先に結び付けて" in said
    assert not Violation.objects.exists()
    by = Actor(house.staff, None)
    party = parties.make(PartyFacts("body", "みどりの里"), "applicant", by=by, now=house.now)
    parties.change_standing(party, "contractor", "契約", by=by, now=house.now)
    parties.link(house.tenant, party, by=by, now=house.now)
    file.seek(0)
    found = written(house, office, line, paper=file)
    assert found.paper is not None
    assert found.paper.party == party
    page = office.get(reverse("office-violation", args=[found.code])).content.decode()
    assert reverse("office-paper", args=[found.paper.code]) in page


def test_who_reads_only_is_shown_no_form(house: House, office: Client, line: Enrolment) -> None:
    found = written(house, prove(office, house.staff), line)
    house.staff.staff_roles = ["privacy"]
    house.staff.save()
    assert (
        "違反なしとする"
        not in office.get(reverse("office-violation", args=[found.code])).content.decode()
    )
    url = reverse("office-tenant-violation", args=[house.tenant.code])
    assert "記録できません" in office.get(url).content.decode()
    assert office.post(url, typed(house, line)).status_code == 403
