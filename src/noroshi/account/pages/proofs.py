"""Setting up and taking away second factors: the library's pages in the house's look."""

import json
from typing import cast

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.account import codes, show
from noroshi.tenants import access, audit, factors
from noroshi.tenants.audit import Actor


class Laid:
    """What every page on a sheet needs around it."""

    request: HttpRequest
    http_method_names = ("get", "post")  # the library would take PUT for POST

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """The person's name, and the look of the person's door."""
        user = show.signed_in(self.request)
        found = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {
            **found,
            "user_name": user.name,
            "door": show.door_of(user),
            "is_held": not factors.has_factor(user) and factors.is_required(user),
        }


@require_GET
def set_up(request: HttpRequest) -> HttpResponseBase:
    """Choose a second factor: where those are led who must have one."""
    user = show.signed_in(request)
    context = {"is_held": factors.is_required(user) and not factors.has_factor(user)}
    return show.alone(request, "account/set_up.html", context)


class AddApp(Laid, ActivateTOTPView):  # type: ignore[misc]
    """Scan the code, type the six digits."""

    template_name = "account/app_add.html"

    def get_form(self, form_class: object = None) -> forms.Form:
        """Phones show the digits' keyboard."""
        form = cast(forms.Form, super().get_form(form_class))
        typed = {"autocomplete": "one-time-code", "inputmode": "numeric"}
        form.fields["code"].widget.attrs = typed
        return form

    def form_valid(self, form: object) -> HttpResponse:
        """The code that proved the app is used up by it."""
        answer = cast(HttpResponse, super().form_valid(form))
        app = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        codes.use_up(app, form.cleaned_data["code"])  # type: ignore[attr-defined]
        note(self.request, "user.app_added")
        return answer


class RemoveApp(Laid, DeactivateTOTPView):  # type: ignore[misc]
    """Take the app away."""

    template_name = "account/app_remove.html"
    success_url = reverse_lazy("account")

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """Why it cannot be taken away, where that is so."""
        refusal = factors.refusal_of(self.authenticator)
        return {**super().get_context_data(**kwargs), "refusal": refusal}

    def form_valid(self, form: object) -> HttpResponse:
        """Write it down."""
        answer = cast(HttpResponse, super().form_valid(form))
        note(self.request, "user.app_removed")
        return answer


class AddPasskey(Laid, AddWebAuthnView):  # type: ignore[misc]
    """Let the phone, the computer or a key make a passkey."""

    template_name = "account/passkey_add.html"

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """What the browser is asked to make, as JSON."""
        context = super().get_context_data(**kwargs)
        options = cast("dict[str, object]", context["js_data"])["creation_options"]
        return {**context, "options": json.dumps(options)}

    def form_valid(self, form: object) -> HttpResponse:
        """Write it down."""
        answer = cast(HttpResponse, super().form_valid(form))
        note(self.request, "user.passkey_added")
        return answer


class RemovePasskey(Laid, RemoveWebAuthnView):  # type: ignore[misc]
    """Take a passkey away."""

    template_name = "account/passkey_remove.html"
    success_url = reverse_lazy("account")

    def form_valid(self, form: object) -> HttpResponse:
        """Not the last factor of somebody who must have one, or whose password is short."""
        if refusal := factors.refusal_of(self.get_object()):
            messages.error(self.request, refusal)
            return redirect("account")
        answer = cast(HttpResponse, super().form_valid(form))
        note(self.request, "user.passkey_removed")
        return answer


class NewSpareCodes(Laid, GenerateRecoveryCodesView):  # type: ignore[misc]
    """Make a new list; the old one dies."""

    template_name = "account/codes_new.html"

    def form_valid(self, form: object) -> HttpResponse:
        """Write it down."""
        answer = cast(HttpResponse, super().form_valid(form))
        note(self.request, "user.spare_codes_made")
        return answer


class SpareCodes(Laid, ViewRecoveryCodesView):  # type: ignore[misc]
    """The list, shown once."""

    template_name = "account/codes.html"


def note(request: HttpRequest, action: str) -> None:
    """One line of the audit log about the own account."""
    user = show.signed_in(request)
    with access.acting_as(user.pk):
        audit.record(Actor(user, None), action, user, now=timezone.now())
