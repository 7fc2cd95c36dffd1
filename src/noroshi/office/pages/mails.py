"""The mail queue of the whole house: waiting, sent, given up; and one mail with every try."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from noroshi.office.actions import give_up_mail, retry_mail
from noroshi.office.paging import one_of, page_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import acting_for, staff_page
from noroshi.office.visiting import (
    answer_of,
    closed_to,
    is_personal,
    masked,
    open_tenants,
    without,
)
from noroshi.outbox import ledger
from noroshi.outbox.models import Incoming, Message
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty

PER_PAGE = 50
STATES = tuple(str(state) for state in Message.State.values)


@dataclass(frozen=True, slots=True)
class Line:
    """A mail; of one that is not open only the envelope: address masked, no subject, no text.

    `is_personal`: its text is for its reader alone, as it holds a link that lets the reader in.
    """

    mail: Message
    is_open: bool
    is_personal: bool
    subject: str
    address: str
    answer: str


@require_GET
@staff_page(duty=Duty.MAILS)
def mails(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """One state, or all: waiting ones by when they are due, others newest first."""
    state, words = one_of(request, "state", STATES), text_of(request, "q")
    now = timezone.now()
    mine = open_tenants(by, now)
    page = page_of(request, narrowed(state, words, mine), PER_PAGE)
    shown = {mail.tenant_id: mail.tenant for mail in page.object_list if mail.tenant_id in mine}
    closed_to(request, by, [tenant for tenant in shown.values() if tenant is not None], now)
    context = {
        "page": page,
        "lines": [line_of(mail, mine) for mail in page.object_list],
        "state": state,
        "words": words,
        "kept": Incoming.objects.filter(state=Incoming.State.KEPT).count(),
        "now": now,
    }
    return show(request, by, "office/mails/list.html", context)


@require_GET
@staff_page(duty=Duty.MAILS)
def mail(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Its text, every try and every answer."""
    found = get_object_or_404(Message.objects.select_related("tenant"), pk=number)
    now = timezone.now()
    closed = closed_to(request, by, [found.tenant] if found.tenant else [], now)
    line = line_of(found, set() if closed or not found.tenant_id else {found.tenant_id})
    tries = [
        (one, outcome_of(one.outcome), without(one.answer, "" if line.is_open else found.address))
        for one in ledger.deliveries(found.pk)
    ]
    context = {"mail": found, "line": line, "tries": tries, "closed": closed, "now": now}
    return show(request, by, "office/mails/one.html", context)


@require_POST
@staff_page(duty=Duty.MAILS)
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
@staff_page(duty=Duty.MAILS)
def mail_give_up(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Stop trying."""
    found = get_object_or_404(Message.objects.select_related("tenant"), pk=number)
    if found.state != Message.State.WAITING:
        messages.warning(request, _("このメールはもう送信待ちではありません。"))
    else:
        give_up_mail(found, by=acting_for(by, found.tenant), now=timezone.now())
        messages.success(request, _("送信を中止しました。"))
    return redirect("office-mail", number=number)


def narrowed(state: str, words: str, mine: set[int]) -> QuerySet[Message]:
    """The mails of one state whose address or subject holds the words.

    Of tenants into which nobody looks now, only a whole address finds anything: the search must not
    tell, letter by letter, what the list hides.
    """
    rows = Message.objects.select_related("tenant")
    if state:
        rows = rows.filter(state=state)
    if words:
        holds = Q(address__icontains=words) | Q(subject__icontains=words)
        rows = rows.filter(Q(address__iexact=words) | Q(holds, of_open(mine)))
    order = "due_at" if state == Message.State.WAITING else "-pk"
    return rows.order_by(order, "pk")


def of_open(mine: set[int]) -> Q:
    """The mails of the provider itself, and of the tenants that may be looked into now."""
    return Q(tenant=None) | Q(tenant__in=mine)


def line_of(mail: Message, mine: set[int]) -> Line:
    """A mail as the person may see it: whole, or its envelope."""
    is_open = mail.tenant_id is None or mail.tenant_id in mine
    return Line(
        mail=mail,
        is_open=is_open,
        is_personal=is_personal(mail),
        subject=mail.subject if is_open else "",
        address=mail.address if is_open else masked(mail.address),
        answer=mail.last_answer if is_open else answer_of(mail),
    )


def outcome_of(outcome: str) -> str:
    """What came of one try, in words."""
    return {
        "sent": _("メールサーバーが受け取りました"),
        "refused": _("断られました"),
        "deferred": _("あとでもう一度送ります"),
        "unreachable": _("メールサーバーにつながりません"),
        "ambiguous": _("届いたかどうか分かりません"),
        "bounced": _("届かずに戻ってきました"),
        "delayed": _("相手のサーバーで遅れています"),
    }.get(outcome, outcome)
