"""Lay a page of the front hall: alone on the sheet, or with the short menu around it."""

from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from noroshi.tenants.models import User
from noroshi.ui.nav import NavItem


def alone(
    request: HttpRequest, template: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """One question on a sheet, with a way back to the account page."""
    around = {"user_name": signed_in(request).name, "door": door_of(signed_in(request))}
    return render(request, template, {**around, **context}, status=status)


def page(request: HttpRequest, template: str, context: Mapping[str, object]) -> HttpResponse:
    """A page inside the layout."""
    user = signed_in(request)
    home = reverse("home")
    around = {
        "nav": [
            NavItem(_("ホーム"), home, icon="home"),
            NavItem(_("アカウント"), reverse("account"), current=True, icon="menu"),
        ],
        "user_name": user.name,
        "door": door_of(user),
        "home_url": home,
        "live_url": "",
    }
    return render(request, template, {**around, **context})


def door_of(user: User) -> str:
    """Which look the person knows."""
    return "office" if user.is_staff else "web"


def signed_in(request: HttpRequest) -> User:
    """The person; PermissionDenied when nobody is signed in (the middleware sends those away)."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
