"""Who may be here: every page of this door begins with the staff, everybody else finds nothing."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, overload

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from noroshi.tenants import access
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import STRICTEST, Duty, may_change, may_read
from noroshi.tenants.models import Tenant, User

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@overload
def staff_page(page: Page[P], /) -> Door[P]: ...


@overload
def staff_page(*, duty: Duty, is_form: bool = False) -> Callable[[Page[P]], Door[P]]: ...


def staff_page(
    page: Page[P] | None = None, /, *, duty: Duty = STRICTEST, is_form: bool = False
) -> Door[P] | Callable[[Page[P]], Door[P]]:
    """Hand the page who acts for the provider; 404 for anybody else.

    `@staff_page(duty=Duty.DEVICES)` says what the page is about: staff without that duty are told
    so (403); with `is_form` the page is only for who may change it. A page that names no duty has
    the strictest. The whole page is one transaction that sees the register of all tenants, and
    nobody's data.
    """
    if page is None:
        return functools.partial(behind_door, duty=duty, is_form=is_form)
    return behind_door(page, duty=duty, is_form=is_form)


def behind_door(page: Page[P], *, duty: Duty, is_form: bool = False) -> Door[P]:
    """The page as everybody finds it."""

    @functools.wraps(page)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User) or not user.is_staff:
            raise Http404
        refuse_without(duty, user, is_change=is_form or request.method not in SAFE)
        with access.in_office(user.pk):
            return page(request, Actor(user, None), *args, **kwargs)

    return door


def refuse_without(duty: Duty, user: User, *, is_change: bool) -> None:
    """Raise PermissionDenied, in words for the person, when the duty is none of the person's."""
    roles = user.staff_roles
    if is_change and not may_change(roles, duty):
        raise PermissionDenied(_("あなたの役割では変更できません。管理者に頼んでください。"))
    if not may_read(roles, duty):
        raise PermissionDenied(_("あなたの役割では開けません。管理者に相談してください。"))


def acting_for(by: Actor, tenant: Tenant | None) -> Actor:
    """The same person acting in one tenant's affairs, so that the tenant sees it too."""
    return Actor(by.user, tenant)
