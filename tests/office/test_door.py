"""Who may come into the office: the staff, and nobody else."""

import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from noroshi.codecs.sandbox import Sandbox
from noroshi.contracts.models import Contract
from noroshi.inbox.models import Broker, Entry
from noroshi.office.urls import urlpatterns
from noroshi.outbox.models import Incoming, Message
from noroshi.retention.models import DeletionPlan
from noroshi.tenants.models import Agent, Approval, Enrolment, Paper, Party, User, Violation, Visit
from tests.factors import give_app
from tests.office.conftest import House, a_mail, fill, run, send, up

NAMES = [str(pattern.name) for pattern in urlpatterns]
POSTED = {
    "office-inbox-run-all",
    "office-entry-again",
    "office-entry-dismiss",
    "office-device-retire",
    "office-thing-release",
    "office-thing-retire",
    "office-member-state",
    "office-member-factors",
    "office-member-again",
    "office-connection-renew",
    "office-connection-open",
    "office-mail-retry",
    "office-mail-give-up",
    "office-tenant-party",
    "office-tenant-unfreeze",
    "office-incoming-close",
    "office-party-standing",
    "office-party-agent",
    "office-subcontractor-agreements",
    "office-subcontractor-person-new",
    "office-subcontractor-person-close",
    "office-deletion-letter",
    "office-hold-lift",
    "office-visit-end",
    "office-visit-enter",
    "office-agent-end",
    "office-agent-agreement",
    "office-tenant-agent",
    "office-violation-decide",
    "office-broker-try",
    "office-approval-approve",
    "office-approval-refuse",
    "office-approval-withdraw",
}


def address(name: str, house: House) -> str:
    """The page's address with an object that exists."""
    pattern: URLPattern = next(one for one in urlpatterns if one.name == name)
    noun = name.split("-")[1]
    return reverse(
        name, kwargs={key: known(key, noun, house) for key in pattern.pattern.converters}
    )


def known(key: str, noun: str, house: House) -> object:
    """What stands in an address of this noun."""
    firm = Party.objects.filter(subcontractor__isnull=False).first()
    mail, entry, line = Message.objects.first(), Entry.objects.first(), Enrolment.objects.first()
    paper, visit = Paper.objects.first(), Visit.objects.first()
    asked, incoming = Approval.objects.first(), Incoming.objects.first()
    breach, agent = Violation.objects.first(), Agent.objects.first()
    person = User.objects.filter(kind="subcontractor").first()
    plan, broker = DeletionPlan.objects.first(), Broker.objects.first()
    contract = Contract.objects.get(tenant=house.tenant)
    numbers = {
        "broker": broker and broker.pk,
        "connection": house.connection.pk, "codec": house.codec.pk, "type": house.type.pk,
        "member": house.member.pk, "mail": mail and mail.pk, "staff": house.staff.pk,
        "subcontractor": person and person.pk, "incoming": incoming and incoming.pk,
    }  # fmt: skip
    codes = {
        "tenant": house.tenant.code, "member": house.tenant.code, "device": house.device.code,
        "thing": house.device.thing.code,
        "party": firm and firm.code, "subcontractor": firm and firm.code,
        "paper": paper and paper.code, "visit": visit and visit.code, "kind": "SG",
        "deletion": plan and plan.code,
        "approval": asked and asked.code,
        "agent": agent and agent.party.code, "violation": breach and breach.code,
        "contract": contract.code,
    }  # fmt: skip
    found = {
        "number": numbers.get(noun) or 0,
        "code": codes.get(noun) or "none",
        "key": entry.key if entry else uuid.UUID(int=1),
        "line": line.code if line else "none",
        "verb": "clear" if noun == "violation" else "stop",
        "paper": contract.snapshots.get().code,
    }
    return found[key]


@pytest.fixture
def full(house: House, office_sandbox: Sandbox) -> House:
    """A house in which each list has something to show."""
    send(house, up("0101010101010101", b"\x00\x70", house.now))
    run(office_sandbox, house)
    a_mail(house, "given_up")
    fill(house)
    return house


@pytest.mark.parametrize(
    "name", ["office-home", "office-inbox", "office-devices", "office-system", "office-history"]
)
def test_an_empty_house_has_pages_too(name: str, db: None) -> None:
    kei = User.objects.create_staff("kei", "k" * 15, "admin", name="けい")
    give_app(kei)
    client = Client()
    client.force_login(kei)
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("rubbish", ["?page=x&tenant=9999999999999999999999", "?q=%7F&state=no"])
def test_nonsense_in_an_address_breaks_nothing(rubbish: str, full: House, office: Client) -> None:
    for name in NAMES:
        if name not in POSTED:
            assert office.get(address(name, full) + rubbish).status_code == 200, name
