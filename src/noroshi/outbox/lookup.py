"""Mails by their own ids, for rooms that note which mail told something."""

from collections.abc import Collection

from noroshi.outbox.ledger import Mail, mail_of
from noroshi.outbox.models import Message


def by_message_ids(message_ids: Collection[str]) -> dict[str, Mail]:
    """The mails that are still kept, by message id. At most one query."""
    if not message_ids:
        return {}
    found = Message.objects.filter(message_id__in=message_ids)
    return {one.message_id: mail_of(one) for one in found}
