"""Stop every user id of the tenant in one act (全アカウント緊急停止)."""

import unicodedata

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from noroshi.tenants import access, register
from noroshi.tenants.models import Membership
from noroshi.web.member import actor_of, manager_only, tenant_page
from noroshi.web.show import show


@require_http_methods(["GET", "POST"])
@tenant_page
@manager_only
def users_freeze(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Say what happens; act when the tenant's name was typed; then nobody is signed in."""
    problem = ""
    typed = request.POST.get("name", "")
    if request.method == "POST":
        if plain(typed) == plain(member.tenant.name):
            register.freeze_all(member.tenant, by=actor_of(member), now=timezone.now())
            logout(request)
            return render(request, "web/users/frozen.html", {"tenant": member.tenant})
        problem = _("契約者の名称と一致しません。上の名称をそのまま入力してください。")
    people = access.rows(member, Membership).filter(stopped_at=None, user__is_active=True)
    context = {"problem": problem, "typed": typed, "people": people.count()}
    return show(request, member, "web/users/freeze.html", context)


def plain(text: str) -> str:
    """A name without the differences of width, case and blanks that typing brings."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
