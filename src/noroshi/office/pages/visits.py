"""Visits of all kinds: who looks, or looked, into whose data; open one with a reason, end one."""

from django.contrib import messages
from django.db.models import Count
from django.forms import Form
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.office import approving, asking, stepping
from noroshi.office.forms.visit import SCOPES, SubcontractorVisitForm, VisitForm
from noroshi.office.paging import page_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.outbox import visit_mails
from noroshi.tenants import visits
from noroshi.tenants.approvals import ApprovalRefusal
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.models import Visit, VisitView
from noroshi.tenants.recent import require_recent_to_change
from noroshi.tenants.visits import SESSION_KEY, NotAllowed
from noroshi.ui.pagewords import page_word

PER_PAGE = 50
VIEWS_SHOWN = 200
DUTY = Duty.VISITS


@require_GET
@staff_page(duty=DUTY)
def all_visits(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """What runs or will run, and what is over."""
    now = timezone.now()
    views = Count("views")
    running = visits.visits_running(now).annotate(pages=views)
    over = visits.visits_over(now).annotate(pages=views)
    context = {
        "running": [(visit, visits.is_running(visit, now)) for visit in running],
        "page": page_of(request, over, PER_PAGE),
        "now": now,
        "me": by.user,
    }
    return show(request, by, "office/visits/list.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=DUTY)
def visit_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Look oneself (break-glass); `?tenant=&next=` come from the page that asks for it."""
    asked: dict[str, object] = {"tenant": text_of(request, "tenant"), "hours": 1}
    form = VisitForm(request.POST or None, initial=asked)
    if request.method == "POST" and form.is_valid():
        now, tenant = timezone.now(), form.cleaned_data["tenant"]
        try:
            visit = visits.open_staff(tenant, form.grant(), by, now)
        except NotAllowed as refusal:
            tell(form, refusal)
        else:
            visit_mails.tell_opened(visit, now=now)
            return entered(request, visit)
    context = {"form": form, "next": back_of(request), "is_own": True}
    return show(request, by, "office/visits/new.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=DUTY)
@require_recent_to_change
def visit_grant(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Let a person of a subcontractor look."""
    form = SubcontractorVisitForm(request.POST or None, initial={"hours": 1})
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        asked = asking.subcontractor_visit(typed["tenant"], typed["visitor"], form.grant())
        try:
            stepping.tell(request, approving.propose(asked, by=by, now=timezone.now()))
        except NotAllowed as refusal:
            tell(form, refusal)
        except ApprovalRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("office-visits")
    context = {"form": form, "is_own": False, **stepping.stepping(request)}
    return show(request, by, "office/visits/new.html", context)


@require_GET
@staff_page(duty=DUTY)
def visit(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One visit with every page that was opened."""
    now = timezone.now()
    rows = Visit.objects.select_related("tenant", "visitor", "filed_by")
    found = get_object_or_404(rows, code=code)
    scopes = dict(SCOPES)
    views = VisitView.objects.filter(visit=found).order_by("-at", "-pk")
    context = {
        "found": found,
        "is_running": visits.is_running(found, now),
        "is_over": found.ended_at is not None or found.until <= now,
        "is_mine": by.user is not None and found.visitor_id == by.user.pk,
        "scope": [scopes.get(one, one) for one in found.scope],
        "views": [(view, page_word(view.page)) for view in views[:VIEWS_SHOWN]],
    }
    return show(request, by, "office/visits/one.html", context)


@require_POST
@staff_page(duty=DUTY)
def visit_end(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """End one before its time, whoever's it is."""
    found = get_object_or_404(Visit.objects.select_related("tenant", "visitor"), code=code)
    if visits.end(found, by, timezone.now()):
        messages.success(request, _("閲覧を終わらせました。"))
    else:
        messages.warning(request, _("この閲覧はもう終わっています。"))
    return redirect("office-visits")


@require_POST
@staff_page(duty=DUTY)
def visit_enter(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Go to the tenant's own pages by one's own visit."""
    found = get_object_or_404(Visit.objects.select_related("tenant"), code=code, visitor=by.user)
    if not visits.is_running(found, timezone.now()):
        messages.warning(request, _("この閲覧はもう終わっています。"))
        return redirect("office-visits")
    request.session[SESSION_KEY] = found.code
    return redirect("home")


def entered(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Back to the page that asked for the visit, else to the tenant's own pages."""
    asked = back_of(request)
    if asked:
        return redirect(asked)
    request.session[SESSION_KEY] = visit.code
    return redirect("home")


def back_of(request: HttpRequest) -> str:
    """Where the visit was asked for, when that is a page of the office; else empty."""
    asked = request.POST.get("next", "") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()})
    return asked if is_ours and asked.startswith(reverse("office-home")) else ""


def tell(form: Form, refusal: NotAllowed) -> None:
    """Put every fault beside its field."""
    for name, words in refusal.faults.items():
        form.add_error(name if name in form.fields else None, words)
