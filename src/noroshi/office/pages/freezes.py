"""Open a tenant again whose administrator stopped every user id."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from noroshi.office.staff import acting_for, staff_page
from noroshi.tenants import register
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.models import Tenant
from noroshi.tenants.recent import require_recent

REASON_CHARS_MAX = 200


@require_POST
@staff_page(duty=Duty.ACCOUNTS)
@require_recent
def unfreeze(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Only with a word on how the person who asked was known."""
    found = get_object_or_404(Tenant, code=code)
    reason = request.POST.get("reason", "").strip()[:REASON_CHARS_MAX]
    if not reason:
        messages.error(request, _("理由と、本人と確かめた方法を書いてください。"))
    elif register.unfreeze(found, reason, by=acting_for(by, found), now=timezone.now()):
        messages.success(request, _("緊急停止を解除しました。"))
    return redirect("office-tenant", code=code)
