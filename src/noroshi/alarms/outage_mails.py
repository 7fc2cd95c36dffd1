"""Tell of outages of a network: one calm mail for each recipient, and one when it is over."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from noroshi.alarms import hook_bodies, words
from noroshi.alarms.mails import LANGUAGES
from noroshi.alarms.models import (
    Event,
    Notice,
    Outage,
    OutageNotice,
    OutageTenant,
    Pace,
    Recipient,
)
from noroshi.alarms.policies import policies_of, told_at_once
from noroshi.alarms.roster import quiet_end
from noroshi.base.claim import claim
from noroshi.contracts.mailing import with_mail
from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.tenants.kinds import japans_day

CLAIMED_MAX = 500
FIRST = "outage"  # the mail that begins the conversation
State: TypeAlias = Notice.State
Reason: TypeAlias = Notice.Reason
BEGUN = OutageNotice.Event.BEGUN
KINDS = {
    OutageNotice.Event.BEGUN: FIRST,
    OutageNotice.Event.OVER: "outage_over",
    OutageNotice.Event.GIVEN_UP: "outage_long",
}


@dataclass(frozen=True, slots=True)
class Text:
    """What the templates say."""

    network: str
    began: str
    ended: str
    lasted: str
    silent: int


def tell_begun(outage: Outage, rows: Sequence[OutageTenant], now: datetime) -> None:
    """Tell everybody who would be told of silences of these contractors' terminals, or of more."""
    tenants = {one.tenant_id for one in rows}
    licensed, quiet = with_mail(tenants, japans_day(now)), _Quiet(tenants, now)
    notices = []
    for person in _people(tenants, outage.space, now):
        state, reason, due_at = State.POSTED, Reason.AT_ONCE, quiet.end_for(person)
        if person.tenant_id not in licensed:
            state, reason, due_at = State.DROPPED, Reason.UNLICENSED, None
        elif not person.is_active:
            state, reason, due_at = State.DROPPED, Reason.STOPPED, None
        elif due_at is not None:
            state, reason = State.WAITING, Reason.QUIET
        notices.append(_notice(outage, person, BEGUN, now, (state, reason, due_at)))
    _write(outage, rows, notices, now)


def tell_end(
    outage: Outage, rows: Sequence[OutageTenant], event: OutageNotice.Event, now: datetime
) -> None:
    """Tell those who know of it, or will in the morning: these get one mail that says all."""
    tenants = {one.tenant_id for one in rows}
    known = OutageNotice.objects.filter(outage=outage, tenant__in=tenants, event=BEGUN)
    known = known.exclude(state=State.DROPPED).exclude(recipient=None)
    begun = list(known.select_related("recipient").order_by("pk").select_for_update(of=("self",)))
    licensed, quiet = with_mail(tenants, japans_day(now)), _Quiet(tenants, now)
    notices = []
    for one in begun:
        if one.recipient is None:
            continue
        due_at = one.due_at if one.state == State.WAITING else quiet.end_for(one.recipient)
        state, reason = (State.WAITING, Reason.QUIET) if due_at else (State.POSTED, Reason.AT_ONCE)
        if one.tenant_id not in licensed:
            state, reason, due_at = State.DROPPED, Reason.UNLICENSED, None
        notices.append(_notice(outage, one.recipient, event, now, (state, reason, due_at)))
    waits = [one.pk for one in begun if one.state == State.WAITING]
    OutageNotice.objects.filter(pk__in=waits).update(
        state=State.DROPPED, reason=Reason.LOOKED_AFTER, due_at=None
    )
    _write(outage, rows, notices, now)


@transaction.atomic
def send_due(now: datetime) -> int:
    """Write the mails that waited for the end of a quiet time; how many."""
    due = OutageNotice.objects.filter(state=State.WAITING, due_at__lte=now)
    claimed = claim(due.select_related("recipient", "outage").order_by("due_at"), limit=CLAIMED_MAX)
    of_outage: dict[int, list[OutageNotice]] = defaultdict(list)
    for one in claimed:
        one.state, one.reason, one.due_at = State.POSTED, Reason.QUIET, None
        if one.recipient is None:
            one.state, one.reason = State.DROPPED, Reason.REMOVED
        elif not one.recipient.is_active:
            one.state, one.reason = State.DROPPED, Reason.STOPPED
        of_outage[one.outage_id].append(one)
    for own in of_outage.values():
        rows = OutageTenant.objects.filter(outage=own[0].outage_id)
        post_all(_mails(own[0].outage, list(rows), own, now), now=now)
    fields = ["state", "reason", "due_at", "posted_at", "message_id"]
    OutageNotice.objects.bulk_update(claimed, fields)
    return len(claimed)


def network_words(space: str) -> str:
    """What people call the network."""
    return {"sigfox": "Sigfox", "lorawan": "LoRaWAN"}.get(space) or gettext("通信網")


class _Quiet:
    """Until when each recipient wants no news of alarms."""

    def __init__(self, tenants: Collection[int], now: datetime) -> None:
        self.now = now
        self.policies = policies_of(tenants)
        paces = Pace.objects.filter(tenant__in=tenants, quiet_events__isnull=False)
        self.wishes = dict(paces.values_list("recipient", "quiet_events"))

    def end_for(self, person: Recipient) -> datetime | None:
        """None: now is fine."""
        if person.is_webhook:
            return None
        policy = self.policies[person.tenant_id]
        wish = self.wishes.get(person.pk)
        if Event.OPENED not in (policy.quiet_events if wish is None else wish):
            return None
        return quiet_end(policy.quiet_from, policy.quiet_until, self.now)


def _people(tenants: Collection[int], space: str, now: datetime) -> list[Recipient]:
    """The recipients of rules on terminals in that network, and who is on duty there."""
    told = Recipient.objects.filter(
        tenant__in=tenants,
        rules__is_active=True,
        rules__device__space=space,
        rules__device__retired_at=None,
    )
    people = {one.pk: one for one in told.distinct()}
    for on_duty in told_at_once(tenants, now).values():
        people.update((one.pk, one) for one in on_duty)
    return [people[key] for key in sorted(people)]


def _notice(
    outage: Outage,
    person: Recipient,
    event: OutageNotice.Event,
    now: datetime,
    verdict: tuple[Notice.State, Notice.Reason, datetime | None],
) -> OutageNotice:
    state, reason, due_at = verdict
    return OutageNotice(
        outage=outage,
        tenant_id=person.tenant_id,
        recipient=person,
        name=person.name,
        address=person.address,
        event=event,
        decided_at=now,
        state=state,
        reason=reason,
        due_at=due_at,
    )


def _write(
    outage: Outage, rows: Sequence[OutageTenant], notices: Sequence[OutageNotice], now: datetime
) -> None:
    mails = _mails(outage, rows, notices, now)
    OutageNotice.objects.bulk_create(notices)
    post_all(mails, now=now)


def _mails(
    outage: Outage, rows: Sequence[OutageTenant], notices: Sequence[OutageNotice], now: datetime
) -> list[NewMessage]:
    """The mails of the notices that are told now; each notice learns which is its own."""
    of_tenant = {one.tenant_id: one for one in rows}
    mails = []
    for one in notices:
        if one.state == State.POSTED and one.recipient is not None:
            mail = _mail(outage, of_tenant[one.tenant_id], one, one.recipient)
            one.message_id, one.posted_at = mail.message_id, now
            mails.append(mail)
    return mails


def _mail(outage: Outage, row: OutageTenant, notice: OutageNotice, person: Recipient) -> NewMessage:
    language = person.language if person.language in LANGUAGES else LANGUAGES[0]
    name = KINDS[OutageNotice.Event(notice.event)]
    end = row.ended_at or notice.decided_at
    with translation.override(language):
        text = Text(
            network=network_words(outage.space),
            began=words.day_and_time(outage.began_at),
            ended=words.day_and_time(end),
            lasted=words.duration(end - outage.began_at),
            silent=row.silent,
        )
        written = render_to_string(f"alarms/mail/{name}.{language}.txt", {"mail": text})
    subject, _, body = written.partition("\n")
    if person.is_webhook:
        body = hook_bodies.of_outage(f"incident.{name}", notice.decided_at, outage, row)
    domain = mail_domain()
    return NewMessage(
        tenant_id=person.tenant_id,
        kind=f"incident.{name}",
        about=outage.code,
        address=person.address,
        subject=words.one_line(subject),
        body=body.strip() + ("" if person.is_webhook else "\n"),
        message_id=f"{outage.code}.{name}.{person.code}@{domain}",
        thread_id=f"{outage.code}.{FIRST}.{person.code}@{domain}",
        language=language,
        channel=str(person.channel),
    )
