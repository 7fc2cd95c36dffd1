"""The office opens a frozen tenant again, and only with a word on how the asker was known."""

import pytest
from django.test import Client

from noroshi.office.actions import save_tenant
from noroshi.tenants import register
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Tenant
from tests.office.conftest import House


@pytest.fixture
def frozen(house: House, alone: Client) -> str:
    """The tenant is frozen; the address that opens it again."""
    register.freeze_all(house.tenant, by=Actor(house.user, house.tenant), now=house.now)
    return f"/office/tenants/{house.tenant.code}/"


def is_frozen(house: House) -> bool:
    return Tenant.objects.get(pk=house.tenant.pk).frozen_at is not None


def test_the_office_sees_the_freeze_and_lifts_it_with_a_reason(
    house: House, office: Client, frozen: str
) -> None:
    assert "全アカウント緊急停止中" in office.get(frozen).content.decode()
    office.post(f"{frozen}unfreeze/", {"reason": " "})
    assert is_frozen(house)
    office.post(f"{frozen}unfreeze/", {"reason": "折り返しの電話で緑川さんと確認"})
    assert not is_frozen(house)
    entry = AuditEntry.objects.get(action="tenant.unfrozen")
    assert (entry.user, entry.tenant) == (house.staff, house.tenant)
    assert "折り返し" in entry.details["reason"]
    assert "全アカウント緊急停止中" not in office.get(frozen).content.decode()
    user = Client()
    user.force_login(house.user)
    assert user.get("/").status_code == 200


def test_nobody_else_lifts_a_freeze(house: House, frozen: str) -> None:
    user = Client()
    user.force_login(house.user)
    assert user.post(f"{frozen}unfreeze/", {"reason": "x"}).status_code == 404
    house.staff.staff_roles = ["billing"]
    house.staff.save()
    clerk = Client()
    clerk.force_login(house.staff)
    assert clerk.post(f"{frozen}unfreeze/", {"reason": "x"}).status_code == 403
    assert is_frozen(house)


def test_facts_saved_by_the_office_at_the_same_time_leave_the_freeze(house: House) -> None:
    old = Tenant.objects.get(pk=house.tenant.pk)
    register.freeze_all(house.tenant, by=Actor(house.user, house.tenant), now=house.now)
    old.name = "みどりの里（新）"
    save_tenant(old, by=house.staff, now=house.now)
    known = Tenant.objects.get(pk=house.tenant.pk)
    assert (known.name, known.frozen_at) == ("みどりの里（新）", house.now)
