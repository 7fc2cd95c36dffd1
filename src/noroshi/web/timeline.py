"""The course of an incident in one list: what the values did and what people did, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from noroshi.alarms.deeds import course_of
from noroshi.alarms.models import Deed
from noroshi.web.board import Case


@dataclass(frozen=True, slots=True)
class Entry:
    """One line; `text` is what a person wrote."""

    at: datetime
    words: str
    text: str = ""


def timeline_of(case: Case) -> list[Entry]:
    """Oldest first."""
    deeds = course_of(case.incident)
    entries = [*of_values(case), *(of_deed(case, one) for one in deeds)]
    incident = case.incident
    if incident.acknowledged_at and not any(one.kind == Deed.Kind.ACKNOWLEDGED for one in deeds):
        words = acknowledged_words(incident.looked_after_by)  # from before deeds were kept
        entries.append(Entry(incident.acknowledged_at, words))
    return sorted(entries, key=lambda one: one.at)


def of_values(case: Case) -> Iterator[Entry]:
    """The crossing, the opening, the end."""
    incident = case.incident
    if incident.since != incident.opened_at:
        words = (
            _("「%(value)s」になった") % {"value": case.worst_value}
            if case.is_boolean
            else _("%(limit)s を外れた") % {"limit": case.limit_words}
        )
        yield Entry(incident.since, words)
    yield Entry(incident.opened_at, _("警報になった（%(value)s）") % {"value": case.opened_value})
    if incident.closed_at is None or incident.settled_at == incident.closed_at:
        return
    if incident.closed_value is None:
        yield Entry(incident.closed_at, _("通知条件が変わったので終わりにした"))
    else:
        yield Entry(incident.closed_at, _("復帰した（%(value)s）") % {"value": case.closed_value})


def of_deed(case: Case, deed: Deed) -> Entry:
    """What somebody did, and whether by the link of a mail."""
    who = _("%(name)s（メールから）") % {"name": deed.name} if deed.by_mail else deed.name
    words = {
        Deed.Kind.ACKNOWLEDGED: acknowledged_words(who),
        Deed.Kind.TAKEN: _("%(who)sが担当になった") % {"who": who},
        Deed.Kind.COMMENTED: _("%(who)sの書き込み") % {"who": who},
        Deed.Kind.SETTLED: _("%(who)sが終わりにした：%(reason)s")
        % {"who": who, "reason": case.incident.get_reason_display()},
    }[Deed.Kind(deed.kind)]
    return Entry(deed.at, words, deed.text)


def acknowledged_words(who: str) -> str:
    """Who said that it is looked after."""
    return _("%(who)sが対応中と記録した") % {"who": who}
