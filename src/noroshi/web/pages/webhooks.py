"""Machines that are told by webhooks: add one, be given its secret, see how it fares."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from noroshi.alarms.models import Recipient
from noroshi.outbox import consent, hooks
from noroshi.tenants import access
from noroshi.tenants.models import IntentKind, Membership
from noroshi.web import recipient_acts
from noroshi.web.acts import authority_only, begin
from noroshi.web.forms.recipient import WebhookForm
from noroshi.web.member import actor_of, tenant_page
from noroshi.web.rulelines import lines_telling
from noroshi.web.show import show


@require_http_methods(["GET", "POST"])
@tenant_page
@authority_only
def webhook_new(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Add one: on to the act."""
    form = WebhookForm(member, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        return begin(member, IntentKind.RECIPIENTS, *recipient_acts.adding(form.person()))
    return show(request, member, "web/recipients/webhook.html", {"form": form})


def webhook(request: HttpRequest, member: Membership, found: Recipient) -> HttpResponseBase:
    """Change its name (on to the act); its secret, and whether a test succeeded yet."""
    form = WebhookForm(member, found, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not recipient_acts.is_change(found, form.person()):
            messages.info(request, _("変更はありません。"))
            return redirect("recipients")
        changing = recipient_acts.changing(found, form.person())
        return begin(member, IntentKind.RECIPIENTS, *changing)
    return show(request, member, "web/recipients/webhook.html", _context(member, found, form))


@require_POST
@tenant_page
@authority_only
def webhook_secret(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Make a new secret and show it, this once."""
    found = access.row(member, Recipient, code=code)
    secret = hooks.issue(found.address, by=actor_of(member), now=timezone.now())
    if secret is None:
        messages.info(request, _("この通知先は、Webhookではありません。"))
        return redirect("recipient", code=code)
    context = _context(member, found, WebhookForm(member, found)) | {"secret": secret}
    return show(request, member, "web/recipients/webhook.html", context)


def _context(member: Membership, found: Recipient, form: WebhookForm) -> dict[str, object]:
    hook = hooks.find(member.tenant_id, found.address)
    wanted = consent.wanted_of(member.tenant_id, [found.address]).get(found.address)
    now = timezone.now()
    is_overlap = hook is not None and hook.old_until is not None and now < hook.old_until
    return {
        "form": form,
        "recipient": found,
        "lines": lines_telling(member, found, now=now),
        "hook": hook,
        "old_until": hook.old_until if hook is not None and is_overlap else None,
        "is_tested": wanted is not None and wanted.state == consent.CONFIRMED,
    }
