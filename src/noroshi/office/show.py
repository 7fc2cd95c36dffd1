"""Lay a page of this door: menu, name and the office's live stream around what the page shows."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from noroshi.inbox.models import ExceptionalEntry
from noroshi.tenants.audit import Actor
from noroshi.ui.live_address import live_url
from noroshi.ui.nav import NavItem

BADGE_MAX = 999


def show(
    request: HttpRequest,
    by: Actor,
    template: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render `template` inside the layout."""
    around = {
        "nav": menu(request, open_count()),
        "user_name": by.user.name if by.user else "",
        "door": "office",
        "home_url": reverse("office-home"),
        "live_url": f"{live_url(request)}?office=1",
    }
    return render(request, template, {**around, **context}, status=status)


def open_count() -> int:
    """How many entries of the inbox wait for a person; counted up to BADGE_MAX."""
    waiting = ExceptionalEntry.objects.filter(state=ExceptionalEntry.State.OPEN)
    return waiting.order_by()[:BADGE_MAX].count()


def menu(request: HttpRequest, badge: int) -> list[NavItem]:
    """The menu: four entries for a thumb, the rest behind the button."""
    front = [
        ("office-home", _("今日の対応"), "home"),
        ("office-inbox", _("受信箱"), "inbox"),
        ("office-devices", _("センサー端末"), "device"),
        ("office-mails", _("メール"), "mail"),
    ]
    behind = [
        ("office-types", pgettext("list", "機種")),
        ("office-tenants", pgettext("list", "契約者")),
        ("office-connections", pgettext("list", "接続")),
        ("office-codecs", pgettext("list", "デコーダー")),
        ("office-system", _("システム")),
        ("office-history", _("操作の記録")),
    ]
    counts = {"office-inbox": badge}
    return [
        NavItem(label, reverse(name), is_here(request, name), counts.get(name, 0), icon=icon)
        for name, label, icon in front
    ] + [NavItem(label, reverse(name), is_here(request, name), more=True) for name, label in behind]


def is_here(request: HttpRequest, name: str) -> bool:
    """Whether the page belongs to this entry: its own address or one below it."""
    url = reverse(name)
    return request.path == url if name == "office-home" else request.path.startswith(url)
