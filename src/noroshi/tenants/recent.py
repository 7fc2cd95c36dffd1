"""Ask again who it is before what matters: a password, code or passkey given minutes ago."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from noroshi.tenants.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

RECENT_S = 5 * 60


def require_recent(view: View[P]) -> View[P]:
    """Let in who proved within RECENT_S who they are; send others to do so, with no effect.

    After it a person comes back to the page asked for; from a POST to the page it was sent from.
    """

    @functools.wraps(view)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if is_recent(request):
            return view(request, *args, **kwargs)
        return redirect(f"{reverse('confirm')}?{urlencode({'next': page_of(request)})}")

    return door


def require_recent_to_change(view: View[P]) -> View[P]:
    """The same for a page that everybody may look at: only what changes something asks again."""
    asked = require_recent(view)

    @functools.wraps(view)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return (view if request.method == "GET" else asked)(request, *args, **kwargs)

    return door


def is_recent(request: HttpRequest) -> bool:
    """Whether the person of this session proved within RECENT_S who they are."""
    last = max((float(str(one["at"])) for one in records_of(request, request.user)), default=0.0)
    return 0 <= timezone.now().timestamp() - last < RECENT_S


def records_of(request: HttpRequest, user: object) -> list[dict[str, object]]:
    """What this person proved in this session: `method` (password, mfa), `at` (epoch s), `type`."""
    if not isinstance(user, User):
        return []
    return list(get_authentication_records(request, user))


def page_of(request: HttpRequest) -> str:
    """The page to come back to: a path of this site."""
    if request.method == "GET":
        return request.get_full_path()
    came = request.META.get("HTTP_REFERER", "")
    if url_has_allowed_host_and_scheme(came, {request.get_host()}):
        parts = urlsplit(came)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return reverse("home")
