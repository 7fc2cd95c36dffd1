"""What of the contractor's data will be deleted and what was, with the certificates."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from noroshi.retention import certificate
from noroshi.retention.models import DeletionPlan, DeletionRun
from noroshi.retention.totals import with_totals
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.keeping import keeping_of
from noroshi.web.member import tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show

PER_PAGE = 50


@require_GET
@tenant_page
def deletions(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Every plan, the next one first, with its counts."""
    rows = with_totals(access.rows(member, DeletionPlan)).select_related("run")
    context = {
        "page": page_of(request, rows.order_by("-run_on", "-pk"), PER_PAGE),
        "keeping": keeping_of(member, timezone.now()),
    }
    return show(request, member, "web/deletions/list.html", context)


@require_GET
@tenant_page
def certificate_file(_request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The certificate of one run, as a file."""
    run = access.row(member, DeletionRun, code=code)
    response = HttpResponse(certificate.paper(run), content_type=certificate.CONTENT_TYPE)
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=certificate.file_name(run)
    )
    return response
