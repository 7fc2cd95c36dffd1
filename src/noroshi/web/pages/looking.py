"""Visits from the visitor's side: choose one, end it. Everything else stays read-only."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from noroshi.tenants import access, visits
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Visit
from noroshi.tenants.visits import SESSION_KEY
from noroshi.web.member import signed_in
from noroshi.web.visiting import first_page


@require_GET
def looking(request: HttpRequest) -> HttpResponseBase:
    """What the person may look into now; says so when there is nothing."""
    user = signed_in(request)
    with access.acting_as(user.pk):
        running = visits.active_visits(user, timezone.now())
    context = {"visits": running, "user_name": user.name, "user": user}
    return render(request, "web/looking/choose.html", context)


@require_POST
def looking_begin(request: HttpRequest, code: str) -> HttpResponseBase:
    """Look in by this visit from now on, in this session."""
    visit = own_visit(request, code)
    request.session[SESSION_KEY] = visit.code
    return redirect(first_page(visit))


@require_POST
def looking_end(request: HttpRequest, code: str) -> HttpResponseBase:
    """End the visit for good. An auditor's account ends with it, so the auditor is signed out."""
    user = signed_in(request)
    visit = own_visit(request, code)
    request.session.pop(SESSION_KEY, None)
    if visit.kind == Visit.Kind.AUDIT:
        logout(request)
    with access.acting_in(visit.tenant_id, user.pk):
        visits.end(visit, Actor(user, visit.tenant), timezone.now())
    messages.success(request, _("閲覧を終わりました。"))
    if visit.kind == Visit.Kind.AUDIT:
        return redirect("sign-in")
    return redirect("office-visits" if user.is_staff else "looking")


def own_visit(request: HttpRequest, code: str) -> Visit:
    """The person's own visit of this code, running now; else 404."""
    user = signed_in(request)
    with access.acting_as(user.pk):
        running = visits.active_visits(user, timezone.now())
    for visit in running:
        if visit.code == code:
            return visit
    raise Http404
