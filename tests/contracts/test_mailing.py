"""To whom mails about alarms may go: the kind has them, and the contract in force licenses them."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from noroshi.contracts.actions import Sheet, conclude
from noroshi.contracts.effective import licensed_of
from noroshi.contracts.items import Item
from noroshi.contracts.mailing import with_mail
from noroshi.tenants.models import KindSwitch, Tenant
from tests.contracted import LONG_AGO, NOBODY

DAY = date(2026, 11, 22)


@pytest.fixture
def tenant(db: None) -> Tenant:
    made = Tenant.objects.create(name="米野木青果", created_at=timezone.now())
    made.refresh_from_db()
    return made


def contract(tenant: Tenant, *, until: date | None = None, items: set[Item] | None = None) -> None:
    sheet = Sheet(LONG_AGO, until_day=until, items=items)
    conclude(tenant, sheet, by=NOBODY, now=tenant.created_at)


def test_without_a_contract_there_are_no_mails(tenant: Tenant) -> None:
    assert with_mail([tenant.pk], DAY) == frozenset()
    contract(tenant)
    assert with_mail([tenant.pk], DAY) == {tenant.pk}
    assert with_mail([tenant.pk], LONG_AGO - timedelta(days=1)) == frozenset()
    assert with_mail([], DAY) == frozenset()


def test_a_contract_that_does_not_license_mails_has_none(tenant: Tenant) -> None:
    contract(tenant, items={Item.DATA})
    assert with_mail([tenant.pk], DAY) == frozenset()


def test_mails_end_with_the_contract(tenant: Tenant) -> None:
    contract(tenant, until=DAY)
    assert with_mail([tenant.pk], DAY - timedelta(days=1)) == {tenant.pk}
    assert with_mail([tenant.pk], DAY) == frozenset()
    for day in (DAY - timedelta(days=1), DAY):  # as the doors of the pages see it
        is_open = Item.MAIL in licensed_of(tenant.pk, day)
        assert is_open == (with_mail([tenant.pk], day) == {tenant.pk})


def test_a_kind_that_loses_its_mails_takes_them_from_the_day_on(tenant: Tenant) -> None:
    contract(tenant)
    KindSwitch.objects.create(
        kind=tenant.kind, switch="has_mail", value="no", since=DAY, reason="試験",
        at=timezone.now(),
    )  # fmt: skip
    assert with_mail([tenant.pk], DAY - timedelta(days=1)) == {tenant.pk}
    assert with_mail([tenant.pk], DAY) == frozenset()
