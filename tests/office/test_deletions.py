"""The office's pages of deletion: plans and what went, letters, holds placed and lifted."""

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from noroshi.retention.models import DeletionNotice, DeletionPlan, Hold
from noroshi.tenants.models import AuditEntry
from tests.office.conftest import House
from tests.retention.cast import planned

REASON = "係争中（第12号）"


@pytest.fixture
def plan(house: House) -> DeletionPlan:
    """Over; made open again where a test wants it so."""
    made = planned(house.tenant, house.device, "規約", timezone.now())
    Hold.objects.all().delete()
    return DeletionPlan.objects.get(code=made["plan"])


def page_of(client: Client, name: str, *args: object) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_plans_are_listed_and_one_shows_its_months_and_its_hash(
    house: House, office: Client, plan: DeletionPlan
) -> None:
    assert "みどりの里" in page_of(office, "office-deletions")
    page = page_of(office, "office-deletion", plan.code)
    assert "0" * 64 in page
    assert "1年（規約）" in page
    answer = office.get(reverse("office-deletion-certificate", args=[plan.code]))
    assert answer.content.startswith(b"%PDF")


def test_a_letter_is_noted_for_an_open_plan(
    house: House, office: Client, plan: DeletionPlan
) -> None:
    DeletionPlan.objects.update(state="open")
    DeletionNotice.objects.all().delete()
    address = reverse("office-deletion-letter", args=[plan.code])
    office.post(address, {"note": " "})
    assert not DeletionNotice.objects.exists()
    office.post(address, {"note": "書留郵便で発送"})
    assert DeletionNotice.objects.get().note == "書留郵便で発送"
    entry = AuditEntry.objects.get(action="deletion.told")
    assert (entry.tenant, entry.user) == (house.tenant, house.staff)


def test_a_hold_is_placed_and_lifted_with_reasons_and_the_contractor_reads_neither(
    house: House, office: Client, plan: DeletionPlan
) -> None:
    DeletionPlan.objects.update(state="open")
    proved = HttpRequest()
    proved.session = office.session
    record_authentication(proved, house.staff, "password")
    proved.session.save()
    office.post(reverse("office-holds"), {"tenant": house.tenant.code, "reason": REASON})
    hold = Hold.objects.get()
    assert (hold.reason, hold.placed_by, hold.lifted_at) == (REASON, house.staff, None)
    assert "停止中" in page_of(office, "office-deletions")
    assert REASON in page_of(office, "office-holds")
    address = reverse("office-hold-lift", args=[hold.code])
    office.post(address, {"reason": ""})
    hold.refresh_from_db()
    assert hold.lifted_at is None
    office.post(address, {"reason": "和解"})
    hold.refresh_from_db()
    assert (hold.lift_reason, hold.lifted_by) == ("和解", house.staff)
    assert "停止中" not in page_of(office, "office-deletions")
    told = AuditEntry.objects.filter(action__startswith="hold.")
    assert [one.tenant for one in told] == [None, None]


def test_a_hold_without_a_contractor_or_a_reason_is_refused(
    house: House, office: Client, plan: DeletionPlan
) -> None:
    for typed in ({"tenant": "nobody", "reason": REASON}, {"tenant": house.tenant.code}):
        answer = office.post(reverse("office-holds"), typed)
        assert answer.status_code == 200
        assert "error" in answer.content.decode()
    assert not Hold.objects.exists()
