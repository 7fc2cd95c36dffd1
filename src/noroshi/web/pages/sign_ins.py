"""The log of sign-ins (ログイン履歴): when, who, how it ended, from where, on what."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from noroshi.tenants import audit
from noroshi.tenants.logbook import hints_of, sign_ins_of
from noroshi.tenants.models import Membership
from noroshi.web.forms.signins import SignInsForm
from noroshi.web.member import actor_of, manager_only, tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show
from noroshi.web.signinlines import csv_of, method_of

PER_PAGE = 50
FILE_ROWS_MAX = 50_000


@require_GET
@tenant_page
@manager_only
def sign_ins(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The newest first."""
    form = SignInsForm(member, data=request.GET)
    rows = form.narrow(sign_ins_of(member.tenant)).select_related("user").order_by("-at", "-pk")
    page = page_of(request, rows, PER_PAGE)
    context = {
        "form": form,
        "page": page,
        "lines": [(row, method_of(row.method)) for row in page.object_list],
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
        "hints": hints_of(member.tenant, timezone.now()),
    }
    return show(request, member, "web/sign_ins/list.html", context)


@require_GET
@tenant_page
@manager_only
def sign_ins_file(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The same as a CSV file, at most FILE_ROWS_MAX rows; that it was taken is written down."""
    form = SignInsForm(member, data=request.GET)
    rows = form.narrow(sign_ins_of(member.tenant)).select_related("user").order_by("-at", "-pk")
    now = timezone.now()
    body = b"".join(csv_of(rows[:FILE_ROWS_MAX]))
    audit.record(actor_of(member), "sign_ins.exported", member.tenant, now=now)
    answer = HttpResponse(body, content_type="text/csv; charset=utf-8")
    name = f"sign-ins-{timezone.localtime(now):%Y%m%d}.csv"
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return answer
