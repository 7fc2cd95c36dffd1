"""Every address of the tenants' door, with Aki's objects in it: the resolver itself is walked."""

from django.urls import reverse
from django.urls.resolvers import URLPattern

from noroshi.base.wire import micros
from noroshi.web.urls import urlpatterns
from tests.web.conftest import Cast

# Addresses that stand for the person who asks, whoever it is.
EVERYBODYS = {
    "sign-in", "sign-out", "choose-tenant", "password", "home", "home-live", "open-count",
    "devices", "incidents", "rules", "rule-new", "recipients", "recipient-new", "mails", "export",
    "export-file", "deletions", "history", "users", "user-new", "users-review", "users-freeze",
    "sign-ins",
    "sign-ins-file", "audits", "audit-new", "accesses", "acts", "privacy-contact",
    "looking", "contract",
    "violations", "policy", "why", "group-new", "recipients-lift", "shared-rule-new",
    "policy-words", "webhook-new",
}  # fmt: skip
# Of whoever holds the mail: the key is all (tests/web/test_incident_deeds.py, test_consent.py).
HOLDERS = {"incident-by-mail", "consent"}
# Addresses that belong to the visitor alone, not even to Aki (tests/web/test_visits.py).
VISITORS = {"looking-begin", "looking-end"}
# Addresses that change something when they are posted to.
CHANGING = {
    "device-downlinks", "downlink-cancel", "device-settings", "incident-acknowledge", "rule-new",
    "shared-rule-new", "shared-rule", "shared-rule-remove",
    "rule", "rule-remove", "recipient-new", "recipient", "recipient-pause", "recipient-remove",
    "user-new", "user", "user-stop", "user-start", "user-end", "users-review", "users-freeze",
    "audit-new", "audit-end", "act", "privacy-contact", "incident-take", "incident-comment",
    "incident-settle", "policy", "policy-wish", "group-new", "group", "group-remove",
    "policy-words",
    "recipients-lift", "recipient-ask", "recipient-charset", "recipient-test",
    "webhook-new", "webhook-secret",
}  # fmt: skip
# Addresses that only an administrator of the tenant may open.
MANAGING = {
    "users", "user-new", "user", "user-stop", "user-start", "user-end", "users-review",
    "users-freeze", "sign-ins", "sign-ins-file", "audits", "audit-new", "audit", "audit-end",
    "accesses", "access", "acts", "act-kept", "act-copy", "contract", "contract-pdf",
    "contract-json",
    "violations", "policy-words",
}  # fmt: skip


QUERIES = {
    "shared-rule-new": "?scope=group",
    "device-chart": "?key=temperature",
    "rule-trial": "?key=temperature&upper=1&hold_min=0",
}


def objects_of(pattern: URLPattern, cast: Cast) -> dict[str, object]:
    """What of Aki's the address names; KeyError for an address that this table forgot."""
    codes = {
        "act-for": cast.tenant.code,
        "deletion-certificate": cast.deleted,
        "label": cast.device.thing.code,
        "incident": cast.incident.code,
        "incident-acknowledge": cast.incident.code,
        "incident-take": cast.incident.code,
        "incident-comment": cast.incident.code,
        "incident-settle": cast.incident.code,
        "policy-wish": cast.recipient.code,
        "group": cast.group.code,
        "group-remove": cast.group.code,
        "recipient-ask": cast.recipient.code,
        "recipient-charset": cast.recipient.code,
        "recipient-test": cast.recipient.code,
        "webhook-secret": cast.recipient.code,
        "rule": cast.rule.code,
        "rule-remove": cast.rule.code,
        "shared-rule": cast.shared.code,
        "shared-rule-remove": cast.shared.code,
        "recipient": cast.recipient.code,
        "recipient-pause": cast.recipient.code,
        "recipient-remove": cast.recipient.code,
        "user": cast.line.code,
        "user-stop": cast.line.code,
        "user-start": cast.line.code,
        "user-end": cast.line.code,
        "audit": cast.audit.code,
        "audit-end": cast.audit.code,
        "access": cast.visit.code,
        "act": cast.draft.code,
        "act-kept": cast.intent.code,
        "act-copy": cast.intent.code,
        "contract-pdf": cast.contract.snapshots.get().code,
        "contract-json": cast.contract.snapshots.get().code,
        "looking-begin": cast.audit.code,
        "looking-end": cast.audit.code,
    }
    numbers = {"mail": cast.message.pk, "downlink-cancel": cast.downlink.pk}
    name = pattern.name or ""
    is_device = str(pattern.pattern).startswith("d/")
    known = {
        "code": cast.device.code if is_device else codes.get(name),
        "number": numbers.get(name),
        "sent_us": micros(cast.uplink.sent_at),
        "message": cast.uplink.message,
        "token": "nothing",
    }
    found = {key: known[key] for key in pattern.pattern.converters}
    assert None not in found.values(), f"tell this table what of Aki's {name} names"
    return found


def address_of(name: str, cast: Cast) -> str:
    """The address of this name with Aki's objects in it."""
    pattern = next(one for one in urlpatterns if one.name == name)
    query = QUERIES.get(name, "")
    return reverse(name, kwargs=objects_of(pattern, cast)) + query


NAMES = [one.name or "" for one in urlpatterns]
OWNED = [name for name in NAMES if name not in EVERYBODYS | VISITORS | HOLDERS]
