"""The kinds of the service: what each has today, since when, what was and will be; change it."""

from dataclasses import dataclass
from datetime import date

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from noroshi.office import approving, asking
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.stepping import stepping, tell
from noroshi.tenants import kinds
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty, may_change
from noroshi.tenants.kinds import InForce, NewValue
from noroshi.tenants.models import KindSwitch, ServiceKind, Switch, SwitchValue
from noroshi.tenants.recent import require_recent_to_change

DUTY = Duty.KINDS


class SwitchForm(forms.Form):
    """What a switch shall be from a day on."""

    switch = forms.ChoiceField(label=gettext_lazy("項目"), choices=Switch.choices)
    value = forms.ChoiceField(label=gettext_lazy("値"), choices=SwitchValue.choices)
    since = forms.DateField(
        label=gettext_lazy("開始日"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("理由"),
        max_length=kinds.REASON_CHARS_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One kind and what it has today, in the order of the switches."""

    kind: ServiceKind
    values: list[InForce | None]


@require_GET
@staff_page(duty=DUTY)
def all_kinds(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Every kind beside the others."""
    today = kinds.japans_day(timezone.now())
    rows = [Line(one, values_of(one, today)) for one in ServiceKind.objects.all()]
    table = [
        (switch, [(row.kind, row.values[number]) for row in rows])
        for number, switch in enumerate(Switch)
    ]
    return show(request, by, "office/kinds/list.html", {"rows": rows, "table": table})


@require_http_methods(["GET", "POST"])
@staff_page(duty=DUTY)
@require_recent_to_change
def kind(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One kind: in force, history, change."""
    found = get_object_or_404(ServiceKind, code=code)
    now = timezone.now()
    today = kinds.japans_day(now)
    form = SwitchForm(request.POST or None, initial={"since": today})
    if request.method == "POST" and form.is_valid():
        try:
            asked = asking.kind_switch(found, NewValue(**form.cleaned_data))
            outcome = approving.propose(asked, by=by, now=now)
        except approving.REFUSALS as refusal:
            form.add_error(None, str(refusal))
        else:
            tell(request, outcome)
            return redirect("office-kind", code=code)
    history = KindSwitch.objects.filter(kind=found).select_related("set_by")
    in_force = kinds.switches_of(found, today)
    context = {
        "kind": found,
        "values": list(in_force.values()),
        "has_accounts": Switch.HAS_ACCOUNT in kinds.on_of(found, today),
        "history": history.order_by("-since", "-pk"),
        "today": today,
        "form": form,
        "may_change": by.user is not None and may_change(by.user.staff_roles, DUTY),
        **stepping(request),
    }
    return show(request, by, "office/kinds/one.html", context)


def values_of(kind: ServiceKind, today: date) -> list[InForce | None]:
    """One for each switch; None where none was ever set."""
    found = kinds.switches_of(kind, today)
    return [found.get(switch) for switch in Switch]
