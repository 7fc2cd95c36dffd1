"""The accounts of a tenant's users: issue, hand over again, stop, start, close."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.base.papers import PaperError
from noroshi.office.actions import issue_again, issue_waiting, name_and_issue
from noroshi.office.forms.tenant import FactorsForm, IssueForm, NamingForm, WaitingForm
from noroshi.office.show import show
from noroshi.office.staff import acting_for, staff_page
from noroshi.outbox.handed import Given
from noroshi.tenants import accounts, factors, letter
from noroshi.tenants.accounts import AccountRefusal
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.models import Enrolment, IssuedCredential, Membership, Tenant, User
from noroshi.tenants.recent import require_recent
from noroshi.tenants.register import RegisterRefusal

REFUSALS = (AccountRefusal, RegisterRefusal, PaperError)
VERBS = {"stop": accounts.stop, "start": accounts.start, "close": accounts.close}


@require_http_methods(["GET", "POST"])
@never_cache
@staff_page(duty=Duty.ACCOUNTS)
def member_new(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Name a user in the contractor's stead; the answer is what is handed over, once."""
    tenant = get_object_or_404(Tenant, code=code)
    form = NamingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor, now = acting_for(by, tenant), timezone.now()
        try:
            given = name_and_issue(tenant, form.person(), form.how(), by=actor, now=now)
        except REFUSALS as refusal:
            form.add_error(None, str(refusal))
        else:
            return handed_over(request, by, tenant, given)
    return show(request, by, "office/tenants/issue.html", {"tenant": tenant, "form": form})


@require_http_methods(["GET", "POST"])
@never_cache
@staff_page(duty=Duty.ACCOUNTS)
def member_issue(request: HttpRequest, by: Actor, code: str, line: str) -> HttpResponseBase:
    """Give somebody on the register the user id; the answer is what is handed over, once."""
    lines = Enrolment.objects.select_related("tenant__party")
    found = get_object_or_404(lines, code=line, tenant__code=code, membership=None, ended_at=None)
    form = WaitingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor, now = acting_for(by, found.tenant), timezone.now()
        try:
            if form.is_existing:
                joined = accounts.join(found, form.how().login, by=actor, now=now)
                messages.success(
                    request, _("%(name)s さんが使えるようになりました。") % {"name": joined.name}
                )
                return redirect("office-tenant", code=code)
            given = issue_waiting(found, form.how(), by=actor, now=now)
        except REFUSALS as refusal:
            form.add_error(None, str(refusal))
        else:
            return handed_over(request, by, found.tenant, given)
    context = {"tenant": found.tenant, "line": found, "form": form}
    return show(request, by, "office/tenants/issue.html", context)


@require_GET
@staff_page(duty=Duty.ACCOUNTS)
def member(request: HttpRequest, by: Actor, code: str, number: int) -> HttpResponseBase:
    """One user's account: state, what was handed over, what may be done."""
    return page_of_member(request, by, member_of_tenant(code, number), {})


@require_POST
@never_cache
@staff_page(duty=Duty.ACCOUNTS)
@require_recent
def member_again(request: HttpRequest, by: Actor, code: str, number: int) -> HttpResponseBase:
    """Hand a new beginning over; the answer is what is handed over, once."""
    found = member_of_tenant(code, number)
    form = IssueForm(request.POST)
    if form.is_valid():
        actor, now = acting_for(by, found.tenant), timezone.now()
        try:
            given = issue_again(found, form.how(), by=actor, now=now)
        except REFUSALS as refusal:
            form.add_error(None, str(refusal))
        else:
            return handed_over(request, by, found.tenant, given)
    return page_of_member(request, by, found, {"form": form})


@require_POST
@staff_page(duty=Duty.ACCOUNTS)
def member_state(
    request: HttpRequest, by: Actor, code: str, number: int, verb: str
) -> HttpResponseBase:
    """Stop, start or close the account."""
    found = member_of_tenant(code, number)
    act = VERBS.get(verb)
    if act is None:
        raise Http404
    try:
        act(found.user, by=acting_for(by, found.tenant), now=timezone.now())
    except AccountRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        state = User.State(found.user.state).label if verb != "start" else _("再開")
        messages.success(
            request, _("%(name)s さん: %(state)s") % {"name": found.user.name, "state": state}
        )
    return redirect("office-member", code=code, number=number)


@require_POST
@staff_page(duty=Duty.ACCOUNTS)
@require_recent
def member_factors(request: HttpRequest, by: Actor, code: str, number: int) -> HttpResponseBase:
    """Take the second factors away from somebody who lost them."""
    found = member_of_tenant(code, number)
    form = FactorsForm(request.POST)
    if not form.is_valid():
        return page_of_member(request, by, found, {"factors_form": form})
    reason = form.cleaned_data["reason"]
    actor = acting_for(by, found.tenant)
    count = factors.remove_all(found.user, by=actor, reason=reason, now=timezone.now())
    messages.success(request, _("二つ目の確認を%(n)d件外しました。") % {"n": count})
    return redirect("office-member", code=code, number=number)


def member_of_tenant(code: str, number: int) -> Membership:
    """The membership, or 404. The office's own accounts are looked after elsewhere."""
    members = Membership.objects.select_related("tenant__party", "user")
    return get_object_or_404(members, pk=number, tenant__code=code, user__kind=User.Kind.PERSON)


def page_of_member(
    request: HttpRequest, by: Actor, found: Membership, forms: Mapping[str, object]
) -> HttpResponseBase:
    """The page with whichever form was just sent."""
    handed = IssuedCredential.objects.filter(user=found.user).select_related("issued_by")
    context = {
        "tenant": found.tenant,
        "member": found,
        "form": IssueForm(),
        "factors_form": FactorsForm(),
        "has_factor": factors.has_factor(found.user),
        "handed": handed.order_by("-issued_at")[:20],
        "others": found.user.memberships.exclude(pk=found.pk).count(),
        **forms,
    }
    return show(request, by, "office/tenants/member.html", context)


def handed_over(request: HttpRequest, by: Actor, tenant: Tenant, given: Given) -> HttpResponseBase:
    """The letter itself, or the page with the link. Neither can be had a second time."""
    if given.pdf:
        name = letter.file_name(given.handed)
        return HttpResponse(
            given.pdf,
            content_type=letter.CONTENT_TYPE,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    context = {"tenant": tenant, "user": given.handed.user, "link": given.link}
    context["until"] = given.handed.credential.expires_at
    return show(request, by, "office/tenants/link.html", context)
