"""Lay a page of this door: menu, name and the office's live stream around what the page shows."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from noroshi.inbox.models import ExceptionalEntry
from noroshi.office.notices import notices
from noroshi.tenants import approvals
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty, may_change, may_read
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
        "nav": menu(request, by, open_count(), approval_count(by)),
        "user_name": by.user.name if by.user else "",
        "door": "office",
        "home_url": reverse("office-home"),
        "live_url": f"{live_url(request)}?office=1",
        "notices": list(notices(timezone.now())),
    }
    return render(request, template, {**around, **context}, status=status)


def open_count() -> int:
    """How many entries of the inbox wait for a person; counted up to BADGE_MAX."""
    waiting = ExceptionalEntry.objects.filter(state=ExceptionalEntry.State.OPEN)
    return waiting.order_by()[:BADGE_MAX].count()


def approval_count(by: Actor) -> int:
    """How many acts wait for this person's word; 0 for who is no approver."""
    if by.user is None or not may_change(by.user.staff_roles, Duty.APPROVING):
        return 0
    return approvals.waiting(timezone.now()).exclude(asked_by=by.user).count()


def menu(request: HttpRequest, by: Actor, badge: int, approving: int = 0) -> list[NavItem]:
    """What the person may read: four entries for a thumb, the rest behind the button."""
    front = [
        ("office-home", Duty.HOME, _("今日の対応"), "home"),
        ("office-inbox", Duty.INBOX, _("受信箱"), "inbox"),
        ("office-devices", Duty.DEVICES, _("センサー端末"), "device"),
        ("office-mails", Duty.MAILS, _("メール"), "mail"),
    ]
    behind = [
        ("office-approvals", Duty.APPROVALS, _("承認待ち")),
        ("office-types", Duty.TYPES, pgettext("list", "機種")),
        ("office-tenants", Duty.TENANTS, pgettext("list", "契約者")),
        ("office-contracts", Duty.CONTRACTS, pgettext("list", "契約")),
        ("office-kinds", Duty.KINDS, _("サービス種別")),
        ("office-parties", Duty.PARTIES, pgettext("list", "取引先")),
        ("office-agents", Duty.PARTIES, _("代理店")),
        ("office-subcontractors", Duty.SUBCONTRACTORS, _("委託先台帳")),
        ("office-violations", Duty.VIOLATIONS, _("違反の記録")),
        ("office-visits", Duty.VISITS, pgettext("list", "閲覧")),
        ("office-deletions", Duty.DELETIONS, _("データ削除")),
        ("office-staff", Duty.STAFF, _("事務局の人")),
        ("office-connections", Duty.CONNECTIONS, pgettext("list", "接続")),
        ("office-codecs", Duty.CODECS, pgettext("list", "デコーダー")),
        ("office-system", Duty.SYSTEM, _("システム")),
        ("office-history", Duty.HISTORY, _("操作の記録")),
    ]
    roles = by.user.staff_roles if by.user else ()
    return [
        inbox_item(request, badge)
        if duty == Duty.INBOX
        else NavItem(label, reverse(name), is_here(request, name), icon=icon)
        for name, duty, label, icon in front
        if may_read(roles, duty)
    ] + [
        NavItem(
            label,
            reverse(name),
            is_here(request, name),
            approving if duty == Duty.APPROVALS else 0,
            more=True,
        )
        for name, duty, label in behind
        if may_read(roles, duty)
    ]


def inbox_item(request: HttpRequest, badge: int) -> NavItem:
    """The entry with the count of what waits for a person, which changes by itself."""
    return NavItem(
        _("受信箱"),
        reverse("office-inbox"),
        is_here(request, "office-inbox"),
        badge,
        icon="inbox",
        live_src=reverse("office-open-count"),
    )


def is_here(request: HttpRequest, name: str) -> bool:
    """Whether the page belongs to this entry: its own address or one below it."""
    url = reverse(name)
    return request.path == url if name == "office-home" else request.path.startswith(url)
