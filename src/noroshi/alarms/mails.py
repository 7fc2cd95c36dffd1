"""Write the mails about incidents: one for each recipient, in the recipient's language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from noroshi.alarms import rows, words
from noroshi.alarms.judge import OPENED, UPPER
from noroshi.alarms.models import Incident
from noroshi.alarms.rows import Place, Told
from noroshi.devices.models import Quantity
from noroshi.devices.quantities import quantities_of
from noroshi.outbox.actions import NewMessage, mail_domain

LATE_AFTER = timedelta(minutes=10)
SUBJECT_CHARS_MAX = 200
LANGUAGES = ("ja", "en")


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell of an incident: `opened` or `closed`, by this value measured `at`."""

    kind: str
    incident: Incident
    value: float
    at: datetime

    @property
    def name(self) -> str:
        """What the mail is called in its template and its id."""
        return "opened" if self.kind == OPENED else "recovered"


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a mail needs to know."""

    news: News
    device: Place
    quantity: Quantity | None
    told: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Text:
    """What the templates say, each value already in words of their language."""

    device: str
    site: str
    quantity: str
    value: str
    limit: str
    worst: str
    is_upper: bool
    is_boolean: bool
    time: str
    day_and_time: str
    since: str
    opened: str
    hold: str
    lasted: str
    is_late: bool
    told: int
    link: str


def write(news: Sequence[News], *, now: datetime) -> list[NewMessage]:
    """The messages for all active recipients of the rules concerned."""
    if not news:
        return []
    people = rows.recipients({one.incident.rule_id for one in news if one.incident.rule_id})
    told = [one for one in news if one.incident.rule_id in people]
    devices = rows.places({one.incident.device_id for one in told}) if told else {}
    quantities = quantities_of({device.type_id for device in devices.values()})
    messages = []
    for one in told:
        device = devices[one.incident.device_id]
        to = people[one.incident.rule_id or 0]
        quantity = quantities.get((device.type_id, one.incident.key))
        messages += _messages(Scene(one, device, quantity, len(to), now), to)
    return messages


def _messages(scene: Scene, to: Sequence[Told]) -> list[NewMessage]:
    texts = {language: _render(scene, language) for language in {one.language for one in to}}
    incident, name = scene.news.incident, scene.news.name
    domain = mail_domain()
    return [
        NewMessage(
            tenant_id=incident.tenant_id,
            kind=f"incident.{name}",
            about=incident.code,
            address=person.address,
            subject=texts[person.language][0],
            body=texts[person.language][1],
            message_id=f"{incident.code}.{name}.{person.code}@{domain}",
            thread_id=f"{incident.code}.opened.{person.code}@{domain}",
            language=person.language,
        )
        for person in to
    ]


def _render(scene: Scene, language: str) -> tuple[str, str]:
    """Subject and body; the template's first line is the subject."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    with translation.override(known):
        template = f"alarms/mail/{scene.news.name}.{known}.txt"
        written = render_to_string(template, {"mail": _text(scene)})
    subject, _, body = written.partition("\n")
    return words.one_line(subject)[:SUBJECT_CHARS_MAX], body.strip() + "\n"


def _text(scene: Scene) -> Text:
    news, incident, quantity = scene.news, scene.news.incident, scene.quantity
    is_boolean = quantity is not None and quantity.kind == Quantity.Kind.BOOLEAN
    value = words.number(news.value, quantity, unlike=incident.limit)
    if quantity is not None and is_boolean:
        value = quantity.word(news.value)
    end = incident.closed_at or news.at
    held = incident.opened_at - incident.since
    return Text(
        device=words.one_line(scene.device.name),
        site=words.one_line(scene.device.site),
        quantity=words.one_line(quantity.name if quantity else incident.key),
        value=value,
        limit=words.number(incident.limit, quantity),
        worst=words.number(incident.worst_value, quantity),
        is_upper=incident.side == UPPER,
        is_boolean=is_boolean,
        time=words.time(news.at, now=scene.now),
        day_and_time=words.day_and_time(news.at),
        since=words.day_and_time(incident.since),
        opened=words.day_and_time(incident.opened_at),
        hold=words.duration(held) if held else "",
        lasted=words.duration(end - incident.opened_at),
        is_late=scene.now - news.at > LATE_AFTER,
        told=scene.told,
        link=f"{settings.BASE_URL}/d/{scene.device.code}/",
    )
