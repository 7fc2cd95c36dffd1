"""What came in by mail: what waits for a person first, each as plain text, looked at and closed."""

from dataclasses import dataclass
from email import message_from_bytes, policy

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from noroshi.office.paging import one_of, page_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.visiting import closed_to, masked, open_tenants
from noroshi.office.words import bytes_words
from noroshi.outbox import bounces
from noroshi.outbox.incoming import close
from noroshi.outbox.models import Incoming
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty

PER_PAGE = 50
STATES = tuple(str(state) for state in Incoming.State.values)
ALL = "all"
HEAD_BYTES_MAX = 20_000  # of a mail, to find its subject for a list


@dataclass(frozen=True, slots=True)
class Line:
    """A mail of the list. Of one about a contractor's mail, which may quote it, only the envelope,
    unless a person wrote it to the provider or the contractor's data may be seen now."""

    mail: Incoming
    is_open: bool
    sender: str
    subject: str


@require_GET
@staff_page(duty=Duty.MAILS)
def incoming(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Those of one state, newest first; without a wish those that wait for a person."""
    state = one_of(request, "state", (*STATES, ALL)) or str(Incoming.State.KEPT)
    rows = Incoming.objects.select_related("message__tenant").order_by("-pk")
    if state != ALL:
        rows = rows.filter(state=state)
    mine = open_tenants(by, timezone.now())
    page = page_of(request, rows, PER_PAGE)
    context = {
        "page": page,
        "lines": [line_of(one, mine) for one in page.object_list],
        "state": state,
    }
    return show(request, by, "office/incoming/list.html", context)


@require_GET
@staff_page(duty=Duty.MAILS)
def incoming_one(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """One mail: envelope, head and plain text."""
    found = get_object_or_404(Incoming.objects.select_related("message__tenant"), pk=number)
    tenant = found.message.tenant if found.message else None
    is_for_us = found.kind == Incoming.Kind.REPLY
    closed = closed_to(request, by, [tenant] if tenant and not is_for_us else [], timezone.now())
    line = line_of(found, set() if closed or tenant is None else {tenant.pk})
    context = {
        "mail": found,
        "line": line,
        "closed": closed,
        "size": bytes_words(found.size),
        "text": text_of(bytes(found.raw)) if line.is_open else "",
    }
    return show(request, by, "office/incoming/one.html", context)


@require_POST
@staff_page(duty=Duty.MAILS)
def incoming_close(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Somebody has looked after it."""
    found = get_object_or_404(Incoming, pk=number)
    if close(found, by=by, now=timezone.now()):
        messages.success(request, _("確認済みにしました。"))
    else:
        messages.info(request, _("このメールは、確認を待っていません。"))
    return redirect("office-incoming")


def line_of(mail: Incoming, mine: set[int]) -> Line:
    """A mail as the person may see it."""
    tenant = mail.message.tenant_id if mail.message else None
    is_open = tenant is None or tenant in mine or mail.kind == Incoming.Kind.REPLY
    return Line(
        mail=mail,
        is_open=is_open,
        sender=mail.sender if is_open else masked(mail.sender) if mail.sender else "",
        subject=subject_of(bytes(mail.raw)) if is_open else "",
    )


def subject_of(raw: bytes) -> str:
    """The subject, or nothing where the mail cannot be read."""
    try:
        head = message_from_bytes(raw[:HEAD_BYTES_MAX], policy=policy.compat32)
        return bounces.subject_of(head)
    except bounces.ODD:
        return ""


def text_of(raw: bytes) -> str:
    """The plain text; of a mail without any, or one that cannot be read, its raw beginning."""
    try:
        text = bounces.text_of(message_from_bytes(raw, policy=policy.compat32))
    except bounces.ODD:
        text = ""
    return text.strip() or raw[:HEAD_BYTES_MAX].decode("utf-8", "replace")
