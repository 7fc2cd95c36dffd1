"""What each role of the office may do."""

import pytest

from noroshi.tenants.duties import STRICTEST, Duty, may_change, may_read
from noroshi.tenants.models import StaffRole

ROLES = list(StaffRole)


def test_an_administrator_reads_everything() -> None:
    assert all(may_read(["admin"], duty) for duty in Duty)


def test_nobody_without_a_role_reads_or_changes_anything() -> None:
    assert not any(may_read([], duty) or may_change([], duty) for duty in Duty)
    assert not any(may_read(["stranger"], duty) for duty in Duty)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("duty", list(Duty))
def test_who_may_change_may_read(role: str, duty: Duty) -> None:
    assert may_read([role], duty) or not may_change([role], duty)


def test_the_page_that_names_no_duty_is_changed_by_administrators_only() -> None:
    assert [role for role in ROLES if may_change([role], STRICTEST)] == ["admin"]


@pytest.mark.parametrize(
    ("role", "duty", "reads", "changes"),
    [
        ("on_duty", Duty.INBOX, True, True),
        ("on_duty", Duty.VISITS, True, True),
        ("on_duty", Duty.PARTIES, False, False),
        ("on_duty", Duty.STAFF, False, False),
        ("billing", Duty.PARTIES, True, False),
        ("billing", Duty.INBOX, False, False),
        ("billing", Duty.VISITS, False, False),
        ("reviewer", Duty.PARTIES, True, True),
        ("reviewer", Duty.MAILS, False, False),
        ("privacy", Duty.MAILS, True, False),
        ("privacy", Duty.SUBCONTRACTORS, True, True),
        ("approver", Duty.SUBCONTRACTORS, True, False),
        ("admin", Duty.HISTORY, True, False),
    ],
)
def test_the_table_says_so(role: str, duty: Duty, *, reads: bool, changes: bool) -> None:
    assert (may_read([role], duty), may_change([role], duty)) == (reads, changes)
