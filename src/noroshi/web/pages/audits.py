"""Audit access (監査アクセス): file the notice, get the receipt, see what was looked at, end it."""

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.outbox.visit_mails import tell_filed
from noroshi.tenants.models import Membership
from noroshi.tenants.visits import FiledAudit, NotAllowed, end, file_audit
from noroshi.web.forms.audit import AuditForm
from noroshi.web.member import actor_of, manager_only, tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show
from noroshi.web.visitlines import audits_of, line_of
from noroshi.web.visitpage import show_visit

PER_PAGE = 50


@require_GET
@tenant_page
@manager_only
def audits(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Every notice, the newest first."""
    now = timezone.now()
    page = page_of(request, audits_of(member), PER_PAGE)
    lines = [line_of(visit, now) for visit in page.object_list]
    return show(request, member, "web/audits/list.html", {"page": page, "lines": lines})


@require_http_methods(["GET", "POST"])
@never_cache
@tenant_page
@manager_only
def audit_new(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """File a notice; the answer itself is the receipt and shows the link, once."""
    now = timezone.now()
    form = AuditForm(member, now=now, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            filed = file_and_tell(form, member)
        except NotAllowed as refusal:
            for name, fault in refusal.faults.items():
                form.add_error(name if name in form.fields else None, fault)
        else:
            context = {
                "filed": filed,
                "visit": filed.visit,
                "link": settings.BASE_URL + reverse("first-link", args=[filed.handed.secret]),
            }
            return show(request, member, "web/audits/receipt.html", context)
    return show(request, member, "web/audits/new.html", {"form": form})


@require_GET
@tenant_page
@manager_only
def audit(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """One audit: its state and every page that was looked at."""
    found = audits_of(member).filter(code=code).first()
    if found is None:
        raise Http404
    return show_visit(request, member, found)


@require_POST
@tenant_page
@manager_only
def audit_end(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """End it before its time."""
    found = audits_of(member).filter(code=code).first()
    if found is None:
        raise Http404
    if end(found, by=actor_of(member), now=timezone.now()):
        messages.success(request, _("監査アクセスを終了しました。"))
    return redirect("audit", found.code)


@transaction.atomic
def file_and_tell(form: AuditForm, member: Membership) -> FiledAudit:
    """The notice and its receipts, together or not at all. Raises NotAllowed."""
    filed = file_audit(member.tenant, form.notice(), by=actor_of(member), now=form.now)
    tell_filed(filed.visit, now=form.now)
    return filed
