"""A forgotten password: a link by mail to the address on file, good once, for an hour."""

from contextlib import suppress
from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.views.decorators.http import require_http_methods

from noroshi.account import mails, tries
from noroshi.account.first_form import NewPasswordForm
from noroshi.account.forms import ForgottenForm
from noroshi.account.surroundings import surroundings
from noroshi.tenants import access, audit, sessions
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import User
from noroshi.tenants.passwords import NOWHERE
from noroshi.ui import limits

DECOY = User(pk=0, login="", name="", email="nobody@localhost.localdomain", state=User.State.ACTIVE)


class NotSent(Exception):
    """Undoes the mail that was written only to take as long as a real one."""


@login_not_required
@require_http_methods(["GET", "POST"])
@limits.limited(limits.RESET)
def forgotten(request: HttpRequest) -> HttpResponseBase:
    """Ask for the user id. The answer is the same whether there is such a person or not."""
    form = ForgottenForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return render(request, "account/forgotten.html", {"form": form})
    login = form.cleaned_data["username"].strip()
    user = User.objects.filter(login=login, state=User.State.ACTIVE).exclude(email="").first()
    is_enough = limits.one_more(limits.RESET_MAILS, login) > 0
    send_link(None if is_enough else user, now=timezone.now())
    return render(request, "account/forgotten_sent.html")


def send_link(user: User | None, *, now: datetime) -> None:
    """Post the mail; for nobody do the same work and take it back, so that time tells nothing."""
    someone = user or DECOY
    uid = urlsafe_base64_encode(force_bytes(someone.pk))
    token = default_token_generator.make_token(someone)
    path = reverse("reset", args=[uid, token])
    with transaction.atomic(), suppress(NotSent), transaction.atomic():
        mails.post_reset(someone, path, now=now)
        if user is None:
            raise NotSent


@method_decorator(login_not_required, name="dispatch")
@method_decorator(require_http_methods(["GET", "POST"]), name="dispatch")
@method_decorator(limits.limited(limits.RESET_CONFIRM), name="dispatch")
class Reset(PasswordResetConfirmView):
    """Set a new password by the link. Nobody is signed in by it, and no second factor falls."""

    template_name = "account/reset.html"

    def get_user(self, uidb64: str) -> User | None:
        """The person of the link, if the account may be reset by mail."""
        user = super().get_user(uidb64)
        is_open = isinstance(user, User) and user.state == User.State.ACTIVE and user.email
        return user if is_open and isinstance(user, User) else None

    def get_form(self, form_class: object = None) -> NewPasswordForm:  # type: ignore[override] # noqa: ARG002
        """Judged by what is known about the person; a dead link has none."""
        if self.user is None:
            return NewPasswordForm(None, NOWHERE)
        return NewPasswordForm(self.request.POST or None, surroundings(self.user))

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """How long the password must be."""
        context = super().get_context_data(**kwargs)
        if isinstance(self.user, User):
            context["min"] = surroundings(self.user).chars_min
        return context

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:  # type: ignore[override]
        """Keep it, and let the link die."""
        if isinstance(self.user, User):
            keep_new(self.user, form.password(), now=timezone.now())
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        return redirect("reset-done")


def keep_new(user: User, password: str, *, now: datetime) -> None:
    """Put it in force, end every session, write it down, tell the person."""
    with access.acting_as(user.pk):
        user.set_password(password)
        user.password_changed_at = now
        user.save(update_fields=["password", "password_changed_at", "has_long_password"])
        audit.record(Actor(user, None), "user.password_reset", user, now=now)
        mails.post_change(user, "password", now=now)
        sessions.end_all([user])
        tries.begin_anew(user.login)


@login_not_required
@require_http_methods(["GET"])
def reset_done(request: HttpRequest) -> HttpResponseBase:
    """Say that the new password holds, and lead to the sign-in."""
    return render(request, "account/reset_done.html")
