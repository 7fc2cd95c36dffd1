"""Write the mails about incidents: one for each recipient, in the recipient's language."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from noroshi.alarms import hook_bodies, links, rows, saying, words
from noroshi.alarms.conditions import Plan, condition_of
from noroshi.alarms.judge import GONE, OPENED, UPPER
from noroshi.alarms.models import LIMITS, Event, Incident, Recipient, Wording
from noroshi.alarms.rows import Place
from noroshi.alarms.wording import SLOTS, filled
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
class Telling:
    """One recipient to be told of something by a mail of its own.

    Attributes:
        number: which repeat, or after how many minutes it is handed on; 0 = neither.
        told: how many people are told of it.
        has_link: whether the mail may have links, one of them to acknowledge by.
    """

    news: News
    event: Event
    number: int
    recipient: Recipient
    told: int
    has_link: bool = True


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a mail needs to know."""

    news: News
    device: Place
    quantity: Quantity | None
    told: int
    now: datetime
    names: Callable[[str], Naming]
    has_link: bool = True


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


def write(tellings: Sequence[Telling], *, now: datetime) -> list[NewMessage]:
    """One message for each of them, in the language of its recipient."""
    of_news: dict[int, list[Telling]] = defaultdict(list)
    for one in tellings:
        of_news[id(one.news)].append(one)
    scenes = scenes_of([own[0].news for own in of_news.values()], now=now)
    own_words = wordings_of({one.recipient.tenant_id for one in tellings})
    messages = []
    for own, scene in zip(of_news.values(), scenes, strict=True):
        first = own[0]
        told = replace(scene, told=first.told, has_link=first.has_link)
        messages += _messages(told, own, own_words)
    return messages


def wordings_of(tenants: Collection[int]) -> dict[tuple[int, str], Wording]:
    """(tenant, event) → the contractor's own sentences, where there are any. One query."""
    found = Wording.objects.filter(tenant__in=tenants)
    return {(one.tenant_id, one.event): one for one in found}


def preview(telling: Telling, own: Wording, *, now: datetime) -> tuple[str, str]:
    """Subject and body as the recipient would get them, without the link that acknowledges."""
    scene = replace(scenes_of([telling.news], now=now)[0], told=telling.told)
    shown = replace(telling, has_link=False)
    mail = _messages(scene, [shown], {(own.tenant_id, own.event): own})[0]
    return mail.subject, mail.body


def scenes_of(news: Sequence[News], *, now: datetime) -> list[Scene]:
    """Each piece of news with its device and quantities. Two queries."""
    if not news:
        return []
    devices = rows.places({one.incident.device_id for one in news})
    quantities = quantities_of({device.type_id for device in devices.values()})
    scenes = []
    for one in news:
        device = devices[one.incident.device_id]
        names = _names(device, quantities)
        quantity = names(one.incident.key).quantity
        scenes.append(Scene(one, device, quantity, 0, now, names))
    return scenes


def _names(device: Place, known: Mapping[tuple[int, str], Quantity]) -> Callable[[str], Naming]:
    return lambda key: Naming(key, known.get((device.type_id, key)))


def subject_of(scene: Scene, language: str) -> str:
    """The line that tells all, as it stands above a mail of its own."""
    return _render(scene, language)[0]


def _messages(
    scene: Scene, to: Sequence[Telling], own_words: Mapping[tuple[int, str], Wording]
) -> list[NewMessage]:
    texts = {
        language: _render(scene, language) for language in {one.recipient.language for one in to}
    }
    incident, domain = scene.news.incident, mail_domain()
    messages = []
    for one in to:
        person = one.recipient
        subject, body = texts[person.language]
        with translation.override(person.language):
            lead, line = again(one)
            own = own_words.get((incident.tenant_id, one.event))
            body = line + _with_own(body, own, scene) + _way_to_answer(scene, one)
        if person.is_webhook:
            body = _posted(scene, one)
        messages.append(
            NewMessage(
                tenant_id=incident.tenant_id,
                kind=f"incident.{one.event}",
                about=incident.code,
                address=person.address,
                subject=(subject[:1] + lead + subject[1:])[:SUBJECT_CHARS_MAX],
                body=body,
                message_id=message_id_of(one, domain),
                thread_id=f"{incident.code}.opened.{person.code}@{domain}",
                language=person.language,
                channel=str(person.channel),
            )
        )
    return messages


def _with_own(body: str, own: Wording | None, scene: Scene) -> str:
    """The body between the contractor's own sentences, in the language in force."""
    if own is None:
        return body
    text = _text(scene)
    values = {name: getattr(text, name) for name in SLOTS.values()}
    values["value"] = text.figure or text.value
    before, after = (filled(one, values.__getitem__) for one in (own.before, own.after))
    return (f"{before}\n\n" if before else "") + body + (f"\n{after}\n" if after else "")


def _posted(scene: Scene, telling: Telling) -> str:
    """What a webhook says instead of a mail's text."""
    news, device, incident = scene.news, scene.device, scene.news.incident
    return hook_bodies.body_of(
        hook_bodies.Told(
            event=telling.event,
            number=telling.number,
            incident=incident,
            at=news.at,
            value=news.value,
            device=device,
            quantity=scene.quantity,
            link=f"{settings.BASE_URL}/d/{device.code}/" if scene.has_link else "",
        )
    )


def message_id_of(telling: Telling, domain: str) -> str:
    """Made from what is told to whom: the same told twice is one mail."""
    number = telling.number or ""
    incident, person = telling.news.incident, telling.recipient
    return f"{incident.code}.{telling.event}{number}.{person.code}@{domain}"


def again(telling: Telling) -> tuple[str, str]:
    """What the subject and the body begin with when nobody acknowledged; else nothing."""
    words = {"n": telling.number}
    if telling.event == Event.REPEATED:
        return gettext("再通知%(n)d・") % words, (
            gettext("まだ対応の記録がないので、もう一度お知らせします（%(n)d回目）。") % words
            + "\n\n"
        )
    if telling.event == Event.ESCALATED:
        return gettext("未対応・"), (
            gettext("%(n)d分たっても対応の記録がないので、お知らせします。") % words + "\n\n"
        )
    return "", ""


def _way_to_answer(scene: Scene, telling: Telling) -> str:
    """How this recipient says that it is seen: by an answer, and by the signed link."""
    incident, person = scene.news.incident, telling.recipient
    if scene.news.kind != OPENED:
        return ""
    by_mail = "\n" + gettext("「確認」と返信しても記録できます。") + "\n"
    answer = by_mail if settings.RETURN_DOMAIN else ""
    if not telling.has_link:
        return answer
    claim = links.Claim(incident.tenant_id, incident.code, person.code)
    url = f"{settings.BASE_URL}/a/{links.token_of(claim, now=scene.now)}/"
    return "\n" + gettext("確認したと記録する（7日間使えます）:") + f"\n{url}\n" + answer


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
        link=f"{settings.BASE_URL}/d/{scene.device.code}/" if scene.has_link else "",
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
