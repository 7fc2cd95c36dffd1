"""Who gets mails: add, change, pause, remove; and which rules tell whom."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.alarms.actions import (
    BadRecipient,
    Person,
    add_recipient,
    change_recipient,
    remove_recipient,
)
from noroshi.alarms.models import Recipient, Rule
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.recipient import RecipientForm
from noroshi.web.member import actor_of, editor_only, tenant_page
from noroshi.web.paging import page_of
from noroshi.web.rulelines import lines_of
from noroshi.web.show import show

PER_PAGE = 50


@require_GET
@tenant_page
def recipients(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The list, each with the devices whose rules tell that person."""
    rules = access.rows(member, Rule).select_related("device").order_by("device__name", "pk")
    rows = access.rows(member, Recipient).prefetch_related(Prefetch("rules", queryset=rules))
    page = page_of(request, rows.order_by("name", "pk"), PER_PAGE)
    return show(request, member, "web/recipients/list.html", {"page": page})


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def recipient_new(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Add somebody."""
    form = RecipientForm(member, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = add_recipient(form.person(), by=actor_of(member), now=timezone.now())
        except BadRecipient as refusal:
            form.add_error("address", str(refusal))
        else:
            return saved(
                request, form, _("「%(name)s」を通知先に追加しました。") % {"name": made.name}
            )
    return show(request, member, "web/recipients/edit.html", {"form": form})


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def recipient(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Change somebody; below stand the rules that tell this person."""
    found = access.row(member, Recipient, code=code)
    form = RecipientForm(member, found, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            change_recipient(found, form.person(), by=actor_of(member), now=timezone.now())
        except BadRecipient as refusal:
            form.add_error("address", str(refusal))
        else:
            return saved(
                request, form, _("「%(name)s」を保存しました。") % {"name": form.person().name}
            )
    rules = access.rows(member, Rule).filter(recipients=found)
    context = {"form": form, "recipient": found, "lines": lines_of(list(rules))}
    return show(request, member, "web/recipients/edit.html", context)


@require_POST
@tenant_page
@editor_only
def recipient_pause(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Stop mails to this person for a while, or begin again."""
    found = access.row(member, Recipient, code=code)
    person = Person(found.name, found.address, found.language, is_active=not found.is_active)
    change_recipient(found, person, by=actor_of(member), now=timezone.now())
    words = (
        _("「%(name)s」への通知を再開しました。")
        if person.is_active
        else _("「%(name)s」への通知を止めました。")
    )
    messages.success(request, words % {"name": person.name})
    return redirect("recipients")


@require_POST
@tenant_page
@editor_only
def recipient_remove(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Take somebody off all rules and off the list."""
    found = access.row(member, Recipient, code=code)
    remove_recipient(found, by=actor_of(member), now=timezone.now())
    messages.success(request, _("「%(name)s」を通知先から外しました。") % {"name": found.name})
    return redirect("recipients")


def saved(request: HttpRequest, form: RecipientForm, words: str) -> HttpResponseBase:
    """Say what was saved, and the caution when the address is an odd one."""
    messages.success(request, words)
    if form.caution:
        messages.warning(request, form.caution)
    return redirect("recipients")
