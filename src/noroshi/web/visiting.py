"""Who looks in from outside: as a viewer, read-only, within the scope, every page written down."""

from collections.abc import Mapping, Sequence

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from noroshi.tenants import access, visits
from noroshi.tenants.models import Membership, User, Visit
from noroshi.tenants.sign_ins import address_of
from noroshi.tenants.visits import SESSION_KEY, Scope, Seen, visit_of
from noroshi.ui.nav import NavItem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OUTSIDERS = frozenset({User.Kind.AUDIT, User.Kind.SUBCONTRACTOR})
# Which pages each scope opens; a page that stands nowhere is open to no subcontractor.
PAGES: Mapping[str, frozenset[str]] = {
    Scope.DEVICES: frozenset(
        {
            *("home", "home-live", "devices", "device", "device-facts", "device-chart"),
            *("device-table", "device-summary", "device-uplinks", "device-uplink"),
            *("device-downlinks", "label"),
        }
    ),
    Scope.ALARMS: frozenset({"incidents", "incident", "rules", "device-rules", "open-count"}),
    Scope.MAILS: frozenset({"mails", "mail", "recipients", "policy", "why"}),
    Scope.EXPORT: frozenset({"export", "export-file"}),
}
FIRST_PAGES = {
    Scope.DEVICES: "home",
    Scope.ALARMS: "incidents",
    Scope.MAILS: "mails",
    Scope.EXPORT: "export",
}
# Parts that a page fetches for itself, and the page they belong to.
PARTS = {"home-live": "home", "device-facts": "device", "device-chart": "device"}
MENU_PAGES = frozenset(
    {
        *("home", "devices", "incidents", "rules", "mails", "recipients", "export", "policy"),
        "why",
    }
)
UNNOTED = frozenset({"open-count"})  # one number of the menu, asked for by every page


def membership_by_visit(request: HttpRequest, user: User) -> Membership | None:
    """The part of a viewer in the tenant that this session visits; None when it visits none.

    The membership is nowhere saved. Raises Http404 when the visit is over: the request that finds
    it so is the first after its end. An auditor with one visit need not choose it.
    """
    code = request.session.get(SESSION_KEY)
    if code is None and user.kind not in OUTSIDERS:
        return None
    with access.acting_as(user.pk):
        running = visits.active_visits(user, timezone.now())
    if code is None:
        if len(running) != 1:
            return None
        code = request.session[SESSION_KEY] = running[0].code
    visit = next((one for one in running if one.code == code), None)
    if visit is None:
        del request.session[SESSION_KEY]
        raise Http404
    visits.remember(request, visit)
    return Membership(tenant=visit.tenant, user=user, role=Membership.Role.VIEWER)


def look_in(request: HttpRequest) -> None:
    """Let a visit's request through and write it down; nothing for those at home.

    Raises PermissionDenied for anything that could change something, Http404 outside the scope.
    """
    visit = visit_of(request)
    if visit is None:
        return
    if request.method not in SAFE:
        raise PermissionDenied(_("監査閲覧中・変更不可"))
    name = name_of(request)
    if not is_in_scope(visit, name):
        raise Http404
    if name not in UNNOTED:
        visits.note_view(visit, seen(request, name), timezone.now())


def seen(request: HttpRequest, name: str) -> Seen:
    """The request as it is written down."""
    refreshes = ""
    if name in PARTS:
        given = request.resolver_match.kwargs if request.resolver_match else {}
        refreshes = reverse(PARTS[name], kwargs=given)
    elif request.headers.get("HX-Request") == "true":
        refreshes = request.get_full_path()
    return Seen(name, request.get_full_path(), address_of(request), refreshes)


def is_in_scope(visit: Visit, name: str) -> bool:
    """Whether the visit may see the page of that name."""
    if visit.kind != Visit.Kind.SUBCONTRACTOR:
        return True
    return any(name in PAGES.get(scope, ()) for scope in visit.scope)


def first_page(visit: Visit) -> str:
    """The name of the page that a visit begins with."""
    if visit.kind != Visit.Kind.SUBCONTRACTOR:
        return "home"
    wanted = [page for scope, page in FIRST_PAGES.items() if scope in visit.scope]
    return wanted[0] if wanted else "looking"


def menu_in_scope(request: HttpRequest, items: Sequence[NavItem]) -> list[NavItem]:
    """The menu without what the visit may not see."""
    visit = visit_of(request)
    if visit is None or visit.kind != Visit.Kind.SUBCONTRACTOR:
        return list(items)
    open_pages = (page for scope in visit.scope for page in PAGES.get(scope, ()))
    urls = {reverse(page) for page in open_pages if page in MENU_PAGES}
    return [item for item in items if item.url in urls]


def name_of(request: HttpRequest) -> str:
    """The name of the page asked for."""
    match = request.resolver_match
    return (match.url_name or "") if match else ""


def is_outsider(user: User) -> bool:
    """Whether the person has an account only for looking in."""
    return user.kind in OUTSIDERS
