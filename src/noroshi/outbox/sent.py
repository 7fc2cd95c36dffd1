"""When mails were taken by the other side: the answer for who must know that somebody was told."""

from collections.abc import Sequence
from datetime import datetime

from noroshi.outbox.models import Message


def when_sent(message_ids: Sequence[str]) -> dict[str, datetime]:
    """{message id: when it was sent} of those that were; the others are absent."""
    sent = Message.objects.filter(message_id__in=message_ids, state=Message.State.SENT)
    rows = sent.values_list("message_id", "sent_at")
    return {message_id: at for message_id, at in rows if at is not None}
