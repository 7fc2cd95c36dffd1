"""The page of one visit: what it was for, and every page that was looked at."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from noroshi.tenants import access
from noroshi.tenants.models import Membership, Visit, VisitView
from noroshi.ui.pagewords import page_word
from noroshi.web.paging import page_of
from noroshi.web.show import show
from noroshi.web.visitlines import line_of

PER_PAGE = 100


def show_visit(request: HttpRequest, member: Membership, visit: Visit) -> HttpResponse:
    """Lay it, the newest look first."""
    seen = access.rows(member, VisitView).filter(visit=visit).order_by("-at", "-pk")
    page = page_of(request, seen, PER_PAGE)
    context = {
        "line": line_of(visit, timezone.now()),
        "visit": visit,
        "is_audit": visit.kind == Visit.Kind.AUDIT,
        "page": page,
        "views": [(view, page_word(view.page)) for view in page.object_list],
    }
    return show(request, member, "web/accesses/one.html", context)
