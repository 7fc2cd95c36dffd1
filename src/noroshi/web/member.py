"""Who asks, and for which tenant: every page of this door begins here."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from noroshi.tenants import access
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Membership, User
from noroshi.web.licensed import refuse_unlicensed
from noroshi.web.visiting import is_outsider, look_in, membership_by_visit, name_of

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Membership, P], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

TENANT_KEY = "tenant"  # the session's note of the tenant last chosen: a tenant's code


class NotAMember(Exception):
    """The person acts for no tenant, or for several and has not said for which."""


def tenant_page(page: Page[P]) -> Door[P]:
    """Hand the page the membership; send everybody else where they belong.

    The whole page is one transaction that sees the rows of this tenant only.
    """

    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            member = member_of(request)
        except NotAMember:
            return elsewhere(request)
        with access.acting_in(member.tenant_id, member.user_id):
            refuse_unlicensed(request, member, name_of(request))
            look_in(request)
            return page(request, member, *args, **kwargs)

    functools.update_wrapper(door, page)
    return door


def editor_only(page: Page[P]) -> Page[P]:
    """Refuse with 403 a member who may only look; stands below `tenant_page`."""

    def door(
        request: HttpRequest, member: Membership, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not member.may_edit:
            raise PermissionDenied(_("閲覧者は変更できません。管理者か編集者に頼んでください。"))
        return page(request, member, *args, **kwargs)

    functools.update_wrapper(door, page)
    return door


def manager_only(page: Page[P]) -> Page[P]:
    """Refuse with 403 who does not look after the tenant's users; stands below `tenant_page`."""

    def door(
        request: HttpRequest, member: Membership, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not member.may_manage:
            raise PermissionDenied(_("このページは管理者だけが使えます。管理者に頼んでください。"))
        return page(request, member, *args, **kwargs)

    functools.update_wrapper(door, page)
    return door


def member_of(request: HttpRequest) -> Membership:
    """The membership in force: the one chosen in this session, or the only one; else NotAMember.

    A visit that is going on goes first: then it is a viewer's part, saved nowhere.
    """
    visiting = membership_by_visit(request, signed_in(request))
    if visiting is not None:
        return visiting
    found = memberships_of(signed_in(request))
    chosen = request.session.get(TENANT_KEY)
    for membership in found:
        if membership.tenant.code == chosen:
            return membership
    if len(found) == 1:
        return found[0]
    raise NotAMember


def memberships_of(user: User) -> list[Membership]:
    """All tenants the person acts for, by name."""
    return access.memberships_of(user)


def signed_in(request: HttpRequest) -> User:
    """The person; NotAMember when nobody is signed in."""
    if not isinstance(request.user, User):
        raise NotAMember
    return request.user


def actor_of(member: Membership) -> Actor:
    """The member as the audit log names who acted."""
    return Actor(user=member.user, tenant=member.tenant)


def elsewhere(request: HttpRequest) -> HttpResponseBase:
    """A person of the office goes to the office; a visitor, or anybody else, chooses a tenant.

    Http404 for who acts only for tenants whose kind of service has no accounts.
    """
    user = signed_in(request)
    if access.is_shut_out(user):
        raise Http404
    if is_outsider(user):
        return redirect("looking")
    if user.is_staff and not memberships_of(user):
        return redirect("office-home")
    return redirect("choose-tenant")
