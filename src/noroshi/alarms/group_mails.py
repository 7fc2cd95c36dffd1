"""Mails about many incidents at once: gathered, after a quiet time, after a pause; and the last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from noroshi.alarms import words
from noroshi.alarms.judge import CLOSED, OPENED
from noroshi.alarms.mails import LANGUAGES, SUBJECT_CHARS_MAX, News, scenes_of, subject_of
from noroshi.alarms.models import Incident, Notice, Policy, Recipient
from noroshi.alarms.pacing import Way
from noroshi.outbox.actions import NewMessage, mail_domain

LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class Text:
    """What the templates say.

    `why` is why it was gathered: gathered, quiet or paused. `first` is the first device's name.
    """

    why: str
    count: int
    open_count: int
    over_count: int
    first: str
    lines: Sequence[str]
    more: int
    time: str
    link: str


@dataclass(frozen=True, slots=True)
class LastText:
    """What the mail before a pause says."""

    limit: int
    until: str
    link: str


def gathered(
    recipient: Recipient, notices: Sequence[Notice], policy: Policy, *, now: datetime
) -> NewMessage:
    """One mail for all of these notices, with a line for each of the first LINES_MAX incidents.

    An incident stands once, as it is now: still going on, or back.
    """
    incidents = {one.incident_id: one.incident for one in notices}
    language = language_of(recipient)
    with translation.override(language):
        text = _text(list(incidents.values()), notices[0], policy, now)
        written = render_to_string(f"alarms/mail/gathered.{language}.txt", {"mail": text})
    name = f"{recipient.code}.gathered.{notices[0].pk}"
    return _message(recipient, "incident.gathered", written, name)


def paused(recipient: Recipient, policy: Policy, way: Way, *, now: datetime) -> NewMessage:
    """The last mail before a pause."""
    language = language_of(recipient)
    until = way.due_at or now
    with translation.override(language):
        link = incidents_url() if policy.has_links else ""
        text = LastText(policy.mails_an_hour, words.time(until, now=now), link)
        written = render_to_string(f"alarms/mail/paused.{language}.txt", {"mail": text})
    return _message(
        recipient,
        "incident.paused",
        written,
        f"{recipient.code}.paused.{int(until.timestamp())}",
    )


def _text(incidents: Sequence[Incident], first: Notice, policy: Policy, now: datetime) -> Text:
    shown = sorted(incidents, key=lambda one: (one.closed_at is not None, one.opened_at, one.pk))
    listed = shown[:LINES_MAX]
    scenes = scenes_of([_as_it_is(one) for one in listed], now=now)
    language = translation.get_language() or LANGUAGES[0]
    over = sum(one.closed_at is not None for one in incidents)
    return Text(
        why=first.reason,
        count=len(incidents),
        open_count=len(incidents) - over,
        over_count=over,
        first=words.one_line(scenes[0].device.name),
        lines=[_line(scene.news.incident, subject_of(scene, language)) for scene in scenes],
        more=len(incidents) - len(listed),
        time=words.time(now, now=now),
        link=incidents_url() if policy.has_links else "",
    )


def _as_it_is(incident: Incident) -> News:
    """The newest that can be told of it."""
    if incident.closed_at is not None and incident.closed_value is not None:
        return News(CLOSED, incident, incident.closed_value, incident.closed_at)
    return News(OPENED, incident, incident.opened_value, incident.opened_at)


def _line(incident: Incident, subject: str) -> str:
    name = words.one_line(incident.looked_after_by)
    if not name or incident.closed_at is not None:
        return subject
    return translation.gettext("%(line)s（%(name)sが対応中）") % {"line": subject, "name": name}


def _message(recipient: Recipient, kind: str, written: str, name: str) -> NewMessage:
    subject, _, body = written.partition("\n")
    message_id = f"{name}@{mail_domain()}"
    return NewMessage(
        tenant_id=recipient.tenant_id,
        kind=kind,
        about="",
        address=recipient.address,
        subject=words.one_line(subject)[:SUBJECT_CHARS_MAX],
        body=body.strip() + "\n",
        message_id=message_id,
        thread_id="",
        language=language_of(recipient),
    )


def language_of(recipient: Recipient) -> str:
    """The language of the mails."""
    return recipient.language if recipient.language in LANGUAGES else LANGUAGES[0]


def incidents_url() -> str:
    """The page of what goes on."""
    return f"{settings.BASE_URL}/incidents/"
