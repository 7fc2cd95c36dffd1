"""Who changed what, and when."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from noroshi.tenants import access
from noroshi.tenants.models import AuditEntry, Enrolment, Membership
from noroshi.ui.historywords import action_of, details_of
from noroshi.web.member import tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show

PER_PAGE = 100
# What is done about people is for those who look after them.
ABOUT_PEOPLE = r"^(user|register|visit|tenant|sign_ins)\."


@dataclass(frozen=True, slots=True)
class Line:
    """One change in words."""

    entry: AuditEntry
    action: str
    details: list[tuple[str, str]]


@require_GET
@tenant_page
def history(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The newest first; `?who=` (a line of the register) shows what one user did."""
    rows = access.rows(member, AuditEntry).select_related("user").order_by("-at", "-pk")
    if not member.may_manage:
        rows = rows.exclude(action__regex=ABOUT_PEOPLE)
    code = request.GET.get("who", "")
    who = access.row(member, Enrolment, code=code) if code and member.may_manage else None
    if who:
        rows = rows.filter(user__memberships__enrolment=who)
    page = page_of(request, rows, PER_PAGE)
    lines = [Line(one, action_of(one.action), details_of(one.details)) for one in page.object_list]
    context = {"page": page, "lines": lines, "who": who}
    return show(request, member, "web/history/list.html", context)
