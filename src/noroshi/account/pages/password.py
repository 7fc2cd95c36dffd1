"""Changing one's own password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from noroshi.account import mails, show
from noroshi.account.first_form import NewPasswordForm
from noroshi.account.surroundings import surroundings
from noroshi.tenants import access, audit, sessions
from noroshi.tenants.audit import Actor
from noroshi.tenants.recent import require_recent


@require_http_methods(["GET", "POST"])
@require_recent
def password(request: HttpRequest) -> HttpResponseBase:
    """The session lives on under a new key; all others end."""
    user = show.signed_in(request)
    around = surroundings(user)
    form = NewPasswordForm(request.POST or None, around)
    if request.method == "GET" or not form.is_valid():
        context = {"form": form, "user": user, "min": around.chars_min}
        return show.alone(request, "account/password.html", context)
    now = timezone.now()
    with access.acting_as(user.pk):
        user.set_password(form.password())
        user.password_changed_at = now
        user.save(update_fields=["password", "password_changed_at", "has_long_password"])
        audit.record(Actor(user, None), "user.password_changed", user, now=now)
        mails.post_change(user, "password", now=now)
        sessions.end_all([user], keep=request.session.session_key or "")
    update_session_auth_hash(request, user)
    messages.success(request, _("パスワードを変更しました。"))
    return redirect("account")
