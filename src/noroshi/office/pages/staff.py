"""The people of the office: who they are and what each may do."""

from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from noroshi.office import approving, asking
from noroshi.office.forms.party import PersonForm
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.stepping import stepping, tell
from noroshi.outbox.handed import Given
from noroshi.tenants import staff as people
from noroshi.tenants.accounts import LOGIN, LoginTaken
from noroshi.tenants.approvals import REASON_CHARS_MAX, ApprovalRefusal
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty, may_change
from noroshi.tenants.models import Approval, StaffRole, User
from noroshi.tenants.recent import require_recent_to_change

DUTY = Duty.STAFF


class RolesForm(forms.Form):
    """What a person of the office may do."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("事務局での役割"),
        choices=StaffRole.choices,
        widget=forms.CheckboxSelectMultiple(),
    )
    reason = forms.CharField(
        label=gettext_lazy("理由"),
        max_length=REASON_CHARS_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class NewStaffForm(PersonForm, RolesForm):
    """A new person of the office."""

    login = forms.RegexField(
        LOGIN,
        label=gettext_lazy("利用者ID"),
        max_length=64,
        help_text=gettext_lazy("小文字の英数字と . _ - で3文字以上。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    field_order = ("login", "name", "email", "roles", "reason")


@dataclass(frozen=True, slots=True)
class Line:
    """One person with the roles in words."""

    user: User
    roles: list[str]


@require_GET
@staff_page(duty=DUTY)
def staff(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Everybody."""
    words = dict(StaffRole.choices)
    rows = [
        Line(user, [str(words.get(role, role)) for role in user.staff_roles])
        for user in people.staff()
    ]
    roles = by.user.staff_roles if by.user else ()
    context = {"rows": rows, "may_change": may_change(roles, DUTY)}
    return show(request, by, "office/staff/list.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@staff_page(duty=DUTY)
@require_recent_to_change
def staff_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Issue an account to somebody of the office; the answer itself shows the link, once."""
    form = NewStaffForm(request.POST or None)
    given: Given | None = None
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        asked = asking.staff_added(**typed)
        try:
            outcome = approving.propose(asked, by=by, now=timezone.now())
        except LoginTaken as refusal:
            form.add_error("login", str(refusal))
        except ApprovalRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            tell(request, outcome)
            if isinstance(outcome, Approval):
                return redirect("office-approval", code=outcome.code)
            given = outcome.given
    context = {"form": form, "given": given, **stepping(request)}
    return show(request, by, "office/staff/new.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=DUTY)
@require_recent_to_change
def staff_one(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """One person: change the roles."""
    found = get_object_or_404(people.staff(), pk=number)
    form = RolesForm(request.POST or None, initial={"roles": found.staff_roles})
    if request.method == "POST" and form.is_valid():
        try:
            asked = asking.staff_roles(found, **form.cleaned_data)
            tell(request, approving.propose(asked, by=by, now=timezone.now()))
        except people.NotAllowed as refusal:
            form.add_error("roles", str(refusal))
        except ApprovalRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("office-staff")
    roles = by.user.staff_roles if by.user else ()
    context = {"form": form, "person": found, "may_change": may_change(roles, DUTY)}
    context |= stepping(request)
    return show(request, by, "office/staff/one.html", context)
