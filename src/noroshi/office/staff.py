"""Who may be here: every page of this door begins with the staff, everybody else finds nothing."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponseBase

from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant, User

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def staff_page(page: Page[P]) -> Door[P]:
    """Hand the page who acts for the provider; 404 for anybody else."""

    @functools.wraps(page)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User) or not user.is_staff:
            raise Http404
        return page(request, Actor(user, None), *args, **kwargs)

    return door


def acting_for(by: Actor, tenant: Tenant | None) -> Actor:
    """The same person acting in one tenant's affairs, so that the tenant sees it too."""
    return Actor(by.user, tenant)
