"""Who of the provider's side looked at this tenant's data, why, and at what."""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.tenants.models import Membership
from noroshi.web.member import manager_only, tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show
from noroshi.web.visitlines import accesses_of, line_of
from noroshi.web.visitpage import show_visit

PER_PAGE = 50


@require_GET
@tenant_page
@manager_only
def accesses(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Every visit, the newest first, from the moment it was opened."""
    now = timezone.now()
    page = page_of(request, accesses_of(member), PER_PAGE)
    lines = [line_of(visit, now) for visit in page.object_list]
    return show(request, member, "web/accesses/list.html", {"page": page, "lines": lines})


@require_GET
@tenant_page
@manager_only
def one_access(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """One visit with every page that was looked at."""
    found = accesses_of(member).filter(code=code).first()
    if found is None:
        raise Http404
    return show_visit(request, member, found)
