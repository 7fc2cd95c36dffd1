"""For whom a person acts: choosing a tenant."""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from noroshi.tenants import access
from noroshi.tenants.models import Membership, User
from noroshi.web.member import TENANT_KEY, memberships_of, signed_in


@require_GET
def choose_tenant(request: HttpRequest) -> HttpResponseBase:
    """The tenants the person acts for; says so when there is none."""
    user = signed_in(request)
    context = {
        "memberships": memberships_of(user),
        "held": held_of(user),
        "user_name": user.name,
        "user": user,
    }
    return render(request, "web/sign/choose.html", context)


@require_POST
def act_for(request: HttpRequest, code: str) -> HttpResponseBase:
    """Act for this tenant from now on, in this session, which gets another key."""
    if not any(code == mine.tenant.code for mine in memberships_of(signed_in(request))):
        raise Http404
    request.session.cycle_key()
    request.session[TENANT_KEY] = code
    return redirect("home")


def held_of(user: User) -> list[Membership]:
    """Where the person was stopped, or the whole tenant was, and not taken off the register."""
    with access.acting_as(user.pk):
        mine = user.memberships.select_related("tenant").exclude(**access.IN_FORCE)
        return list(mine.order_by("tenant__name", "id"))
