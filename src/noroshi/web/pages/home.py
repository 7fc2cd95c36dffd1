"""Home: is everything all right, and if not, what and where; then the devices as cards."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.devices.quantities import quantities_of
from noroshi.tenants.models import Membership
from noroshi.web.board import (
    SILENT_SHOWN_MAX,
    Case,
    by_site,
    cards_of,
    cases_of,
    open_incidents,
    silent_ones,
)
from noroshi.web.member import tenant_page
from noroshi.web.notices import notices
from noroshi.web.paging import page_of
from noroshi.web.show import incidents_item, open_now, show
from noroshi.web.states import (
    STATES,
    SiteCount,
    count_by_site,
    devices_with_state,
    in_state,
    matching,
    total,
)

CARDS_PER_PAGE = 60
OPEN_SHOWN_MAX = 20
SEARCH_CHARS_MAX = 100
SITE = re.compile(r"none|[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: words, one state, one site ("none" = without a site)."""

    words: str
    state: str
    site: str

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.words or self.state or self.site)


@require_GET
@tenant_page
def home(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The whole page."""
    around = {"progress_url": reverse("demo-progress") if settings.DEMO else ""}
    context = board(request, member, timezone.now()) | around | {"notices": notices(member)}
    return show(request, member, "web/home/one.html", context)


@require_GET
@tenant_page
def home_live(request: HttpRequest, member: Membership) -> HttpResponse:
    """Only what changes, for the live update; the same address without /live shows it whole."""
    context = board(request, member, timezone.now()) | {"member": member}
    return render(request, "web/home/_news.html", context)


@require_GET
@tenant_page
def open_count_live(request: HttpRequest, member: Membership) -> HttpResponse:
    """The count beside "警報" in the menu, for the live update."""
    return render(request, "ui/_badge.html", {"item": incidents_item(request, open_now(member))})


def board(request: HttpRequest, member: Membership, now: datetime) -> dict[str, object]:
    """Everything the page shows. The number of questions does not grow with the devices."""
    asked, query = asked_of(request), request.GET.urlencode()
    devices = devices_with_state(member, now).filter(retired_at=None)
    counts = count_by_site(devices)
    wanted = narrowed_counts(counts, asked)
    narrowed = matching(devices, asked.words)
    if asked.state:
        narrowed = in_state(narrowed, asked.state)
    if asked.site:
        narrowed = narrowed.filter(site=None if asked.site == "none" else int(asked.site))
    page = page_of(
        request,
        narrowed.order_by("site__name", "site_id", "name", "pk"),
        CARDS_PER_PAGE,
        known=None if asked.words else total(wanted),
    )
    incidents = open_incidents(member, OPEN_SHOWN_MAX)
    rows = list(page.object_list)
    known = quantities_of({row.type_id for row in rows} | {one.device.type_id for one in incidents})
    cards = cards_of(member, rows, known, now)
    cases = cases_of(incidents, known)
    silent = total(counts, "silent")
    opened = open_count(member, cases)
    return {
        "now": now,
        "asked": asked,
        "silent": silent_ones(devices, now) if silent else [],
        "silent_more": silent - SILENT_SHOWN_MAX,
        "needed": opened + silent,
        "page": page,
        "sites": by_site(cards, counts),
        "site_choices": sorted({(one.site_id, one.site_name) for one in counts if one.site_id}),
        "has_siteless": any(one.site_id is None for one in counts),
        "cases": cases,
        "open_count": opened,
        "back": f"{reverse('home')}?{query}",
        "live_src": f"{reverse('home-live')}?{query}",
        "totals": {state: total(counts, state) for state in STATES},
        "total": total(counts),
    }


def asked_of(request: HttpRequest) -> Asked:
    """What the address asks for; what makes no sense asks for nothing."""
    state, site = request.GET.get("state", ""), request.GET.get("site", "")
    return Asked(
        words=request.GET.get("q", "").replace("\0", "").strip()[:SEARCH_CHARS_MAX],
        state=state if state in STATES else "",
        site=site if SITE.fullmatch(site) else "",
    )


def narrowed_counts(counts: list[SiteCount], asked: Asked) -> list[SiteCount]:
    """The counts of what state and site leave over."""
    return [
        one
        for one in counts
        if asked.state in {"", one.state}
        and asked.site in {"", "none" if one.site_id is None else str(one.site_id)}
    ]


def open_count(member: Membership, cases: list[Case]) -> int:
    """How many incidents are open; asks again only when not all were read."""
    if len(cases) < OPEN_SHOWN_MAX:
        return len(cases)
    return open_now(member)
