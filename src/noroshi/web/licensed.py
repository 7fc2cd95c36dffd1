"""Which pages a contract opens, by its kind of service and by what it licenses; no others are."""

from collections.abc import Mapping, Sequence

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from noroshi.contracts.effective import licensed_of
from noroshi.contracts.items import Item
from noroshi.tenants import kinds
from noroshi.tenants.models import Membership, Switch
from noroshi.ui.nav import NavItem

# A page that needs two switches stands under both.
PAGES: Mapping[Switch, frozenset[str]] = {
    Switch.HAS_DASHBOARD: frozenset(
        {
            *("home", "home-live", "devices", "device", "device-facts", "device-chart"),
            *("device-table", "device-summary", "device-uplinks", "device-uplink"),
            *("device-label", "label", "rule-trial"),
        }
    ),
    Switch.HAS_STORAGE: frozenset(
        {
            *(
                "rule-trial",
                "device-chart",
                "device-table",
                "device-summary",
                "device-uplinks",
                "device-uplink",
            ),
            *("export", "export-file", "deletions", "deletion-certificate"),
        }
    ),
    Switch.HAS_CSV: frozenset({"export", "export-file"}),
    Switch.HAS_MAIL: frozenset(
        {
            *("recipients", "recipient-new", "recipient", "recipient-pause", "recipient-remove"),
            *("mails", "mail", "policy", "policy-wish", "group-new", "group", "group-remove"),
            *("why", "policy-words"),
        }
    ),
}
# The same for what the contract licenses.
LICENSED: Mapping[Item, frozenset[str]] = {
    Item.DATA: frozenset(
        {
            *("home", "home-live", "devices", "device", "device-facts", "device-summary"),
            *("device-table", "device-uplinks", "device-uplink", "device-label", "label"),
        }
    ),
    Item.CHART: frozenset({"device-chart", "rule-trial"}),
    Item.CSV: PAGES[Switch.HAS_CSV],
    Item.MAIL: PAGES[Switch.HAS_MAIL],
    Item.DOWNLINK: frozenset({"device-downlinks", "downlink-cancel"}),
}
MENU_PAGES = frozenset(
    {"home", "devices", "export", "deletions", "recipients", "mails", "policy", "why"}
)
_ON_REQUEST = "noroshi_shut_pages"


def refuse_unlicensed(request: HttpRequest, member: Membership, name: str) -> None:
    """Raise Http404 where the tenant's kind has no accounts at all, or not the page of that name,
    or its contract does not license it.

    Asks once a request; `menu_licensed` and `is_open` go by the same answer.
    """
    today = kinds.japans_day(timezone.now())
    on = kinds.on_of(str(member.tenant.kind_id), today)
    has = licensed_of(member.tenant_id, today)
    shut = frozenset(
        page
        for pages in (
            *(pages for switch, pages in PAGES.items() if switch not in on),
            *(pages for item, pages in LICENSED.items() if item not in has),
        )
        for page in pages
    )
    if Switch.HAS_ACCOUNT not in on or name in shut:
        raise Http404
    setattr(request, _ON_REQUEST, shut)


def shut_pages(request: HttpRequest) -> frozenset[str]:
    """The names of the pages that are not there, for links that would lead nowhere."""
    shut: frozenset[str] = getattr(request, _ON_REQUEST, frozenset())
    return shut


def menu_licensed(request: HttpRequest, items: Sequence[NavItem]) -> list[NavItem]:
    """The menu without the pages that the kind has not."""
    shut = shut_pages(request)
    urls = {reverse(page) for page in shut & MENU_PAGES}
    return [item for item in items if item.url not in urls]


def front_page(request: HttpRequest) -> str:
    """The name of the page that the house's mark leads to: home, or one that every kind has."""
    shut = shut_pages(request)
    return "account" if "home" in shut else "home"
