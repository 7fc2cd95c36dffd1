"""Nobody sees anything with an initial password: every page but the change answers 403."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from noroshi.tenants.models import User

# By address name. Static files never come this far.
ALLOWED = frozenset(
    {
        *("first-password", "first-link", "sign-out", "set_language", "healthz", "csp-report"),
        *("consent", "incident-by-mail"),  # of the mail's holder, whoever is signed in
    }
)


class FirstChange:
    """Stand behind the middleware that knows who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the judgement waits until the address is resolved."""
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """403 with the way to the change page, for whoever still has the initial password."""
        user = request.user
        if not isinstance(user, User) or not user.must_change_password:
            return None
        where = request.resolver_match
        if where is not None and where.view_name in ALLOWED:
            return None
        return render(request, "account/first_refused.html", {"user_name": user.name}, status=403)
