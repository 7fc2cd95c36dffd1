"""Parties: applicants, contractors, partners; their facts, standing, tenant and agency."""

from dataclasses import asdict
from datetime import datetime

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.office.forms.party import (
    AgentForm,
    CorrectionForm,
    NewPartyForm,
    PartyForm,
    StandingForm,
)
from noroshi.office.paging import one_of, page_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.tenants import filing, parties
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.filing import BadPaper
from noroshi.tenants.models import Agent, Paper, Party, Tenant
from noroshi.tenants.parties import BadParty, Correction, NotAllowed

PER_PAGE = 100
STANDINGS = tuple(str(one) for one in Party.Standing.values)


@require_GET
@staff_page(duty=Duty.PARTIES)
def all_parties(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The list, narrowed by words and standing; `?agents=1` shows the register of agents."""
    words, standing = text_of(request, "q"), one_of(request, "standing", STANDINGS)
    is_agents = request.GET.get("agents") == "1"
    rows = Party.objects.select_related("agent", "subcontractor", "tenant")
    if standing:
        rows = rows.filter(standing=standing)
    if is_agents:
        rows = rows.filter(agent__isnull=False)
    for word in words.split():
        rows = rows.filter(
            Q(name__icontains=word) | Q(kana__icontains=word) | Q(corporate_number__startswith=word)
        )
    context = {
        "page": page_of(request, rows.order_by("name", "pk"), PER_PAGE),
        "words": words,
        "standing": standing,
        "is_agents": is_agents,
        "standings": Party.Standing.choices,
        "is_narrowed": bool(words or standing) or is_agents,
    }
    return show(request, by, "office/parties/list.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.PARTIES)
def party_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Enter one."""
    form = NewPartyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        form.is_valid()  # every fault of the form and of the facts is told at once
        try:
            facts, standing = form.facts(), form.cleaned_data.get("standing", "")
            parties.checked(facts, None)
            if form.is_valid():
                made = parties.make(facts, standing, by=by, now=timezone.now())
                messages.success(request, _("「%(name)s」を登録しました。") % {"name": made.name})
                return redirect("office-party", code=made.code)
        except BadParty as refusal:
            tell(form, refusal)
    return show(request, by, "office/parties/edit.html", {"form": form})


@require_GET
@staff_page(duty=Duty.PARTIES)
def party(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One party: facts, standing, tenant, agency."""
    return page_of_party(request, by, code)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.PARTIES)
def party_edit(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Change the facts; a contracting party's name only as the terms allow."""
    found = get_object_or_404(Party, code=code)
    sent = request.POST if request.method == "POST" else None
    form = PartyForm(sent, initial=asdict(parties.facts_of(found)))
    why = CorrectionForm(sent, request.FILES or None)
    if request.method == "POST":
        is_whole = all([form.is_valid(), why.is_valid()])
        try:
            facts = form.facts()
            parties.checked(facts, found)
            if is_whole:
                now = timezone.now()
                with transaction.atomic():  # a refused change keeps no paper
                    correction = correction_of(why, found, by=by, now=now)
                    parties.change(found, facts, correction, by=by, now=now)
                messages.success(request, _("「%(name)s」を保存しました。") % {"name": facts.name})
                return redirect("office-party", code=code)
        except BadParty as refusal:
            tell(form, refusal)
        except BadPaper as refusal:
            why.add_error("paper", str(refusal))
    context = {"form": form, "why": why, "party": found}
    return show(request, by, "office/parties/edit.html", context)


@require_POST
@staff_page(duty=Duty.PARTIES)
def party_standing(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Let it become something else, with a reason."""
    found = get_object_or_404(Party, code=code)
    form = StandingForm(request.POST)
    if form.is_valid():
        to, reason = form.cleaned_data["standing"], form.cleaned_data["reason"]
        try:
            parties.change_standing(found, to, reason, by=by, now=timezone.now())
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("立場を変えました。"))
            return redirect("office-party", code=code)
    return page_of_party(request, by, code, standing_form=form)


@require_POST
@staff_page(duty=Duty.PARTIES)
def party_agent(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Enter it in the register of agents, or change the dates there."""
    found = get_object_or_404(Party, code=code)
    form = AgentForm(request.POST)
    if form.is_valid():
        since, until = form.cleaned_data["since"], form.cleaned_data["until"]
        try:
            parties.name_agent(found, since, until, by=by, now=timezone.now())
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("代理店の登録を保存しました。"))
            return redirect("office-party", code=code)
    return page_of_party(request, by, code, agent_form=form)


@require_POST
@staff_page(duty=Duty.TENANTS)
def tenant_link(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Say which party a tenant is."""
    tenant = get_object_or_404(Tenant, code=code)
    found = Party.objects.filter(code=request.POST.get("party", "")).first()
    if found is None:
        messages.warning(request, _("取引先を選んでください。"))
        return redirect("office-tenant", code=code)
    try:
        parties.link(tenant, found, by=by, now=timezone.now())
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("「%(name)s」に結び付けました。") % {"name": found.name})
    return redirect("office-tenant", code=code)


@require_GET
@staff_page(duty=Duty.PARTIES)
def paper(_request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """The file as it was filed: always saved to disk, never shown by the browser."""
    found = get_object_or_404(Paper, code=code)
    body = filing.hand_out(found, by=by, now=timezone.now())
    answer = HttpResponse(body, content_type=found.content_type)
    named = content_disposition_header(as_attachment=True, filename=found.name)
    answer["Content-Disposition"] = named or "attachment"
    return answer


def page_of_party(request: HttpRequest, by: Actor, code: str, **forms: Form) -> HttpResponseBase:
    """The page with whichever form was just sent."""
    rows = Party.objects.select_related("tenant", "subcontractor")
    found = get_object_or_404(rows, code=code)
    agent = Agent.objects.filter(party=found).first()
    steps = parties.STEPS[found.standing]
    standing = forms.get("standing_form") or StandingForm()
    standing.fields["standing"].choices = [  # type: ignore[attr-defined]
        (value, label) for value, label in Party.Standing.choices if value in steps
    ]
    dates = {"since": agent.since, "until": agent.until} if agent else {}
    context = {
        "party": found,
        "tenant": Tenant.objects.filter(party=found).first(),
        "agent": agent,
        "standing_form": standing,
        "agent_form": forms.get("agent_form") or AgentForm(initial=dates),
    }
    return show(request, by, "office/parties/one.html", context)


def correction_of(why: CorrectionForm, party: Party, *, by: Actor, now: datetime) -> Correction:
    """The reason, with its paper put on file."""
    paper = filed(why.cleaned_data["paper"], party, by=by, now=now)
    return Correction(why.cleaned_data["reason"], paper)


def filed(
    file: "UploadedFile[bytes] | None", party: Party, *, by: Actor, now: datetime
) -> Paper | None:
    """The paper that was sent with a form, on file; None when there was none. Raises BadPaper."""
    if file is None:
        return None
    return filing.keep(file.name or "", file.read(), party=party, by=by, now=now)


def tell(form: Form, refusal: BadParty) -> None:
    """Put every fault beside its field."""
    for name, words in refusal.faults.items():
        if name not in form.errors:
            form.add_error(name, words)
