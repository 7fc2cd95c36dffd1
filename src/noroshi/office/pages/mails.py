"""The mail queue of the whole house: waiting, sent, given up; and one mail with every try."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from noroshi.office.actions import give_up_mail, retry_mail
from noroshi.office.paging import one_of, page_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import acting_for, staff_page
from noroshi.outbox import ledger
from noroshi.outbox.models import Message
from noroshi.tenants.audit import Actor

PER_PAGE = 50
STATES = tuple(str(state) for state in Message.State.values)


@require_GET
@staff_page
def mails(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """One state, or all: waiting ones by when they are due, others newest first."""
    state, words = one_of(request, "state", STATES), text_of(request, "q")
    page = page_of(request, narrowed(state, words), PER_PAGE)
    context = {"page": page, "state": state, "words": words, "now": timezone.now()}
    return show(request, by, "office/mails/list.html", context)


@require_GET
@staff_page
def mail(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Its text, every try and every answer."""
    found = get_object_or_404(Message.objects.select_related("tenant"), pk=number)
    tries = [(one, outcome_of(one.outcome)) for one in ledger.deliveries(found.pk)]
    context = {"mail": found, "tries": tries, "now": timezone.now()}
    return show(request, by, "office/mails/one.html", context)


@require_POST
@staff_page
def mail_retry(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Send it once more, now."""
    found = get_object_or_404(Message.objects.select_related("tenant"), pk=number)
    if found.state == Message.State.SENT:
        messages.warning(request, _("このメールはもう送信済みです。"))
    else:
        retry_mail(found, by=acting_for(by, found.tenant), now=timezone.now())
        messages.success(request, _("すぐに送り直します。"))
    return redirect("office-mail", number=number)


@require_POST
@staff_page
def mail_give_up(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Stop trying."""
    found = get_object_or_404(Message.objects.select_related("tenant"), pk=number)
    if found.state != Message.State.WAITING:
        messages.warning(request, _("このメールはもう送信待ちではありません。"))
    else:
        give_up_mail(found, by=acting_for(by, found.tenant), now=timezone.now())
        messages.success(request, _("送信を中止しました。"))
    return redirect("office-mail", number=number)


def narrowed(state: str, words: str) -> QuerySet[Message]:
    """The mails of one state whose address or subject holds the words."""
    rows = Message.objects.select_related("tenant")
    if state:
        rows = rows.filter(state=state)
    if words:
        rows = rows.filter(address__icontains=words) | rows.filter(subject__icontains=words)
    order = "due_at" if state == Message.State.WAITING else "-pk"
    return rows.order_by(order, "pk")


def outcome_of(outcome: str) -> str:
    """What came of one try, in words."""
    return {
        "sent": _("メールサーバーが受け取りました"),
        "refused": _("断られました"),
        "deferred": _("あとでもう一度送ります"),
        "unreachable": _("メールサーバーにつながりません"),
        "ambiguous": _("届いたかどうか分かりません"),
    }.get(outcome, outcome)
