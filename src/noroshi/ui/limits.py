"""How often a form that is open to everybody may be sent, counted for all processes together."""

import functools
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from noroshi.tenants.sign_ins import address_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `times` in each window of `window_s` seconds, from one internet address."""

    name: str
    times: int
    window_s: int
    is_of_account: bool = True  # whoever waits may go back to the sign-in


# A school or an office may stand behind one address, so these are for machines, not for people.
SIGN_IN = Limit("sign-in", 100, 5 * 60)
PASSKEY = Limit("passkey", 100, 5 * 60)
RESET = Limit("reset", 20, 3600)
RESET_CONFIRM = Limit("reset-confirm", 40, 3600)
LINK = Limit("link", 40, 3600)
# Links in mails: their readers have no account, and a company's gateway may open them for many.
BY_MAIL = Limit("by-mail", 100, 5 * 60, is_of_account=False)
# How many mails one person can be sent by strangers.
RESET_MAILS = Limit("reset-mails", 3, 3600)


def limited(limit: Limit) -> Callable[[View[P]], View[P]]:
    """Answer 429 to a POST that is one too many from its address; looking is free."""

    def around(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method == "POST":
                wait_s = one_more(limit, address_of(request) or "")
                if wait_s:
                    return too_many(request, wait_s, is_of_account=limit.is_of_account)
            return view(request, *args, **kwargs)

        return door

    return around


def one_more(limit: Limit, who: str) -> int:
    """Count one; returns 0, or in how many seconds the next window begins when it is too many."""
    at = timezone.now().timestamp()
    window = int(at // limit.window_s)
    digest = hashlib.sha256(who.encode(errors="replace")).hexdigest()
    key = f"{limit.name}:{window}:{digest}"
    cache.add(key, 0, timeout=limit.window_s * 2)
    try:
        count = cache.incr(key)
    except ValueError:  # culled between the two questions
        cache.set(key, 1, timeout=limit.window_s * 2)
        count = 1
    if count <= limit.times:
        return 0
    return max(1, math.ceil((window + 1) * limit.window_s - at))


def too_many(
    request: HttpRequest, wait_s: int, *, is_password: bool = False, is_of_account: bool = True
) -> HttpResponse:
    """429 with Retry-After and the minutes to wait."""
    context = {
        "minutes": math.ceil(wait_s / 60),
        "is_password": is_password,
        "is_of_account": is_of_account,
    }
    answer = render(request, "ui/wait.html", context, status=429)
    answer["Retry-After"] = str(wait_s)
    return answer
