"""Tenants and their users: make, change, issue sign-ins."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.devices.models import Device
from noroshi.office.actions import make_member, reset_password, save_tenant
from noroshi.office.forms.tenant import MemberForm, TenantForm
from noroshi.office.paging import page_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import acting_for, staff_page
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Membership, Tenant, User

PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Issued:
    """A sign-in to be handed over; the password stands on this one page and nowhere else."""

    user: User
    password: str


@require_GET
@staff_page
def tenants(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """All tenants with their numbers."""
    words = text_of(request, "q")
    rows = counted(Tenant.objects.all())
    if words:
        rows = rows.filter(name__icontains=words)
    page = page_of(request, rows.order_by("name", "pk"), PER_PAGE)
    return show(request, by, "office/tenants/list.html", {"page": page, "words": words})


@require_http_methods(["GET", "POST"])
@staff_page
def tenant_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Make one."""
    now = timezone.now()
    form = TenantForm(request.POST or None, instance=Tenant(created_at=now))
    if request.method == "POST" and form.is_valid():
        made = form.save(commit=False)
        save_tenant(made, by=by.user, now=now)
        messages.success(request, _("契約者「%(name)s」を追加しました。") % {"name": made.name})
        return redirect("office-tenant", code=made.code)
    return show(request, by, "office/tenants/new.html", {"form": form})


@require_http_methods(["GET", "POST"])
@staff_page
def tenant(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One tenant: facts, users."""
    found = get_object_or_404(Tenant, code=code)
    form = TenantForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        save_tenant(form.save(commit=False), by=by.user, now=timezone.now())
        messages.success(request, _("「%(name)s」を保存しました。") % {"name": found.name})
        return redirect("office-tenant", code=code)
    return page_of_tenant(request, by, code, form=form)


@require_POST
@never_cache
@staff_page
def member_new(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Make a user; the answer itself shows the password, once."""
    found = get_object_or_404(Tenant, code=code)
    form = MemberForm(request.POST)
    if not form.is_valid():
        return page_of_tenant(request, by, code, member_form=form)
    actor = acting_for(by, found)
    user, password = make_member(found, form.member(), by=actor, now=timezone.now())
    return page_of_tenant(request, by, code, issued=Issued(user, password))


@require_POST
@never_cache
@staff_page
def member_reset(request: HttpRequest, by: Actor, code: str, number: int) -> HttpResponseBase:
    """Give a user a new password; the answer itself shows it, once."""
    members = Membership.objects.select_related("tenant", "user")
    found = get_object_or_404(members, pk=number, tenant__code=code, user__kind=User.Kind.PERSON)
    actor = acting_for(by, found.tenant)
    password = reset_password(found.user, by=actor, now=timezone.now())
    return page_of_tenant(request, by, code, issued=Issued(found.user, password))


def page_of_tenant(
    request: HttpRequest,
    by: Actor,
    code: str,
    *,
    issued: Issued | None = None,
    **forms: TenantForm | MemberForm,
) -> HttpResponseBase:
    """The page of a tenant with whichever form was just sent."""
    found = get_object_or_404(counted(Tenant.objects.all()), code=code)
    members = Membership.objects.filter(tenant=found).select_related("user")
    context = {
        "tenant": found,
        "form": forms.get("form") or TenantForm(instance=found),
        "member_form": forms.get("member_form") or MemberForm(),
        "members": members.order_by("user__login"),
        "issued": issued,
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
