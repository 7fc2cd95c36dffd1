"""Write the mails about incidents: one for each recipient, in the recipient's language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from noroshi.alarms import links, rows, saying, words
from noroshi.alarms.conditions import Plan, condition_of
from noroshi.alarms.judge import GONE, OPENED, UPPER
from noroshi.alarms.models import LIMITS, Incident
from noroshi.alarms.rows import Place, Told
from noroshi.alarms.words import Naming
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

    @property
    def template(self) -> str:
        """Limits have texts of their own; every other condition says its sentence."""
        is_limits = self.incident.kind == LIMITS and self.incident.side != GONE
        return self.name if is_limits else f"{self.name}_other"


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a mail needs to know."""

    news: News
    device: Place
    quantity: Quantity | None
    told: int
    now: datetime
    names: Callable[[str], Naming]


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
    condition: str = ""
    figure: str = ""
    opened_figure: str = ""
    is_gone: bool = False


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
        names = _names(device, quantities)
        quantity = names(one.incident.key).quantity
        messages += _messages(Scene(one, device, quantity, len(to), now, names), to)
    return messages


def _names(device: Place, known: Mapping[tuple[int, str], Quantity]) -> Callable[[str], Naming]:
    return lambda key: Naming(key, known.get((device.type_id, key)))


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
            body=texts[person.language][1] + _way_to_answer(scene, person),
            message_id=f"{incident.code}.{name}.{person.code}@{domain}",
            thread_id=f"{incident.code}.opened.{person.code}@{domain}",
            language=person.language,
        )
        for person in to
    ]


def _way_to_answer(scene: Scene, person: Told) -> str:
    """The lines with the signed link by which this recipient says that it is seen."""
    incident = scene.news.incident
    if scene.news.kind != OPENED:
        return ""
    claim = links.Claim(incident.tenant_id, incident.code, person.code)
    url = f"{settings.BASE_URL}/a/{links.token_of(claim, now=scene.now)}/"
    with translation.override(person.language):
        return "\n" + gettext("確認したと記録する（7日間使えます）:") + f"\n{url}\n"


def _render(scene: Scene, language: str) -> tuple[str, str]:
    """Subject and body; the template's first line is the subject."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    with translation.override(known):
        template = f"alarms/mail/{scene.news.template}.{known}.txt"
        written = render_to_string(template, {"mail": _text(scene)})
    subject, _, body = written.partition("\n")
    return words.one_line(subject)[:SUBJECT_CHARS_MAX], body.strip() + "\n"


def _text(scene: Scene) -> Text:
    news, incident, quantity = scene.news, scene.news.incident, scene.quantity
    is_boolean = quantity is not None and quantity.kind == Quantity.Kind.BOOLEAN
    value = words.number(news.value, quantity, unlike=incident.limit)
    if quantity is not None and is_boolean:
        value = quantity.word(news.value)
    is_other = news.template != news.name
    end = incident.closed_at or news.at
    held = incident.opened_at - incident.since
    return Text(
        device=words.one_line(scene.device.name),
        site=words.one_line(scene.device.site),
        quantity=words.one_line(
            saying.subject(_plan(incident), scene.names)
            if is_other
            else quantity.name
            if quantity
            else incident.key
        ),
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
        is_gone=incident.side == GONE,
        **(_other(scene) if is_other else {}),
    )


def _other(scene: Scene) -> dict[str, str]:
    """What the mails say of a condition that is more than two limits."""
    incident = scene.news.incident
    plan, named = _plan(incident), scene.names(incident.key)
    figures = (scene.news.value, incident.opened_value)
    now, then = (saying.figure(plan.condition, value, named) for value in figures)
    return {
        "condition": words.one_line(saying.condition(plan, scene.names)),
        "figure": words.one_line(now),
        "opened_figure": words.one_line(then),
    }


def _plan(incident: Incident) -> Plan:
    return Plan(incident.key, condition_of(incident.kind, incident.options))
