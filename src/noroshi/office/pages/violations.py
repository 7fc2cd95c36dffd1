"""Breaches of the terms: list, look, write down, confirm, clear, close."""

from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.office import approving, asking
from noroshi.office.forms.violation import ViolationForm
from noroshi.office.pages.parties import filed
from noroshi.office.paging import one_of, page_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.stepping import stepping, tell
from noroshi.tenants import approvals, violations
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty, may_change
from noroshi.tenants.filing import BadPaper
from noroshi.tenants.models import Act, Tenant, Violation
from noroshi.tenants.recent import require_recent
from noroshi.tenants.violations import Found, ViolationRefusal

PER_PAGE = 50
DUTY = Duty.VIOLATIONS
STATES = tuple(str(one) for one in Violation.State.values)
VERBS = ("confirm", "clear", "close")


@require_GET
@staff_page(duty=DUTY)
def all_violations(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The list, narrowed by state and contractor."""
    state, code = one_of(request, "state", STATES), request.GET.get("tenant", "")
    rows = Violation.objects.select_related("tenant", "recorded_by")
    tenant = Tenant.objects.filter(code=code).first() if code else None
    if state:
        rows = rows.filter(state=state)
    if tenant is not None:
        rows = rows.filter(tenant=tenant)
    context = {
        "page": page_of(request, rows.order_by("-at", "-pk"), PER_PAGE),
        "state": state,
        "tenant": tenant,
        "states": Violation.State.choices,
    }
    return show(request, by, "office/violations/list.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=DUTY)
def violation_new(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Write one down about a contractor."""
    tenant = get_object_or_404(Tenant.objects.select_related("party"), code=code)
    form = ViolationForm(tenant, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = recorded(tenant, form, by=by, now=timezone.now())
        except (ViolationRefusal, BadPaper) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, _("違反の記録を加えました。確定するまで契約者には見えません。")
            )
            return redirect("office-violation", code=made.code)
    context = {
        "form": form,
        "tenant": tenant,
        "may_change": by.user is not None and may_change(by.user.staff_roles, DUTY),
    }
    return show(request, by, "office/violations/new.html", context)


@require_GET
@staff_page(duty=DUTY)
def violation(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One, with what can be done now."""
    found = found_by(code)
    party = found.tenant.party
    context = {
        "found": found,
        "same": [
            one
            for one in violations.against(
                found.tenant.name, party.corporate_number if party else ""
            )
            if one.pk != found.pk
        ][:PER_PAGE],
        "may_change": by.user is not None and may_change(by.user.staff_roles, DUTY),
        "asked": approvals.awaited(timezone.now(), Act.VIOLATION_CONFIRMED, violation=found.code),
        **stepping(request),
    }
    return show(request, by, "office/violations/one.html", context)


@require_POST
@staff_page(duty=DUTY)
@require_recent
def violation_decide(request: HttpRequest, by: Actor, code: str, verb: str) -> HttpResponseBase:
    """Confirm, clear or close it; one that suspends is confirmed by two."""
    found, now = found_by(code), timezone.now()
    if verb not in VERBS:
        raise Http404
    reason = request.POST.get("reason", "")
    try:
        if verb == "confirm" and found.suspends:
            tell(request, approving.propose(asking.violation(found, reason), by=by, now=now))
        elif verb == "confirm":
            violations.confirm(found, by=by, now=now)
            messages.success(request, _("違反を確定しました。契約者の管理者に見えます。"))
        elif verb == "clear":
            violations.clear(found, reason, by=by, now=now)
            messages.success(request, _("「違反なし」として終えました。"))
        else:
            violations.close(found, reason, by=by, now=now)
            messages.success(request, _("是正済みとして終えました。"))
    except approving.REFUSALS as refusal:
        messages.error(request, str(refusal))
    return redirect("office-violation", code=code)


@transaction.atomic
def recorded(tenant: Tenant, form: ViolationForm, *, by: Actor, now: datetime) -> Violation:
    """The record with its paper: both, or nothing. Raises ViolationRefusal, BadPaper."""
    typed = dict(form.cleaned_data)
    file = typed.pop("paper")
    if file is not None and tenant.party is None:
        raise BadPaper(_("書類を付けるには、先に契約者を取引先に結び付けてください。"))
    paper = filed(file, tenant.party, by=by, now=now) if tenant.party else None
    return violations.record(tenant, Found(**typed, paper=paper), by=by, now=now)


def found_by(code: str) -> Violation:
    """The violation of that code, or 404."""
    rows = Violation.objects.select_related(
        "tenant__party", "enrolment__membership", "paper", "recorded_by", "decided_by", "closed_by"
    )
    return get_object_or_404(rows, code=code)
