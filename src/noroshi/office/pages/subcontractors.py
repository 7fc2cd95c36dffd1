"""The register of subcontractors: works, both agreements, their people."""

from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.office.forms.party import (
    AgreementsForm,
    NewSubcontractorForm,
    PersonForm,
    SubcontractorForm,
)
from noroshi.office.pages.parties import filed, tell
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.outbox.handed import Given, give
from noroshi.tenants import accounts, subcontractors
from noroshi.tenants.accounts import NewAccount
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.filing import BadPaper
from noroshi.tenants.models import IssuedCredential, Party, Subcontractor, User
from noroshi.tenants.parties import BadParty
from noroshi.tenants.review import japans_day
from noroshi.tenants.subcontractors import Agreement

DUTY = Duty.SUBCONTRACTORS


@require_GET
@staff_page(duty=DUTY)
def register(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Every line of the register, and what is missing to each."""
    today = japans_day(timezone.now())
    rows = Subcontractor.objects.select_related("party").order_by("party__name", "pk")
    context = {"rows": [(firm, subcontractors.missing_of(firm, today)) for firm in rows]}
    return show(request, by, "office/subcontractors/list.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=DUTY)
def subcontractor_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Enter a party."""
    form = NewSubcontractorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["party"]
        if entered(chosen, form, by, timezone.now()):
            messages.success(request, _("「%(name)s」を登録しました。") % {"name": chosen})
            return redirect("office-subcontractor", code=chosen.code)
    context = {"form": form, "has_parties": form.has_parties()}
    return show(request, by, "office/subcontractors/new.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@staff_page(duty=DUTY)
def subcontractor(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One line: change it."""
    firm = get_object_or_404(Subcontractor.objects.select_related("party"), party__code=code)
    if request.method == "GET":
        return page_of_firm(request, by, firm)
    form = SubcontractorForm(request.POST)
    if form.is_valid() and entered(firm.party, form, by, timezone.now()):
        messages.success(request, _("「%(name)s」を保存しました。") % {"name": firm})
        return redirect("office-subcontractor", code=code)
    return page_of_firm(request, by, firm, form=form)


@require_POST
@staff_page(duty=DUTY)
def agreements(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """File the day and the paper of one agreement or of both."""
    firm = get_object_or_404(Subcontractor.objects.select_related("party"), party__code=code)
    form = AgreementsForm(request.POST, request.FILES)
    if not form.is_valid():
        return page_of_firm(request, by, firm, agreements_form=form)
    now = timezone.now()
    try:
        with transaction.atomic():
            secrecy = agreement_of(form, "secrecy", firm.party, by=by, now=now)
            privacy = agreement_of(form, "privacy", firm.party, by=by, now=now)
            subcontractors.file_agreements(firm, secrecy=secrecy, privacy=privacy, by=by, now=now)
    except BadPaper as refusal:
        form.add_error(None, str(refusal))
        return page_of_firm(request, by, firm, agreements_form=form)
    messages.success(request, _("契約の日付と書類を保存しました。"))
    return redirect("office-subcontractor", code=code)


@require_POST
@never_cache
@staff_page(duty=DUTY)
def person_new(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Issue an account to a person of the firm; the answer itself shows the link, once."""
    firm = get_object_or_404(Subcontractor.objects.select_related("party"), party__code=code)
    form = PersonForm(request.POST)
    if not form.is_valid():
        return page_of_firm(request, by, firm, person_form=form)
    new = NewAccount(
        name=form.cleaned_data["name"],
        email=form.cleaned_data["email"],
        kind=User.Kind.SUBCONTRACTOR,
        subcontractor=firm,
        prefix=f"sub{firm.pk:03d}",
    )
    now = timezone.now()
    handed = accounts.issue(new, way=IssuedCredential.Way.LINK, by=by, now=now)
    return page_of_firm(request, by, firm, given=give(handed, None, now=now))


@require_POST
@staff_page(duty=DUTY)
def person_close(request: HttpRequest, by: Actor, code: str, number: int) -> HttpResponseBase:
    """End the account of a person of the firm."""
    found = get_object_or_404(
        User, pk=number, kind=User.Kind.SUBCONTRACTOR, subcontractor__party__code=code
    )
    try:
        accounts.close(found, by=by, now=timezone.now())
    except accounts.WrongState as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(
            request, _("%(name)s さんの利用者IDを廃止しました。") % {"name": found.name}
        )
    return redirect("office-subcontractor", code=code)


def page_of_firm(
    request: HttpRequest,
    by: Actor,
    firm: Subcontractor,
    *,
    given: Given | None = None,
    **forms: Form,
) -> HttpResponseBase:
    """The page with whichever form was just sent."""
    line = {name: getattr(firm, name) for name in ("works", "tier", "country", "since", "until")}
    context = {
        "firm": firm,
        "form": forms.get("form") or SubcontractorForm(initial=line),
        "agreements_form": forms.get("agreements_form") or AgreementsForm(),
        "person_form": forms.get("person_form") or PersonForm(),
        "people": firm.people.order_by("login"),
        "missing": subcontractors.missing_of(firm, japans_day(timezone.now())),
        "given": given,
    }
    return show(request, by, "office/subcontractors/one.html", context)


def entered(party: Party, form: SubcontractorForm, by: Actor, now: datetime) -> bool:
    """Write the line; False with every fault beside its field."""
    try:
        subcontractors.enter(party, form.entry(), by=by, now=now)
    except BadParty as refusal:
        tell(form, refusal)
        return False
    return True


def agreement_of(
    form: AgreementsForm, kind: str, party: Party, *, by: Actor, now: datetime
) -> Agreement | None:
    """One agreement of the form; None when it was not sent."""
    paper = filed(form.cleaned_data[f"{kind}_paper"], party, by=by, now=now)
    day = form.cleaned_data[f"{kind}_agreed_on"]
    return Agreement(day, paper) if paper is not None and day is not None else None
