"""Tenants: make, change, see who uses the service for them."""

from django.contrib import messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from noroshi.contracts.actions import ContractRefusal
from noroshi.contracts.effective import contract_of, data_scope_of, limits_of
from noroshi.contracts.registry import said
from noroshi.devices.models import Device
from noroshi.office.actions import make_tenant, save_tenant
from noroshi.office.forms.tenant import NewTenantForm, TenantForm
from noroshi.office.paging import page_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.stepping import stepping
from noroshi.tenants import agencies, approvals, kinds, parties, register
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.models import Act, Membership, Tenant, Violation

PER_PAGE = 100
PARTIES_SHOWN = 500


@require_GET
@staff_page(duty=Duty.TENANTS)
def tenants(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """All tenants with their numbers."""
    words = text_of(request, "q")
    rows = counted(Tenant.objects.all())
    if words:
        rows = rows.filter(name__icontains=words)
    page = page_of(request, rows.order_by("name", "pk"), PER_PAGE)
    tenants_shown = [one.pk for one in page.object_list]
    scopes = data_scope_of(tenants_shown, kinds.japans_day(timezone.now()))
    lines = [(one, said("data_scope", scopes[one.pk].of.found.text)) for one in page.object_list]
    context = {"page": page, "lines": lines, "words": words}
    return show(request, by, "office/tenants/list.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.TENANTS)
def tenant_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Make one."""
    now = timezone.now()
    form = NewTenantForm(
        request.POST or None,
        instance=Tenant(created_at=now),
        initial={"from_day": kinds.japans_day(now)},
    )
    if request.method == "POST" and form.is_valid():
        made = form.save(commit=False)
        try:
            make_tenant(made, form.sheet(), by=by.user, now=now)
        except ContractRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("契約者「%(name)s」を追加しました。") % {"name": made.name})
            return redirect("office-tenant", code=made.code)
    return show(request, by, "office/tenants/new.html", {"form": form})


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.TENANTS)
def tenant(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One tenant: facts, users."""
    found = get_object_or_404(Tenant, code=code)
    form = TenantForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        save_tenant(form.save(commit=False), by=by.user, now=timezone.now())
        messages.success(request, _("「%(name)s」を保存しました。") % {"name": found.name})
        return redirect("office-tenant", code=code)
    return page_of_tenant(request, by, code, form=form)


def page_of_tenant(
    request: HttpRequest, by: Actor, code: str, *, form: TenantForm | None = None
) -> HttpResponseBase:
    """The page of a tenant with whichever form was just sent."""
    found = get_object_or_404(counted(Tenant.objects.all()), code=code)
    now = timezone.now()
    today = kinds.japans_day(now)
    members = Membership.objects.filter(tenant=found).select_related("user")
    waiting = register.current(found).filter(membership=None)
    context = {
        "tenant": found,
        "form": form or TenantForm(instance=found),
        "has_accounts": kinds.has_accounts(found, now),
        "contract": contract_of(found.pk, today),
        "users_max": limits_of(found.pk, today).users_max,
        "members": members.order_by("user__login"),
        "waiting": waiting.order_by("named_at"),
        "named": register.current(found).count(),
        "agents": agencies.register()[:PARTIES_SHOWN],
        "violation_count": Violation.objects.filter(tenant=found).count(),
        "asked": approvals.awaited(now, Act.UNFREEZE, tenant=found.code),
        **stepping(request),
        "free_parties": parties.free_for_tenants()[:PARTIES_SHOWN],
    }
    return show(request, by, "office/tenants/one.html", context)


def counted(rows: QuerySet[Tenant]) -> QuerySet[Tenant]:
    """With the numbers of users and of devices in service."""
    devices = Device.objects.filter(tenant=OuterRef("pk"), retired_at=None).order_by()
    numbers = devices.values("tenant").annotate(n=Count("pk")).values("n")
    return rows.annotate(
        users=Count("memberships", distinct=True),
        devices=Coalesce(Subquery(numbers, output_field=IntegerField()), 0),
    )
