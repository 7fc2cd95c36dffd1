"""Coming in by password or passkey, the second proof, and going out."""

from typing import cast

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from noroshi.account import codes
from noroshi.account.forms import LOGIN_CHARS_MAX, WRONG, SignInForm
from noroshi.account.front import sign_in_page
from noroshi.tenants import sessions, sign_ins
from noroshi.tenants.models import SignIn, User
from noroshi.tenants.sign_ins import Arrival, where_of
from noroshi.ui import limits


@sensitive_post_parameters("password")
@login_not_required
@require_http_methods(["GET", "POST"])
@limits.limited(limits.SIGN_IN)
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask who is there. One answer for a wrong password, an unknown and a stopped id."""
    if request.user.is_authenticated:
        return redirect(get_next_redirect_url(request) or "home")
    # The QR code of a letter brings the user id along.
    told = {"username": request.GET.get("id", "")[:LOGIN_CHARS_MAX]}
    form = SignInForm(request.POST or None, initial=told)
    if request.method == "GET" or not form.is_valid():
        return sign_in_page(request, form)
    login = form.cleaned_data["username"].strip()
    told = {"username": login, "password": form.cleaned_data["password"]}
    user = authenticate(request, **told)
    if isinstance(user, User):
        way = Login(user=user, redirect_url=get_next_redirect_url(request))
        return cast(HttpResponse, perform_password_login(request, told, way))
    note_failure(request, login)
    form.add_error(None, WRONG)
    return sign_in_page(request, form)


def note_failure(request: HttpRequest, login: str) -> None:
    """Write down a try that came to nothing, whoever it was."""
    user = User.objects.filter(login=login).first()
    outcome = SignIn.Outcome.WRONG
    if getattr(request, "axes_locked_out", False):
        outcome = SignIn.Outcome.LOCKED
    elif user is not None and user.state not in User.OPEN_STATES:
        outcome = SignIn.Outcome.REFUSED
    arrival = Arrival(outcome, "password")
    sign_ins.note(user, arrival, where_of(request), now=timezone.now())


class Code(AuthenticateView):  # type: ignore[misc]
    """The second proof, after the password: a code or a passkey."""

    template_name = "account/code.html"
    http_method_names = ("get", "post")

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """Which ways this person has; in the demo also the code, for nobody has its phone."""
        context = cast("dict[str, object]", super().get_context_data(**kwargs))
        mine = {
            factor.type: factor
            for factor in Authenticator.objects.filter(user=self.stage.login.user)
        }
        app = mine.get(Authenticator.Type.TOTP)
        is_demo = settings.DEMO and app is not None and app.data.get("demo")
        return context | {
            "has_app": app is not None,
            "has_key": Authenticator.Type.WEBAUTHN in mine,
            "has_codes": Authenticator.Type.RECOVERY_CODES in mine,
            "is_demo": is_demo,
            "demo_code": codes.next_code(app) if is_demo else "",
        }

    def form_invalid(self, form: object) -> HttpResponse:
        """A wrong code is a failed try like any other."""
        user = self.stage.login.user
        arrival = Arrival(SignIn.Outcome.WRONG, "password+")
        sign_ins.note(user, arrival, where_of(self.request), now=timezone.now())
        return cast(HttpResponse, super().form_invalid(form))


@login_not_required
@require_http_methods(["GET", "POST"])
@limits.limited(limits.PASSKEY)
def by_passkey(request: HttpRequest) -> HttpResponseBase:
    """GET as JSON: what the browser is to sign. POST: what it signed."""
    return cast(HttpResponseBase, LoginWebAuthnView.as_view()(request))


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End this session here and on the server."""
    if isinstance(request.user, User):
        arrival = Arrival(SignIn.Outcome.SIGNED_OUT)
        sign_ins.note(request.user, arrival, where_of(request), now=timezone.now())
        sessions.end([request.session.session_key or ""])
    logout(request)
    answer = redirect("sign-in")
    answer["Clear-Site-Data"] = '"cache", "storage"'  # whoever sits here next finds nothing
    return answer
