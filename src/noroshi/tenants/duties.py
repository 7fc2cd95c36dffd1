"""What each role of the office may read and change: a closed list, asked at every door."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from noroshi.tenants.models.people import StaffRole

ADMIN, REVIEWER, APPROVER = StaffRole.ADMIN, StaffRole.REVIEWER, StaffRole.APPROVER
BILLING, PRIVACY, ON_DUTY = StaffRole.BILLING, StaffRole.PRIVACY, StaffRole.ON_DUTY
EVERYBODY = frozenset(StaffRole)


class Duty(StrEnum):
    """One kind of work of the office; every page of that door names its own."""

    HOME = "home"
    DEVICES = "devices"
    TYPES = "types"
    CONNECTIONS = "connections"
    INBOX = "inbox"
    CODECS = "codecs"
    MAILS = "mails"
    SYSTEM = "system"
    TENANTS = "tenants"
    KINDS = "kinds"
    CONTRACTS = "contracts"
    ACCOUNTS = "accounts"
    PARTIES = "parties"
    STAFF = "staff"
    APPROVALS = "approvals"
    APPROVING = "approving"
    VIOLATIONS = "violations"
    SUBCONTRACTORS = "subcontractors"
    VISITS = "visits"
    HISTORY = "history"
    DELETIONS = "deletions"


STRICTEST = Duty.STAFF  # the duty of a page that names none

_OPERATION = frozenset({ADMIN, ON_DUTY})
_CONTRACTS = frozenset({ADMIN, REVIEWER, APPROVER, BILLING, PRIVACY, ON_DUTY})
_READ: Mapping[Duty, frozenset[StaffRole]] = {
    Duty.HOME: EVERYBODY,
    Duty.DEVICES: frozenset({ADMIN, REVIEWER, APPROVER, ON_DUTY}),
    Duty.TYPES: _OPERATION,
    Duty.CONNECTIONS: _OPERATION,
    Duty.INBOX: _OPERATION,
    Duty.CODECS: _OPERATION,
    Duty.MAILS: frozenset({ADMIN, PRIVACY, ON_DUTY}),
    Duty.SYSTEM: _OPERATION,
    Duty.TENANTS: _CONTRACTS,
    Duty.KINDS: _CONTRACTS,
    Duty.CONTRACTS: _CONTRACTS,
    Duty.ACCOUNTS: frozenset({ADMIN, REVIEWER, APPROVER, ON_DUTY}),
    Duty.PARTIES: _CONTRACTS - {ON_DUTY},
    Duty.STAFF: frozenset({ADMIN, PRIVACY}),
    Duty.APPROVALS: _CONTRACTS,
    Duty.APPROVING: frozenset({ADMIN, APPROVER}),
    Duty.VIOLATIONS: _CONTRACTS - {BILLING},
    Duty.SUBCONTRACTORS: frozenset({ADMIN, APPROVER, PRIVACY}),
    Duty.VISITS: frozenset({ADMIN, PRIVACY, ON_DUTY}),
    Duty.HISTORY: frozenset({ADMIN, APPROVER, PRIVACY, ON_DUTY}),
    Duty.DELETIONS: frozenset({ADMIN, APPROVER, PRIVACY, ON_DUTY}),
}
_CHANGE: Mapping[Duty, frozenset[StaffRole]] = {
    Duty.HOME: frozenset(),
    Duty.DEVICES: _OPERATION,
    Duty.TYPES: _OPERATION,
    Duty.CONNECTIONS: _OPERATION,
    Duty.INBOX: _OPERATION,
    Duty.CODECS: _OPERATION,
    Duty.MAILS: _OPERATION,
    Duty.SYSTEM: frozenset({ADMIN}),
    Duty.TENANTS: frozenset({ADMIN, REVIEWER, APPROVER}),
    Duty.KINDS: frozenset({ADMIN}),
    Duty.CONTRACTS: frozenset({ADMIN, REVIEWER, APPROVER}),
    Duty.ACCOUNTS: frozenset({ADMIN, REVIEWER}),
    Duty.PARTIES: frozenset({ADMIN, REVIEWER, APPROVER}),
    Duty.STAFF: frozenset({ADMIN}),
    # Whoever may ask may take back; who may decide is a duty of its own.
    Duty.APPROVALS: _CONTRACTS - {BILLING},
    Duty.APPROVING: frozenset({APPROVER}),
    Duty.VIOLATIONS: frozenset({ADMIN, REVIEWER, APPROVER}),
    Duty.SUBCONTRACTORS: frozenset({ADMIN, PRIVACY}),
    Duty.VISITS: frozenset({ADMIN, PRIVACY, ON_DUTY}),
    Duty.HISTORY: frozenset(),
    Duty.DELETIONS: frozenset({ADMIN, PRIVACY}),
}


def may_read(roles: Iterable[str], duty: Duty) -> bool:
    """Whether a person of the office with these roles may open pages of the duty."""
    return not _READ[duty].isdisjoint(roles)


def may_change(roles: Iterable[str], duty: Duty) -> bool:
    """Whether such a person may change what the duty is about; then it may be read, too."""
    return not _CHANGE[duty].isdisjoint(roles)
