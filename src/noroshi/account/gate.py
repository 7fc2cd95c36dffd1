"""Between the door and every page: does the session still hold, is the second factor there?"""

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from noroshi.tenants import factors, sessions
from noroshi.tenants.models import User

SET_UP = "factor-set-up"
# By address name: all that somebody without the second factor may open who must have one.
OPEN = frozenset(
    {
        *(SET_UP, "mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes", "confirm"),
        *("first-link", "sign-out", "set_language", "healthz", "csp-report"),
        *("consent", "incident-by-mail"),  # of the mail's holder, whoever is signed in
    }
)

Handler = Callable[[HttpRequest], HttpResponse]


class Gate:
    """End a session that is over; stands behind the middleware that knows who asks."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Whoever came too late is nobody from here on."""
        user = request.user
        if isinstance(user, User) and not sessions.is_alive(request, user, now=timezone.now()):
            sessions.end([request.session.session_key or ""])
            logout(request)
        key = request.session.session_key
        answer = self._get_response(request)
        if request.session.modified:
            sessions.follow(request, key)
        return answer


class FactorFirst:
    """Hold whoever must set up a second factor: all other pages answer 403 until it is done."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the judgement waits until the address is resolved."""
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponseBase | None:
        """The home page leads on by itself. The password comes first (first_change.py)."""
        user = request.user
        if not isinstance(user, User) or user.must_change_password:
            return None
        if not factors.is_missing(user, request.session):
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        if name in OPEN:
            return None
        if request.method == "GET" and name in {"home", "office-home"}:
            return redirect(SET_UP)
        context = {"url": reverse(SET_UP), "user_name": user.name}
        return render(request, "account/held.html", context, status=403)
