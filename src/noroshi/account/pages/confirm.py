"""Ask once more who it is, by password, code or passkey, before something that matters."""

import json
from typing import cast

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from noroshi.account import show
from noroshi.account.forms import CodeForm, PasswordForm
from noroshi.account.pages.sign import note_failure
from noroshi.tenants.models import User
from noroshi.ui import limits


class AgainCodeForm(CodeForm):
    """A code as proof within a session."""

    def save(self) -> None:
        """Keep note of it in the session."""
        request = get_adapter().request
        post_authentication(request, self.authenticator, reauthenticated=True)


class AgainPasswordForm(PasswordForm):
    """The password as proof within a session."""

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.user = user

    def clean_password(self) -> str:
        """Compared and counted where every password is."""
        adapter = get_adapter()
        password = str(self.cleaned_data["password"])
        if not adapter.reauthenticate(self.user, password):
            note_failure(adapter.request, self.user.login)
            raise adapter.validation_error("incorrect_password")
        return password

    def save(self) -> None:
        """Keep note of it in the session."""
        reauthenticate_by_password(get_adapter().request)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@limits.limited(limits.SIGN_IN)
def confirm(request: HttpRequest) -> HttpResponseBase:
    """Each way that the person has; who passed goes on where `next` says, under a new key."""
    user = show.signed_in(request)
    asked = asked_of(user, request)
    given = next((form for form in asked.values() if form.is_bound), None)
    if given is not None and given.is_valid():
        cast("AgainPasswordForm", given).save()
        request.session.cycle_key()
        return redirect(get_next_redirect_url(request) or "account")
    options = json.dumps(begin_authentication(user)) if "key" in asked else ""
    following = get_next_redirect_url(request) or ""
    context: dict[str, object] = {**asked, "options": options, "next": following}
    return show.alone(request, "account/confirm.html", context)


def asked_of(user: User, request: HttpRequest) -> dict[str, forms.Form]:
    """The forms for what this person has; the one that was sent is bound."""
    kinds = set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
    sent = request.POST
    found: dict[str, forms.Form] = {
        "password": AgainPasswordForm(sent if "password" in sent else None, user=user)
    }
    if kinds - {Authenticator.Type.WEBAUTHN}:
        found["code"] = AgainCodeForm(data=sent if "code" in sent else None, user=user)
    if Authenticator.Type.WEBAUTHN in kinds:
        found["key"] = ReauthenticateWebAuthnForm(
            data=sent if "credential" in sent else None, user=user
        )
    return found
