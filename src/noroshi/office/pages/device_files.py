"""Terminals by CSV: see what each line would do, then register."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from noroshi.devices.importing import save
from noroshi.devices.listing import BadFile, headings
from noroshi.office.forms.device_file import DeviceFileForm
from noroshi.office.paging import text_of
from noroshi.office.show import show
from noroshi.office.staff import acting_for, staff_page
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.models import Tenant

GOOD_SHOWN = 20
SAVES = {"all": False, "good": True}  # what was decided, and whether faulty lines are left out


@require_http_methods(["GET", "POST"])
@never_cache
@staff_page(duty=Duty.DEVICES, is_form=True)
def device_import(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Take a file, show its lines with what is wrong; save only what was seen and decided."""
    sent = request.method == "POST"
    asked = {"tenant": text_of(request, "tenant")}
    form = DeviceFileForm(request.POST, request.FILES) if sent else DeviceFileForm(initial=asked)
    decision = request.POST.get("save", "")
    if sent and form.is_valid() and decision in SAVES:
        tenant, count = saved(form, by, is_partial=SAVES[decision])
        if count:
            words = ngettext("%(n)d台を登録しました。", "%(n)d台を登録しました。", count)
            messages.success(request, words % {"n": count})
            return redirect(f"{reverse('office-devices')}?tenant={tenant.pk}")
    listing = form.listing if sent else None
    context = {
        "form": form,
        "listing": listing,
        "shown": listing.good[:GOOD_SHOWN] if listing else [],
        "more": max(0, len(listing.good) - GOOD_SHOWN) if listing else 0,
        "heading": ",".join(headings()),
        "has_tenants": Tenant.objects.exists(),
    }
    return show(request, by, "office/devices/import.html", context)


def saved(form: DeviceFileForm, by: Actor, *, is_partial: bool) -> tuple[Tenant, int]:
    """Whose devices and how many were registered; 0 leaves the reason in the form."""
    tenant: Tenant = form.cleaned_data["tenant"]
    if form.listing is None:
        return tenant, 0
    actor, now = acting_for(by, tenant), timezone.now()
    try:
        made = save(form.listing, file=form.judged_name, is_partial=is_partial, by=actor, now=now)
    except BadFile as fault:
        form.add_error(None, str(fault))
        return tenant, 0
    return tenant, len(made)
