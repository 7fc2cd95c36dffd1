"""Lay a page of this door: menu, names and live address around what the page shows."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from noroshi.alarms.models import Incident
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.ui.live_address import live_url
from noroshi.ui.nav import NavItem
from noroshi.web.licensed import front_page, menu_licensed, shut_pages
from noroshi.web.visiting import menu_in_scope

DEVICE_PATH = "/d/"


def show(
    request: HttpRequest,
    member: Membership,
    template: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render `template` inside the layout; `context` may bring `open_count` to save a question."""
    count = context.get("open_count")
    if not isinstance(count, int):
        count = open_now(member)
    around = {
        "member": member,
        "nav": menu_licensed(request, menu_in_scope(request, menu(request, member, count))),
        "user_name": member.user.name,
        "tenant_name": member.tenant.name,
        "door": "web",
        "home_url": reverse(front_page(request)),
        "shut": shut_pages(request),
        "demo_mails_url": reverse("demo-mails") if settings.DEMO else "",
        "live_url": f"{live_url(request)}?tenant={member.tenant.code}",
    }
    return render(request, template, {**around, **context}, status=status)


def menu(request: HttpRequest, member: Membership, open_count: int) -> list[NavItem]:
    """The menu: four entries for a thumb, the rest behind the button."""
    front = [
        ("devices", _("センサー端末"), "device"),
        ("export", _("データ取り出し"), "export"),
    ]
    behind = [
        ("rules", _("通知条件")),
        ("recipients", _("通知先")),
        ("policy", _("知らせ方")),
        ("mails", _("通知履歴")),
        ("why", _("メールが届かないとき")),
        ("deletions", _("データ削除予定")),
        ("history", _("変更履歴")),
        ("account", _("アカウント")),
    ]
    if member.may_manage:
        behind += [
            ("users", _("利用者")),
            ("audits", _("監査アクセス")),
            ("accesses", _("提供者側のアクセス履歴")),
        ]
    if member.may_manage or member.has_authority:
        behind += [("contract", _("ご契約")), ("acts", _("意思表示の控え"))]
    behind.append(("privacy-contact", _("個人情報の窓口")))
    if settings.DEMO:
        behind.append(("demo-mails", _("デモのメール")))
    return [
        NavItem(_("ホーム"), reverse("home"), is_here(request, "home"), icon="home"),
        incidents_item(request, open_count),
        *[
            NavItem(label, reverse(name), is_here(request, name), icon=icon)
            for name, label, icon in front
        ],
        *[
            NavItem(label, reverse(name), is_here(request, name), more=True)
            for name, label in behind
        ],
    ]


def incidents_item(request: HttpRequest, open_count: int) -> NavItem:
    """The entry with the count of open incidents, which changes by itself."""
    return NavItem(
        pgettext("list", "警報"),
        reverse("incidents"),
        is_here(request, "incidents"),
        open_count,
        icon="alarm",
        live_src=reverse("open-count"),
    )


def open_now(member: Membership) -> int:
    """How many incidents are open. One query."""
    return access.rows(member, Incident).filter(closed_at=None).count()


def is_here(request: HttpRequest, name: str) -> bool:
    """Whether the page belongs to this entry: its own address or one below it."""
    url = reverse(name)
    if name == "home":
        return request.path == url
    if name == "devices" and request.path.startswith(DEVICE_PATH):
        return True
    return request.path.startswith(url)
