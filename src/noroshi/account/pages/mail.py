"""Changing the own mail address: asked for here, confirmed at the new address."""

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from noroshi.account import mails, show
from noroshi.account.forms import MailForm
from noroshi.tenants import access, audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.recent import require_recent
from noroshi.ui import limits

SALT = "noroshi.account.mail"
TOKEN_S_MAX = 24 * 3600


@require_http_methods(["GET", "POST"])
@require_recent
@limits.limited(limits.RESET)
def mail(request: HttpRequest) -> HttpResponseBase:
    """Send the confirmation to the new address; nothing changes yet."""
    user = show.signed_in(request)
    form = MailForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return show.alone(request, "account/mail.html", {"form": form})
    address = form.cleaned_data["email"]
    # The present address is in it, so that the link dies with the change.
    token = signing.dumps({"user": user.pk, "from": user.email, "to": address}, salt=SALT)
    mails.post_confirm(user, address, reverse("mail-confirm", args=[token]), now=timezone.now())
    return show.alone(request, "account/mail_sent.html", {"address": address})


@require_http_methods(["GET", "POST"])
def mail_confirm(request: HttpRequest, token: str) -> HttpResponseBase:
    """The link in that mail: show what it would do, and do it when the person says so."""
    user = show.signed_in(request)
    try:
        wish = signing.loads(token, salt=SALT, max_age=TOKEN_S_MAX)
    except signing.BadSignature:
        wish = {}
    if wish.get("user") != user.pk or wish.get("from") != user.email:
        return show.alone(request, "account/mail_expired.html", {}, status=404)
    if request.method == "GET":
        return show.alone(request, "account/mail_confirm.html", {"address": wish["to"]})
    before, now = user.email, timezone.now()
    with access.acting_as(user.pk):
        user.email = wish["to"]
        user.save(update_fields=["email"])
        details = {"before": before, "after": user.email}
        audit.record(Actor(user, None), "user.mail_changed", user, now=now, details=details)
        if before:
            mails.post_change(user, "mail", now=now, address=before)
    messages.success(request, _("メールアドレスを変更しました。"))
    return redirect("account")
