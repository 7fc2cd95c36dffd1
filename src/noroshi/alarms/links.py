"""The signed address in a mail by which its recipient acknowledges an incident, without sign-in.

Whoever holds the mail holds the link: it opens one incident, for LIFE, and only until its end. To
look changes nothing, because mail programs look at every link.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer

from noroshi.alarms.models import Incident, Recipient

LIFE = timedelta(days=7)
SALT = "noroshi.alarms.links"
TOKEN_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """What a good link says: which incident, by whose mail, for which tenant."""

    tenant_id: int
    incident: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a good link opens."""

    incident: Incident
    recipient: Recipient


def token_of(claim: Claim, *, now: datetime) -> str:
    """The last part of the address; good from `now` for LIFE."""
    text = f"{int(now.timestamp()):x}.{claim.tenant_id}.{claim.incident}.{claim.recipient}"
    return Signer(salt=SALT).sign(text)


def read(token: str, *, now: datetime) -> Claim | None:
    """The claim; None for what was not signed by this house, or is past its life."""
    if len(token) > TOKEN_CHARS_MAX:
        return None
    try:
        text = Signer(salt=SALT).unsign(token)
    except BadSignature:
        return None
    written, tenant, incident, recipient = text.split(".")
    age = now - datetime.fromtimestamp(int(written, 16), tz=now.tzinfo)
    return Claim(int(tenant), incident, recipient) if age <= LIFE else None


def held_by(claim: Claim) -> Held | None:
    """The incident and the recipient; None where one is gone, or the contractor is frozen.

    To be asked behind the door of the claim's tenant.
    """
    recipients = Recipient.objects.select_related("tenant").filter(tenant__frozen_at=None)
    recipient = recipients.filter(tenant=claim.tenant_id, code=claim.recipient).first()
    incidents = Incident.objects.select_related("device__site", "acknowledged_by")
    incident = incidents.filter(tenant=claim.tenant_id, code=claim.incident).first()
    if recipient is None or incident is None:
        return None
    return Held(incident, recipient)
