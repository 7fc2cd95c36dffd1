"""Decide whom to tell of an event, how and when: notices and mails, written with their cause.

Every recipient concerned gets a notice for every event, also who is told nothing: the notices are
the ledger that answers why a mail came or did not come.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from noroshi.alarms import group_mails, paces, pacing, rows
from noroshi.alarms.judge import OPENED
from noroshi.alarms.mails import News, Telling, message_id_of, write
from noroshi.alarms.models import Chase, Event, Incident, Notice, Pace, Policy, Recipient
from noroshi.alarms.pacing import Limits, Way
from noroshi.alarms.policies import chases_of, policies_of, told_at_once
from noroshi.alarms.roster import quiet_end
from noroshi.base import wire
from noroshi.contracts.mailing import with_mail
from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.tenants.kinds import japans_day

State: TypeAlias = Notice.State
Reason: TypeAlias = Notice.Reason
Place = tuple[int, int]  # incident, recipient

KEYS = "SELECT code, id FROM alarms_incident WHERE code = ANY (%b::text[])"
WAITING = """
SELECT incident_id, recipient_id, reason, due_at FROM alarms_notice
WHERE incident_id = ANY (%b::bigint[]) AND state = 'waiting' AND recipient_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One recipient to be told of one event; `number` as in a notice."""

    news: News
    event: Event
    recipient: Recipient
    number: int = 0

    @property
    def place(self) -> Place:
        """Which incident and which recipient."""
        return self.news.incident.pk, self.recipient.pk


def tell(news: Sequence[News], *, now: datetime) -> None:
    """Tell of what opened and closed; call inside the transaction that wrote the incidents."""
    if not news:
        return
    _know_keys(news)
    opened = [one for one in news if one.kind == OPENED]
    wanted = _of_opened(opened, now)
    wanted += _of_recovered([one for one in news if one.kind != OPENED], wanted)
    decide(wanted, now=now)
    chases = chases_of([one.incident for one in opened], now=now)
    Chase.objects.bulk_create(chases, ignore_conflicts=True)


def decide(wanted: Sequence[Wanted], *, now: datetime) -> None:
    """Write a notice for each, and the mails that go at once; in the transaction of the cause."""
    if wanted:
        _Deciding(wanted, now).run()


class _Deciding:
    """One decision about many recipients, who are held while it is made."""

    def __init__(self, wanted: Sequence[Wanted], now: datetime) -> None:
        self.wanted, self.now = wanted, now
        tenants = {one.recipient.tenant_id for one in wanted}
        self.policies = policies_of(tenants)
        self.licensed = with_mail(tenants, japans_day(now))
        self.paces = paces.locked({one.recipient.pk: one.recipient for one in wanted})
        self.waiting = _waiting_for([one for one in wanted if one.event == Event.RECOVERED])
        self.told: dict[int, int] = defaultdict(int)  # incident → how many people
        self.tellings: list[tuple[Wanted, Notice]] = []
        self.last_mails: list[NewMessage] = []

    def run(self) -> None:
        """Decide, then write everything at once."""
        notices = [self._first_word(one) for one in self.wanted]
        at_once: dict[int, list[tuple[Wanted, Notice]]] = defaultdict(list)
        for one, notice in zip(self.wanted, notices, strict=True):
            self.told[one.news.incident.pk] += notice.state != State.DROPPED
            if notice.state == State.POSTED and one.recipient.is_webhook:
                self.tellings.append((one, notice))
            elif notice.state == State.POSTED:
                at_once[one.recipient.pk].append((one, notice))
            elif notice.due_at is not None:
                self._wait(self.paces[one.recipient.pk], notice.due_at)
        for key, pairs in at_once.items():
            self._pace(self.paces[key], pairs)
        domain, tellings = mail_domain(), []
        for one, notice in self.tellings:
            telling = self._telling(one)
            notice.message_id, notice.posted_at = message_id_of(telling, domain), self.now
            tellings.append(telling)
        paces.add_notices(notices)
        post_all([*write(tellings, now=self.now), *self.last_mails], now=self.now)
        paces.keep_paces(self.paces.values())

    def _first_word(self, one: Wanted) -> Notice:
        """What is decided without a look at how many there are; POSTED = at once, so far."""
        person = one.recipient
        notice = Notice(
            tenant_id=person.tenant_id,
            incident_id=one.news.incident.pk,
            device_id=one.news.incident.device_id,
            recipient_id=person.pk,
            name=person.name,
            address=person.address,
            event=one.event,
            number=one.number,
            decided_at=self.now,
        )
        notice.state, notice.reason, notice.due_at = self._verdict(one)
        return notice

    def _verdict(self, one: Wanted) -> tuple[State, Reason, datetime | None]:
        policy = self.policies[one.recipient.tenant_id]
        if one.recipient.tenant_id not in self.licensed:
            return State.DROPPED, Reason.UNLICENSED, None
        if not one.recipient.is_active:
            return State.DROPPED, Reason.STOPPED, None
        if one.event == Event.RECOVERED and not policy.tells_recovery:
            return State.DROPPED, Reason.UNWANTED, None
        if one.recipient.is_webhook:
            # A machine does not sleep, and reads each event by itself.
            return State.POSTED, Reason.AT_ONCE, None
        if one.place in self.waiting:
            # What it answers has not been told yet: both go together.
            reason, due_at = self.waiting[one.place]
            return State.WAITING, reason, due_at
        quiet = self._quiet_until(one, policy)
        if quiet is not None:
            return State.WAITING, Reason.QUIET, quiet
        return State.POSTED, Reason.AT_ONCE, None

    def _quiet_until(self, one: Wanted, policy: Policy) -> datetime | None:
        wish = self.paces[one.recipient.pk].quiet_events
        events = policy.quiet_events if wish is None else wish
        if one.event not in events:
            return None
        return quiet_end(policy.quiet_from, policy.quiet_until, self.now)

    def _pace(self, pace: Pace, pairs: Sequence[tuple[Wanted, Notice]]) -> None:
        """At once as far as the recipient's pace allows, else gathered or after the pause."""
        policy = self.policies[pace.tenant_id]
        way = pacing.way_of(paces.lately_of(pace), limits_of(policy), len(pairs), self.now)
        paces.put(pace, way.lately)
        if way.how == pacing.AT_ONCE:
            self.tellings += pairs
            return
        if way.is_first_pause:
            person = pairs[0][0].recipient
            self.last_mails.append(group_mails.paused(person, policy, way, now=self.now))
        for _one, notice in pairs:
            notice.state, notice.reason = State.WAITING, reason_of(way)
            notice.due_at = way.due_at
        if way.due_at is not None:
            self._wait(pace, way.due_at)

    def _wait(self, pace: Pace, due_at: datetime) -> None:
        if pace.due_at is None or due_at < pace.due_at:
            pace.due_at = due_at

    def _telling(self, one: Wanted) -> Telling:
        told = self.told[one.news.incident.pk]
        has_link = self.policies[one.recipient.tenant_id].has_links
        return Telling(one.news, one.event, one.number, one.recipient, told, has_link)


def limits_of(policy: Policy) -> Limits:
    """The policy's numbers as the pure room wants them."""
    return Limits(policy.singles_a_minute, policy.mails_an_hour)


def reason_of(way: Way) -> Reason:
    """Why a notice waits."""
    return Reason.PAUSED if way.how == pacing.PAUSED else Reason.GATHERED


def _know_keys(news: Sequence[News]) -> None:
    """Give the incidents of this transaction their numbers."""
    new = [one.incident for one in news if _key_of(one.incident) is None]
    if new:
        with wire.hot() as cursor:
            found = cursor.execute(KEYS, [wire.texts(one.code for one in new)]).fetchall()
        keys: dict[str, int] = dict(found)
        for one in new:
            one.pk = keys[one.code]


def _key_of(incident: Incident) -> int | None:
    """None of one that was written together with many: those are not told their numbers."""
    return incident.pk


def _of_opened(news: Sequence[News], now: datetime) -> list[Wanted]:
    """The recipients of the rules, and who is on duty in groups that are told at once."""
    of_rule = _recipients_of(news)
    on_duty = told_at_once({one.incident.tenant_id for one in news}, now)
    wanted = []
    for one in news:
        people = {person.pk: person for person in of_rule.get(one.incident.rule_id or 0, ())}
        for person in on_duty.get(one.incident.tenant_id, ()):
            people.setdefault(person.pk, person)
        wanted += [Wanted(one, Event.OPENED, person) for person in people.values()]
    return wanted


def _of_recovered(news: Sequence[News], opened: Sequence[Wanted]) -> list[Wanted]:
    """Whoever was, or is to be, told of the alarm is told of its end; and the rule's recipients."""
    told: dict[int, dict[int, Recipient]] = defaultdict(dict)
    for one in opened:
        told[one.news.incident.pk][one.recipient.pk] = one.recipient
    noticed = rows.noticed([one.incident.pk for one in news]) if news else {}
    for incident, people in noticed.items():
        told[incident] |= {person.pk: person for person in people}
    of_rule = _recipients_of(news)
    wanted = []
    for over in news:
        theirs = told[over.incident.pk]
        for person in of_rule.get(over.incident.rule_id or 0, ()):
            theirs.setdefault(person.pk, person)
        wanted += [Wanted(over, Event.RECOVERED, theirs[key]) for key in sorted(theirs)]
    return wanted


def _recipients_of(news: Sequence[News]) -> dict[int, list[Recipient]]:
    """The recipients of the rules concerned, also those who are stopped. At most one query."""
    rules = {one.incident.rule_id for one in news if one.incident.rule_id}
    return rows.recipients(rules) if rules else {}


def _waiting_for(wanted: Sequence[Wanted]) -> dict[Place, tuple[Reason, datetime | None]]:
    """Incidents and recipients for whom something waits: why, and until when."""
    if not wanted:
        return {}
    incidents = wire.numbers(sorted({one.news.incident.pk for one in wanted}), wire.INT8)
    with wire.hot() as cursor:
        found = cursor.execute(WAITING, [incidents]).fetchall()
    return {(incident, person): (Reason(why), due) for incident, person, why, due in found}
