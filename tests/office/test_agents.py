"""Agents: registered, with agreement and contractors, ended; never anybody who looks."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from noroshi.tenants import parties
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Agent, AuditEntry, Tenant, User
from noroshi.tenants.parties import PartyFacts
from tests.office.conftest import PDF, House


@pytest.fixture
def agent(house: House, office: Client) -> Agent:
    """A seller, registered on its party's page."""
    facts = PartyFacts("company", "株式会社うりて", corporate_number="7000012050002")
    party = parties.make(facts, "partner", by=Actor(house.staff, None), now=house.now)
    since = (house.now - timedelta(days=30)).date().isoformat()
    office.post(reverse("office-party-agent", args=[party.code]), {"since": since})
    return Agent.objects.get()


def test_a_contractor_names_its_agent_and_the_agent_shows_its_contractors(
    house: House, office: Client, agent: Agent
) -> None:
    url = reverse("office-tenant-agent", args=[house.tenant.code])
    office.post(url, {"agent": agent.party.code})
    assert Tenant.objects.get(pk=house.tenant.pk).agent == agent
    assert (
        "みどりの里"
        in office.get(reverse("office-agent", args=[agent.party.code])).content.decode()
    )
    assert "株式会社うりて" in office.get(reverse("office-agents")).content.decode()
    entry = AuditEntry.objects.get(action="tenant.agent_named")
    assert (entry.tenant, entry.details["after"]) == (house.tenant, {"agent": "株式会社うりて"})
    office.post(url, {"agent": "nobody"})
    assert Tenant.objects.get(pk=house.tenant.pk).agent == agent
    office.post(url, {"agent": ""})
    assert Tenant.objects.get(pk=house.tenant.pk).agent is None


def test_an_agreement_is_filed_with_its_paper(house: House, office: Client, agent: Agent) -> None:
    url = reverse("office-agent-agreement", args=[agent.party.code])
    assert office.post(url, {"agreed_on": "2026-04-01"}).status_code == 200
    file = SimpleUploadedFile("代理店契約.pdf", PDF, content_type="application/pdf")
    assert office.post(url, {"agreed_on": "2026-04-01", "paper": file}).status_code == 302
    agent.refresh_from_db()
    assert agent.paper is not None
    assert agent.paper.party == agent.party
    assert (
        "代理店契約.pdf"
        in office.get(reverse("office-agent", args=[agent.party.code])).content.decode()
    )


def test_an_ended_agent_keeps_its_contractors_and_gets_no_new_one(
    house: House, office: Client, agent: Agent
) -> None:
    named = reverse("office-tenant-agent", args=[house.tenant.code])
    office.post(named, {"agent": agent.party.code})
    end = reverse("office-agent-end", args=[agent.party.code])
    day = (house.now - timedelta(days=2)).date().isoformat()
    assert office.post(end, {"last_day": day, "reason": " "}).status_code == 200
    office.post(end, {"last_day": day, "reason": "契約の満了"})
    assert "販売していません" in office.get(reverse("office-agents")).content.decode()
    assert Tenant.objects.get(pk=house.tenant.pk).agent == agent
    office.post(named, {"agent": ""})
    office.post(named, {"agent": agent.party.code})
    assert Tenant.objects.get(pk=house.tenant.pk).agent is None


def test_no_account_can_be_an_agents() -> None:
    kinds = {str(value) for value in User.Kind.values}
    assert kinds == {"person", "audit", "subcontractor", "staff"}
    assert not any(field.related_model is Agent for field in User._meta.get_fields())
