"""Parties, tenants, people, credentials, visits, acts of intent, the audit log."""

from noroshi.tenants.models.approvals import Act, Approval
from noroshi.tenants.models.codes import new_code
from noroshi.tenants.models.credentials import (
    AddressRange,
    IssuedCredential,
    KnownDevice,
    SignIn,
)
from noroshi.tenants.models.intents import Intent, IntentDraft, IntentKind, LedgerAnchor
from noroshi.tenants.models.kinds import KindSwitch, ServiceKind, Switch, SwitchValue
from noroshi.tenants.models.log import AuditEntry
from noroshi.tenants.models.parties import Agent, Paper, Party, Subcontractor
from noroshi.tenants.models.people import Enrolment, Membership, StaffRole, Tenant, User
from noroshi.tenants.models.violations import Violation
from noroshi.tenants.models.visits import Visit, VisitView

__all__ = [
    "Act",
    "AddressRange",
    "Agent",
    "Approval",
    "AuditEntry",
    "Enrolment",
    "Intent",
    "IntentDraft",
    "IntentKind",
    "IssuedCredential",
    "KindSwitch",
    "KnownDevice",
    "LedgerAnchor",
    "Membership",
    "Paper",
    "Party",
    "ServiceKind",
    "SignIn",
    "StaffRole",
    "Subcontractor",
    "Switch",
    "SwitchValue",
    "Tenant",
    "User",
    "Violation",
    "Visit",
    "VisitView",
    "new_code",
]
