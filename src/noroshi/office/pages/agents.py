"""The register of agents: when they sell, their agreement, the contractors they brought."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.office.forms.party import AgentForm, DayInput, PaperForm
from noroshi.office.pages.parties import filed
from noroshi.office.paging import page_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.tenants import agencies, parties
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.filing import BadPaper
from noroshi.tenants.models import Agent, Tenant
from noroshi.tenants.parties import REASON_CHARS_MAX, NotAllowed
from noroshi.tenants.review import japans_day

PER_PAGE = 100
DUTY = Duty.PARTIES


class EndForm(forms.Form):
    """The last day of an agent, and why."""

    last_day = forms.DateField(label=gettext_lazy("最後の日"), widget=DayInput())
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=REASON_CHARS_MAX)


class AgreementForm(PaperForm):
    """The day of the agency agreement, with its paper."""

    agreed_on = forms.DateField(label=gettext_lazy("代理店契約の日"), widget=DayInput())

    field_order = ("agreed_on", "paper")

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.fields["paper"].required = True


@require_GET
@staff_page(duty=DUTY)
def all_agents(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Every agent, whether it sells today, and how many contractors it brought."""
    page = page_of(request, agencies.register(), PER_PAGE)
    today = japans_day(timezone.now())
    context = {
        "page": page,
        "rows": [(one, agencies.is_selling(one, today)) for one in page.object_list],
    }
    return show(request, by, "office/agents/list.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=DUTY)
def agent(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One agent: change the dates."""
    found = agent_by(code)
    form = AgentForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid():
        since, until = form.cleaned_data["since"], form.cleaned_data["until"]
        try:
            parties.name_agent(found.party, since, until, by=by, now=timezone.now())
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("代理店の登録を保存しました。"))
            return redirect("office-agent", code=code)
    return page_of_agent(request, by, found, **({"form": form} if form else {}))


@require_POST
@staff_page(duty=DUTY)
def agent_end(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Let it sell no longer."""
    found, form = agent_by(code), EndForm(request.POST)
    if form.is_valid():
        try:
            agencies.end(found, **form.cleaned_data, by=by, now=timezone.now())
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("代理店の終了を記録しました。"))
            return redirect("office-agent", code=code)
    return page_of_agent(request, by, found, end_form=form)


@require_POST
@staff_page(duty=DUTY)
def agent_agreement(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """File the agency agreement."""
    found, form = agent_by(code), AgreementForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            file_agreement(found, form, by=by, now=timezone.now())
        except BadPaper as refusal:
            form.add_error("paper", str(refusal))
        else:
            messages.success(request, _("契約の日付と書類を保存しました。"))
            return redirect("office-agent", code=code)
    return page_of_agent(request, by, found, agreement_form=form)


@require_POST
@staff_page(duty=Duty.TENANTS)
def tenant_agent(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Say which agent brought a contractor, or none."""
    tenant = get_object_or_404(Tenant, code=code)
    named = request.POST.get("agent", "")
    found = agencies.register().filter(party__code=named).first()
    if named and found is None:
        messages.warning(request, _("代理店を選んでください。"))
        return redirect("office-tenant", code=code)
    try:
        if agencies.name_for(tenant, found, by=by, now=timezone.now()):
            messages.success(request, _("代理店を保存しました。"))
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    return redirect("office-tenant", code=code)


def page_of_agent(
    request: HttpRequest, by: Actor, found: Agent, **sent: forms.Form
) -> HttpResponseBase:
    """The page with whichever form was just sent."""
    today = japans_day(timezone.now())
    dates = {"since": found.since, "until": found.until}
    brought = Tenant.objects.filter(agent=found).order_by("name", "pk")
    context = {
        "found": found,
        "is_selling": agencies.is_selling(found, today),
        "page": page_of(request, brought, PER_PAGE),
        "form": sent.get("form") or AgentForm(initial=dates),
        "end_form": sent.get("end_form") or EndForm(initial={"last_day": today}),
        "agreement_form": sent.get("agreement_form") or AgreementForm(),
    }
    return show(request, by, "office/agents/one.html", context)


def agent_by(code: str) -> Agent:
    """The agent whose party has that code, or 404."""
    return get_object_or_404(Agent.objects.select_related("party", "paper"), party__code=code)


@transaction.atomic
def file_agreement(found: Agent, form: AgreementForm, *, by: Actor, now: datetime) -> None:
    """Keep the paper and its day: both, or nothing. Raises BadPaper."""
    paper = filed(form.cleaned_data["paper"], found.party, by=by, now=now)
    if paper is not None:
        day = form.cleaned_data["agreed_on"]
        agencies.file_agreement(found, day, paper, by=by, now=now)
