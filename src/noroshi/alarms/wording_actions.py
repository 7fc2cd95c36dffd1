"""What people decide about their own sentences in the mails; each change is written down."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from noroshi.alarms.models import Event, Wording
from noroshi.alarms.wording import BadWording, cleaned
from noroshi.tenants.audit import Actor, record
from noroshi.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Words:
    """What stands before and after the text of one kind of mail; empty = nothing."""

    before: str = ""
    after: str = ""


NONE = Words()


def words_of(tenant: Tenant) -> dict[str, Words]:
    """Event → the contractor's own sentences, of every event."""
    rows = Wording.objects.filter(tenant=tenant)
    found = {row.event: Words(row.before, row.after) for row in rows}
    return {event: found.get(event, NONE) for event in Event.values}


@transaction.atomic
def set_words(wanted: Mapping[str, Words], *, by: Actor, now: datetime) -> None:
    """Use these from the next mail on. Raises BadWording."""
    if by.tenant is None:
        raise BadWording(_("契約者を選んでください。"))
    if not set(wanted) <= set(Event.values):
        raise BadWording(_("知らせの種類を選んでください。"))
    Tenant.objects.select_for_update(no_key=True).get(pk=by.tenant.pk)  # one after the other
    known = words_of(by.tenant)
    new = {
        event: Words(cleaned(words.before), cleaned(words.after)) for event, words in wanted.items()
    }
    changed = {event: words for event, words in new.items() if words != known[event]}
    for event, words in changed.items():
        Wording.objects.update_or_create(tenant=by.tenant, event=event, defaults=asdict(words))
    if changed:
        told = {
            "before": {event: asdict(known[event]) for event in changed},
            "after": {event: asdict(words) for event, words in changed.items()},
        }
        record(by, "wording.changed", _("メールに添える文"), now=now, details=told)
