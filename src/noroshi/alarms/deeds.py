"""What people do with an incident: each deed is kept for its course, and in the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext as _

from noroshi.alarms.models import Deed, Incident, Recipient, Rule
from noroshi.tenants.audit import Actor, record
from noroshi.tenants.models import Tenant

TEXT_CHARS_MAX = 500
COMMENTS_MAX = 200  # of one incident


class BadDeed(ValueError):
    """It cannot be done so; the message is for the person who tried."""


class Standing(StrEnum):
    """How far an incident is looked after; in this order."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    TAKEN = "taken"
    RECOVERED = "recovered"  # the value is back
    ENDED = "ended"  # by itself: nobody watches any more, nothing recovered
    SETTLED = "settled"  # closed by a person, with a reason


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does it: a member who is signed in, or a recipient by the link of a mail."""

    tenant: Tenant
    actor: Actor
    name: str
    recipient: Recipient | None = None

    @classmethod
    def member(cls, actor: Actor) -> "Doer":
        """Somebody signed in; the actor has user and tenant."""
        if actor.user is None or actor.tenant is None:
            raise BadDeed(_("契約者を選んでください。"))
        return cls(actor.tenant, actor, actor.user.name)

    @classmethod
    def by_mail(cls, recipient: Recipient) -> "Doer":
        """Whoever holds the link that was mailed to the recipient."""
        return cls(recipient.tenant, Actor(None, recipient.tenant), recipient.name, recipient)


def standing_of(incident: Incident) -> Standing:
    """The furthest step that it has come to."""
    if incident.settled_at is not None:
        return Standing.SETTLED
    if incident.closed_at is not None:
        is_back = incident.closed_value is not None
        return Standing.RECOVERED if is_back else Standing.ENDED
    if incident.taken_at is not None:
        return Standing.TAKEN
    return Standing.OPEN if incident.acknowledged_at is None else Standing.ACKNOWLEDGED


@transaction.atomic
def acknowledge(incident: Incident, doer: Doer, *, now: datetime) -> bool:
    """Say that somebody has seen it; False when somebody did before: the first one stands."""
    fresh = Incident.objects.filter(pk=incident.pk, acknowledged_at=None)
    named = {"acknowledged_by": doer.actor.user, "acknowledged_name": doer.name}
    if not fresh.update(acknowledged_at=now, **named):
        return False
    _note(incident, doer, Deed.Kind.ACKNOWLEDGED, now=now)
    return True


@transaction.atomic
def take(incident: Incident, doer: Doer, *, now: datetime) -> None:
    """Say that one looks after it oneself; takes it over from whoever did, and acknowledges."""
    known = _still_open(incident)
    if known.taken_at is not None and known.taken_name == doer.name:
        return
    acknowledge(known, doer, now=now)
    named = {"taken_by": doer.actor.user, "taken_name": doer.name}
    Incident.objects.filter(pk=known.pk).update(taken_at=now, **named)
    _note(known, doer, Deed.Kind.TAKEN, now=now)


@transaction.atomic
def comment(incident: Incident, text: str, doer: Doer, *, now: datetime) -> Deed:
    """Write a line into its course; also after its end. Raises BadDeed."""
    written = _clean(text)
    if not written:
        raise BadDeed(_("書き込む内容を入れてください。"))
    if Deed.objects.filter(incident=incident).count() >= COMMENTS_MAX:
        raise BadDeed(_("一つの警報への書き込みは%(n)d件までです。") % {"n": COMMENTS_MAX})
    return _note(incident, doer, Deed.Kind.COMMENTED, written, now=now)


@transaction.atomic
def settle(incident: Incident, reason: str, text: str, doer: Doer, *, now: datetime) -> None:
    """Close it with a reason. One that is still open ends too: nobody is told of it any more,
    and the next incident begins when the value was back and broke its limit again. Raises BadDeed.
    """
    if reason not in Incident.Reason.values:
        raise BadDeed(_("理由を選んでください。"))
    if incident.rule_id is not None:
        # The spine writes open incidents while it holds the rule: this waits for it.
        Rule.objects.select_for_update(no_key=True).filter(pk=incident.rule_id).first()
    known = Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)
    if known.settled_at is not None:
        raise BadDeed(_("この警報は、もう終わりにしてあります。"))
    known.settled_at, known.settled_by, known.reason = now, doer.actor.user, reason
    known.closed_at = known.closed_at or now
    known.save(update_fields=["settled_at", "settled_by", "reason", "closed_at"])
    _note(known, doer, Deed.Kind.SETTLED, _clean(text), now=now)


def course_of(incident: Incident) -> list[Deed]:
    """Everything that people did with it, oldest first."""
    return list(Deed.objects.filter(incident=incident).order_by("at", "pk"))


def last_notes(incident_ids: Sequence[int]) -> dict[int, str]:
    """What was written last into each of these incidents, its first line. One query."""
    written = Deed.objects.filter(incident__in=incident_ids).exclude(text="")
    newest = written.order_by("incident", "-at", "-pk").distinct("incident")
    return {pk: text.split("\n")[0] for pk, text in newest.values_list("incident", "text")}


def _still_open(incident: Incident) -> Incident:
    known = Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)
    if known.closed_at is not None:
        raise BadDeed(_("この警報は、もう終わっています。"))
    return known


def _note(
    incident: Incident, doer: Doer, kind: Deed.Kind, text: str = "", *, now: datetime
) -> Deed:
    """The deed in the incident's course, and in the audit log."""
    made = Deed.objects.create(
        tenant_id=incident.tenant_id,
        incident=incident,
        at=now,
        kind=kind,
        user=doer.actor.user,
        name=doer.name,
        by_mail=doer.recipient is not None,
        text=text,
    )
    told: dict[str, object] = {"incident": incident.code}
    if text:
        told["text"] = text
    if doer.recipient is not None:
        told["by_mail_link_of"] = f"{doer.recipient.name} ({doer.recipient.code})"
    record(doer.actor, f"incident.{kind}", incident.device, now=now, details=told)
    return made


def _clean(text: str) -> str:
    written = "\n".join(line.rstrip() for line in text.replace("\0", "").strip().splitlines())
    if len(written) > TEXT_CHARS_MAX:
        raise BadDeed(_("%(n)d文字までで入れてください。") % {"n": TEXT_CHARS_MAX})
    return written
