"""Why did this recipient get a mail about this device at that time, or none? From the ledger only.

Each notice says what was decided about one recipient and one event; the outbox says what became of
its mail. Where there is no notice, the rules, the incidents and the uplinks say why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q, QuerySet

from noroshi.alarms.models import (
    Incident,
    Notice,
    OutageNotice,
    OutageTenant,
    Recipient,
    Rule,
    RuleState,
)
from noroshi.devices.models import Device
from noroshi.outbox.ledger import Mail
from noroshi.outbox.lookup import by_message_ids
from noroshi.readings.models import StoredUplink

AROUND = timedelta(hours=1)
NOTICES_MAX = 50


class Cause(StrEnum):
    """The one reason; those of a notice are its own (see Told)."""

    TOLD = "told"  # there are notices: each has its own story
    NOT_AMONG_THEM = "not_among_them"  # an alarm, but this one is no recipient of it
    CAME_LATER = "came_later"  # an alarm from before the recipient was registered
    BEFORE_NOTICES = "before_notices"  # an alarm from before notices were kept
    IN_OUTAGE = "in_outage"  # its network was out: told as one outage, not for each device
    NO_RULE = "no_rule"
    RULES_REST = "rules_rest"
    NOT_IN_RULES = "not_in_rules"
    NOTHING_HEARD = "nothing_heard"
    LATE = "late"  # late readings are kept and not judged
    NOT_LONG_ENOUGH = "not_long_enough"
    WITHIN_LIMITS = "within_limits"


@dataclass(frozen=True, slots=True)
class Told:
    """One notice and its mail; None = none was written, or it is past its time."""

    notice: Notice | OutageNotice
    mail: Mail | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The cause, the incident that it is about (None = none), and the notices, oldest first."""

    cause: Cause
    incident: Incident | None = None
    told: Sequence[Told] = ()


def why(device: Device, recipient: Recipient, at: datetime) -> Answer:
    """The one true reason, for the hour before and after `at`; behind the tenant's door."""
    notices = _notices_around(device.pk, recipient.pk, at)
    if notices:
        return Answer(Cause.TOLD, notices[-1].incident, with_mails(notices))
    incident = _incident_around(device, at)
    if incident is not None:
        return Answer(_of_incident(incident, recipient), incident)
    in_outage = _outages_around([device], at).values("outage")
    if in_outage and not _uplinks_around(device, at).exists():
        told = OutageNotice.objects.filter(outage__in=in_outage, recipient=recipient)
        return Answer(Cause.IN_OUTAGE, None, with_mails(list(told.order_by("decided_at", "pk"))))
    return Answer(_of_rules(device, recipient, at))


def told_to(address: str, devices: Sequence[Device], at: datetime) -> list[Told]:
    """What was decided in that hour about any of the devices, or an outage that they were in.

    For the office: by the ledger alone, and only for who knows the address.
    """
    about = Notice.objects.filter(_around(at), device__in=devices, address__iexact=address)
    rows: list[Notice | OutageNotice] = [*about.order_by("decided_at", "pk")[:NOTICES_MAX]]
    for one in _outages_around(devices, at)[:NOTICES_MAX]:
        own = OutageNotice.objects.filter(outage=one.outage_id, tenant=one.tenant_id)
        rows += own.filter(address__iexact=address).order_by("decided_at", "pk")[:NOTICES_MAX]
    return with_mails(sorted(rows, key=lambda one: one.decided_at))


def _notices_around(device_id: int, recipient_id: int, at: datetime) -> list[Notice]:
    """What was decided in the hour before and after; else about what was going on then."""
    found = Notice.objects.filter(device=device_id, recipient=recipient_id)
    near = found.filter(_around(at))
    rows = list(near.order_by("decided_at", "pk")[:NOTICES_MAX])
    if not rows:
        before = found.filter(decided_at__lte=at).order_by("-decided_at", "-pk").first()
        if before is None or before.event == "recovered":
            return []
        rows = [before]
    return rows


def notices_of(incident: Incident) -> list[Told]:
    """Everything decided about one incident, oldest first."""
    return with_mails(list(incident.notices.order_by("decided_at", "pk")[: NOTICES_MAX * 20]))


def with_mails(notices: Sequence[Notice | OutageNotice]) -> list[Told]:
    """Each notice with its mail. One query."""
    mails = by_message_ids({one.message_id for one in notices if one.message_id})
    return [Told(one, mails.get(one.message_id)) for one in notices]


def _around(at: datetime) -> Q:
    near = (at - AROUND, at + AROUND)
    return Q(decided_at__range=near) | Q(posted_at__range=near)


def _outages_around(devices: Sequence[Device], at: datetime) -> QuerySet[OutageTenant]:
    """The outages that the contractors of the devices were in then, in the devices' networks."""
    places = Q(pk=None)
    for tenant, space in sorted({(one.tenant_id, one.space) for one in devices}):
        places |= Q(tenant=tenant, space=space)
    going_on = Q(ended_at=None) | Q(ended_at__gte=at - AROUND)
    return OutageTenant.objects.filter(places, going_on, began_at__lte=at + AROUND)


def _uplinks_around(device: Device, at: datetime) -> QuerySet[StoredUplink]:
    near = (at - AROUND, at + AROUND)
    return StoredUplink.objects.filter(device_id=device.pk, sent_at__range=near)


def _incident_around(device: Device, at: datetime) -> Incident | None:
    going_on = Q(closed_at=None) | Q(closed_at__gte=at - AROUND)
    found = Incident.objects.filter(going_on, device=device, opened_at__lte=at + AROUND)
    return found.order_by("-opened_at").first()


def _of_incident(incident: Incident, recipient: Recipient) -> Cause:
    if recipient.created_at > incident.opened_at:
        return Cause.CAME_LATER
    if incident.notices.exists():
        return Cause.NOT_AMONG_THEM
    is_told = incident.rule is not None and incident.rule.recipients.filter(pk=recipient.pk)
    return Cause.BEFORE_NOTICES if is_told else Cause.NOT_AMONG_THEM


def _of_rules(device: Device, recipient: Recipient, at: datetime) -> Cause:
    rules = list(Rule.objects.filter(device=device))
    if not rules:
        return Cause.NO_RULE
    active = [rule for rule in rules if rule.is_active]
    if not active:
        return Cause.RULES_REST
    late = set(_uplinks_around(device, at).values_list("is_late", flat=True))
    if not late:
        return Cause.NOTHING_HEARD
    if late == {True}:
        return Cause.LATE
    pending = RuleState.objects.filter(rule__in=active, phase="pending", since__lte=at + AROUND)
    if pending.exists():
        return Cause.NOT_LONG_ENOUGH
    if not recipient.rules.filter(device=device).exists():
        return Cause.NOT_IN_RULES
    return Cause.WITHIN_LIMITS
