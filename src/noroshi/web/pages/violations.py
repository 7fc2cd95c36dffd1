"""Confirmed breaches by the tenant's users, each with the button that stops the user."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from noroshi.tenants import violations as register
from noroshi.tenants.models import Membership
from noroshi.web.member import manager_only, tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show

PER_PAGE = 50


@require_GET
@tenant_page
@manager_only
def violations(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The newest first."""
    page = page_of(request, register.seen_by(member.tenant), PER_PAGE)
    return show(request, member, "web/violations/list.html", {"page": page})
