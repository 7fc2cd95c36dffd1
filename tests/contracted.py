"""Contractors with a contract, as the product makes them: nothing is licensed without one."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone

from noroshi.contracts.actions import Change, Sheet, amend, conclude
from noroshi.contracts.models import Amendment, Contract
from noroshi.tenants.audit import Actor
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Paper, Tenant, User

NOBODY = Actor(None, None)
LONG_AGO = date(2020, 3, 2)


def make_tenant(*, conditions: Mapping[str, str] | None = None, **facts: Any) -> Tenant:
    """A tenant whose contract licenses everything that its kind has."""
    tenant = Tenant.objects.create(**facts)
    contract_for(tenant, conditions)
    return tenant


def contract_for(tenant: Tenant, conditions: Mapping[str, str] | None = None) -> Contract:
    tenant.refresh_from_db()
    sheet = Sheet(LONG_AGO, conditions=conditions or {})
    return conclude(tenant, sheet, by=NOBODY, now=tenant.created_at)


def set_condition(tenant: Tenant, **values: str) -> Amendment:
    """From today on, by an amendment that both sides signed on paper."""
    now = timezone.now()
    staff = User.objects.filter(kind=User.Kind.STAFF).first()
    staff = staff or User.objects.create_staff("contracts", "beacon fire", "admin", name="契約係")
    change = Change(japans_day(now), "試験", conditions=values)
    contract = Contract.objects.get(tenant=tenant)
    return amend(contract, change, signed(), by=Actor(staff, None), now=now)


def signed() -> Paper:
    """A paper on file."""
    body = b"%PDF-1.7 signed"
    return Paper.objects.create(
        name="変更契約書.pdf", content_type="application/pdf", body=body, kept_at=timezone.now(),
        sha256=hashlib.sha256(body).hexdigest(),
    )  # fmt: skip
