"""What waits for a second person, and what became of the rest: look, approve, refuse, take back."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from noroshi.office import approving
from noroshi.office.paging import page_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.stepping import confirm_url
from noroshi.outbox.handed import Given
from noroshi.tenants import approvals
from noroshi.tenants.approvals import ApprovalRefusal
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.models import Approval
from noroshi.tenants.recent import require_recent

PER_PAGE = 50


@require_GET
@staff_page(duty=Duty.APPROVALS)
def all_approvals(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """What waits, the oldest first; below it what is over."""
    now = timezone.now()
    context = {
        "waiting": [(one, approvals.may_decide(by.user, one)) for one in approvals.waiting(now)],
        "page": page_of(request, approvals.over(now), PER_PAGE),
        "now": now,
        "two_persons": settings.TWO_PERSONS,
    }
    return show(request, by, "office/approvals/list.html", context)


@require_GET
@staff_page(duty=Duty.APPROVALS)
def approval(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One, with the exact text."""
    return page_of_approval(request, by, found_by(code))


@require_POST
@never_cache
@staff_page(duty=Duty.APPROVING)
@require_recent
def approval_approve(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Say yes: it is done now. What is handed over shows in the answer, once."""
    found = found_by(code)
    try:
        done = approving.approve(found, by=by, now=timezone.now())
    except approving.REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("承認しました。%(words)s") % {"words": done.words})
        if done.given is not None:
            return page_of_approval(request, by, found_by(code), given=done.given)
    return redirect("office-approval", code=code)


@require_POST
@staff_page(duty=Duty.APPROVING)
@require_recent
def approval_refuse(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Say no, and why."""
    try:
        approving.refuse(found_by(code), request.POST.get("answer", ""), by=by, now=timezone.now())
    except ApprovalRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("否認しました。何も変わっていません。"))
    return redirect("office-approval", code=code)


@require_POST
@staff_page(duty=Duty.APPROVALS)
def approval_withdraw(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Take back what one asked for oneself."""
    try:
        approvals.withdraw(found_by(code), by=by, now=timezone.now())
    except ApprovalRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("申請を取り下げました。"))
    return redirect("office-approval", code=code)


def page_of_approval(
    request: HttpRequest, by: Actor, found: Approval, *, given: Given | None = None
) -> HttpResponseBase:
    """The page, with what was just handed over."""
    now = timezone.now()
    is_open = found.state == Approval.State.WAITING and not approvals.is_lapsed(found, now)
    context = {
        "found": found,
        "given": given,
        "is_open": is_open,
        "is_lapsed": approvals.is_lapsed(found, now),
        "may_decide": is_open and approvals.may_decide(by.user, found),
        "is_mine": by.user is not None and by.user.pk == found.asked_by_id,
        "confirm_url": confirm_url(request),
    }
    return show(request, by, "office/approvals/one.html", context)


def found_by(code: str) -> Approval:
    """The approval of that code, or 404."""
    rows = Approval.objects.select_related("asked_by", "decided_by")
    return get_object_or_404(rows, code=code)
