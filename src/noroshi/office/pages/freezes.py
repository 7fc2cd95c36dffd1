"""Open a tenant again whose administrator stopped every user id."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from noroshi.office import approving, asking
from noroshi.office.staff import staff_page
from noroshi.office.stepping import tell
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
    elif found.frozen_at is not None:
        try:
            asked = asking.unfreeze(found, found.frozen_at, reason)
            tell(request, approving.propose(asked, by=by, now=timezone.now()))
        except approving.REFUSALS as refusal:
            messages.error(request, str(refusal))
    return redirect("office-tenant", code=code)
