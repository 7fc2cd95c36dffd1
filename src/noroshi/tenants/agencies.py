"""Agents (代理店): their agreement and end, and which contractors they brought."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Agent, Paper, Tenant
from noroshi.tenants.parties import REASON_CHARS_MAX, NotAllowed, of_party
from noroshi.tenants.review import japans_day


def register() -> QuerySet[Agent]:
    """Every agent with the number of contractors it brought, by name."""
    rows = Agent.objects.select_related("party", "paper")
    return rows.annotate(brought=Count("tenants")).order_by("party__name", "pk")


def is_selling(agent: Agent, today: date) -> bool:
    """Whether it sells for the provider that day, the last day included."""
    return agent.since <= today and (agent.until is None or today <= agent.until)


@transaction.atomic
def end(agent: Agent, last_day: date, reason: str, *, by: Actor, now: datetime) -> None:
    """Let it sell until that day and no longer; the contractors it brought stay. Raises
    NotAllowed.
    """
    held = Agent.objects.select_for_update(of=("self",)).select_related("party").get(pk=agent.pk)
    why = reason.strip()[:REASON_CHARS_MAX]
    if not why:
        raise NotAllowed(_("理由を書いてください。"))
    if last_day < held.since:
        raise NotAllowed(_("終了日は開始日より後にしてください。"))
    before = held.until.isoformat() if held.until else ""
    held.until = last_day
    held.save(update_fields=["until"])
    details = {
        "before": {"until": before},
        "after": {"until": last_day.isoformat(), "reason": why},
    }
    audit.record(of_party(by, held.party), "agent.ended", held, now=now, details=details)


@transaction.atomic
def file_agreement(
    agent: Agent, agreed_on: date, paper: Paper, *, by: Actor, now: datetime
) -> None:
    """Write the day and the paper of the agency agreement."""
    agent.agreed_on, agent.paper = agreed_on, paper
    agent.save(update_fields=["agreed_on", "paper"])
    details = {"agreed_on": agreed_on.isoformat(), "sha256": paper.sha256}
    audit.record(by, "agent.agreed", agent, now=now, details=details)


@transaction.atomic
def name_for(tenant: Tenant, agent: Agent | None, *, by: Actor, now: datetime) -> bool:
    """Say which agent brought the contractor, or none; False when it was so. Raises NotAllowed."""
    held = Tenant.objects.select_for_update(of=("self",), no_key=True).get(pk=tenant.pk)
    if held.agent_id == (agent.pk if agent else None):
        return False
    if agent is not None and not is_selling(agent, japans_day(now)):
        raise NotAllowed(_("この代理店は、いまは販売していません。"))
    if agent is not None and agent.party_id == held.party_id:
        raise NotAllowed(_("自分自身を代理店にはできません。"))
    before, held.agent = str(held.agent or ""), agent
    held.save(update_fields=["agent"])
    details = {"before": {"agent": before}, "after": {"agent": str(agent or "")}}
    audit.record(Actor(by.user, held), "tenant.agent_named", held, now=now, details=details)
    return True
