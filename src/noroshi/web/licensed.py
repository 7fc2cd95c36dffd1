"""Which pages a contract's kind of service has; what it has not is not there for anybody."""

from collections.abc import Mapping, Sequence

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from noroshi.tenants import kinds
from noroshi.tenants.models import Membership, Switch
from noroshi.ui.nav import NavItem

# A page that needs two switches stands under both.
PAGES: Mapping[Switch, frozenset[str]] = {
    Switch.HAS_DASHBOARD: frozenset(
        {
            *("home", "home-live", "devices", "device", "device-facts", "device-chart"),
            *("device-table", "device-summary", "device-uplinks", "device-uplink"),
            *("device-label", "label"),
        }
    ),
    Switch.HAS_STORAGE: frozenset(
        {
            *("device-chart", "device-table", "device-summary", "device-uplinks", "device-uplink"),
            *("export", "export-file", "deletions", "deletion-certificate"),
        }
    ),
    Switch.HAS_CSV: frozenset({"export", "export-file"}),
    Switch.HAS_MAIL: frozenset(
        {
            *("recipients", "recipient-new", "recipient", "recipient-pause", "recipient-remove"),
            *("mails", "mail"),
        }
    ),
}
MENU_PAGES = frozenset({"home", "devices", "export", "deletions", "recipients", "mails"})
_ON_REQUEST = "noroshi_shut_pages"


def refuse_unlicensed(request: HttpRequest, member: Membership, name: str) -> None:
    """Raise Http404 where the tenant's kind has no accounts at all, or not the page of that name.

    Asks once a request; `menu_licensed` goes by the same answer.
    """
    on = kinds.on_of(str(member.tenant.kind_id), kinds.japans_day(timezone.now()))
    shut = frozenset(page for switch, pages in PAGES.items() if switch not in on for page in pages)
    if Switch.HAS_ACCOUNT not in on or name in shut:
        raise Http404
    setattr(request, _ON_REQUEST, shut)


def menu_licensed(request: HttpRequest, items: Sequence[NavItem]) -> list[NavItem]:
    """The menu without the pages that the kind has not."""
    shut: frozenset[str] = getattr(request, _ON_REQUEST, frozenset())
    urls = {reverse(page) for page in shut & MENU_PAGES}
    return [item for item in items if item.url not in urls]


def front_page(request: HttpRequest) -> str:
    """The name of the page that the house's mark leads to: home, or one that every kind has."""
    shut: frozenset[str] = getattr(request, _ON_REQUEST, frozenset())
    return "account" if "home" in shut else "home"
