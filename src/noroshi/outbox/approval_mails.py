"""Tell the approvers that something waits for them, and who asked what became of it."""

from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import is_sendable
from noroshi.outbox.visit_mails import LANGUAGES, SUBJECT_CHARS_MAX, one_line
from noroshi.tenants import approvals
from noroshi.tenants.models import Approval, User


def tell_asked(approval: Approval, *, now: datetime) -> int:
    """One mail to each who may decide; in the transaction that asked. Returns how many."""
    return post_all(
        [
            mail(approval, "asked", user)
            for user in approvals.approvers(but=approval.asked_by)
            if is_sendable(user.email)
        ],
        now=now,
    )


def tell_decided(approval: Approval, *, now: datetime) -> int:
    """One mail to who asked; in the transaction that decided. Returns how many, 0 or 1."""
    user = approval.asked_by
    return post_all([mail(approval, "decided", user)] if is_sendable(user.email) else [], now=now)


def mail(approval: Approval, news: str, to: User) -> NewMessage:
    """The mail to one person, in that person's language; the template's first line is the subject.

    What was asked for stands on the page only: a mail may be read by others on its way.
    """
    known = to.language if to.language in LANGUAGES else LANGUAGES[0]
    with translation.override(known):
        said = {
            "act": approval.get_act_display(),
            "asker": one_line(approval.asked_by.name),
            "state": approval.get_state_display(),
            "decider": one_line(approval.decided_by.name) if approval.decided_by else "",
            "until": approval.expires_at,
            "url": f"{settings.BASE_URL}{reverse('office-approval', args=[approval.code])}",
        }
        written = render_to_string(f"outbox/approval_{news}.{known}.txt", said)
    subject, _, body = written.partition("\n")
    message_id = f"{approval.code}.{news}.{to.pk}@{mail_domain()}"
    return NewMessage(
        tenant_id=None,
        kind=f"approval.{news}",
        about=approval.code,
        address=to.email,
        subject=one_line(subject)[:SUBJECT_CHARS_MAX],
        body=body.strip() + "\n",
        message_id=message_id,
        thread_id="",
        language=known,
    )
