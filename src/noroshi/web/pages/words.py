"""メールに添える文: the contractor's own sentences in the mails, with what a mail looks like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from noroshi.alarms.judge import CLOSED, OPENED
from noroshi.alarms.mails import LANGUAGES, News, Telling, preview
from noroshi.alarms.models import Event, Incident, Recipient, Wording
from noroshi.alarms.wording import slots
from noroshi.alarms.wording_actions import Words, set_words, words_of
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.words import WordsForm
from noroshi.web.member import actor_of, manager_only, tenant_page
from noroshi.web.show import show

NUMBERS = {Event.REPEATED: 1, Event.ESCALATED: 15}  # as a mail of that kind would say


@dataclass(frozen=True, slots=True)
class Part:
    """One event: its form, and a mail as it would be; empty where nothing of the kind happened."""

    form: WordsForm
    subject: str
    body: str


@require_http_methods(["GET", "POST"])
@tenant_page
@manager_only
def policy_words(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The sentences of every event; tried out, they are shown in a mail and nothing is kept."""
    now, known = timezone.now(), words_of(member.tenant)
    data = request.POST if request.method == "POST" else None
    forms = [WordsForm(event, words, data=data) for event, words in known.items()]
    checked = [form.is_valid() for form in forms]  # all of them: each tells its own faults
    is_good = data is not None and all(checked)
    if is_good and request.POST.get("do") != "try":
        wanted = {form.event: form.words() for form in forms}
        set_words(wanted, by=actor_of(member), now=now)
        messages.success(request, _("メールに添える文を保存しました。次のメールから使います。"))
        return redirect("policy-words")
    shown = {form.event: form.words() for form in forms} if is_good else known
    context = {
        "parts": parts_of(member, forms, shown, now),
        "slots": slots(),
        "is_tried": is_good,
        "is_wrong": data is not None and not is_good,
    }
    return show(request, member, "web/policy/words.html", context)


def parts_of(
    member: Membership, forms: Sequence[WordsForm], words: Mapping[str, Words], now: datetime
) -> list[Part]:
    """Each event with a mail about the latest alarm of that kind."""
    own = access.rows(member, Incident).order_by("-opened_at")
    opened = own.first()
    over = own.exclude(closed_at=None).exclude(closed_value=None).first()
    parts = []
    for form in forms:
        event = Event(form.event)
        incident = over if event == Event.RECOVERED else opened
        told = mail_about(member, event, incident, words[event], now) if incident else ("", "")
        parts.append(Part(form, *told))
    return parts


def mail_about(
    member: Membership, event: Event, incident: Incident, words: Words, now: datetime
) -> tuple[str, str]:
    """Subject and body of a mail about the incident, in the reader's language."""
    language = get_language() or LANGUAGES[0]
    person = Recipient(
        tenant_id=member.tenant_id,
        name=_("見本"),
        address="",
        language=language if language in LANGUAGES else LANGUAGES[0],
    )
    is_over = event == Event.RECOVERED and incident.closed_at and incident.closed_value is not None
    news = News(OPENED, incident, incident.opened_value, incident.opened_at)
    if is_over:
        at, value = incident.closed_at or now, incident.closed_value or 0.0
        news = News(CLOSED, incident, value, at)
    telling = Telling(news, event, NUMBERS.get(event, 0), person, told=1)
    own = Wording(tenant_id=member.tenant_id, event=event, before=words.before, after=words.after)
    return preview(telling, own, now=news.at)
