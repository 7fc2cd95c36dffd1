"""知らせ方: how the contractor is told of alarms, its groups with their rosters, single wishes."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from noroshi.alarms.models import Duty, Event, Group, Pace, Recipient
from noroshi.alarms.policy_actions import (
    BadPolicy,
    policy_of,
    remove_group,
    save_group,
    set_policy,
    wish,
)
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.policy import (
    WEEKDAYS,
    DutyFormSet,
    GroupForm,
    PolicyForm,
    group_of,
    initial_of,
)
from noroshi.web.member import actor_of, editor_only, tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show

PER_PAGE = 50
AS_POLICY, AT_ONCE, ALL_WAIT = "policy", "at_once", "wait"
WISHES = {AS_POLICY: None, AT_ONCE: [], ALL_WAIT: list(Event.values)}


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group with its roster in words."""

    group: Group
    duties: list[str]


@require_http_methods(["GET", "POST"])
@tenant_page
def policy(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Everything at a glance; saving is for who may edit."""
    if request.method == "POST":
        return _save_policy(request, member)
    return show(request, member, "web/policy/one.html", _context(request, member))


@editor_only
def _save_policy(request: HttpRequest, member: Membership) -> HttpResponseBase:
    form = PolicyForm(policy_of(member.tenant), data=request.POST)
    if form.is_valid():
        try:
            set_policy(form.terms(), by=actor_of(member), now=timezone.now())
        except BadPolicy as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("知らせ方を保存しました。"))
            return redirect("policy")
    context = _context(request, member) | {"form": form}
    return show(request, member, "web/policy/one.html", context)


@require_POST
@tenant_page
@editor_only
def policy_wish(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Whether this recipient's mails wait in the quiet time."""
    found = access.row(member, Recipient, code=code)
    wanted = request.POST.get("wish", AS_POLICY)
    wish(found, WISHES.get(wanted), by=actor_of(member), now=timezone.now())
    words = _("「%(name)s」の希望を保存しました。") % {"name": found.name}
    messages.success(request, words)
    return redirect("policy")


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def group_new(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Make a group."""
    return _edit(request, member, None)


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def group(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Change a group and its roster."""
    return _edit(request, member, access.row(member, Group, code=code))


@require_POST
@tenant_page
@editor_only
def group_remove(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Nobody is told as this group any more."""
    found = access.row(member, Group, code=code)
    remove_group(found, by=actor_of(member), now=timezone.now())
    messages.success(request, _("グループ「%(name)s」を削除しました。") % {"name": found.name})
    return redirect("policy")


def _edit(request: HttpRequest, member: Membership, found: Group | None) -> HttpResponseBase:
    data = request.POST or None
    begin = {"name": found.name, "after_min": found.after_min} if found else None
    form = GroupForm(data, initial=begin)
    duties = DutyFormSet(data, initial=initial_of(found), form_kwargs={"member": member})
    if request.method == "POST" and form.is_valid() and duties.is_valid():
        try:
            saved = save_group(
                group_of(form, duties), found, by=actor_of(member), now=timezone.now()
            )
        except BadPolicy as refusal:
            form.add_error(None, str(refusal))
        else:
            words = _("グループ「%(name)s」を保存しました。") % {"name": saved.name}
            messages.success(request, words)
            return redirect("policy")
    context = {"form": form, "duties": duties, "group": found}
    return show(request, member, "web/policy/group.html", context)


def _context(request: HttpRequest, member: Membership) -> dict[str, object]:
    in_force = policy_of(member.tenant)
    people = page_of(request, access.rows(member, Recipient).order_by("name", "pk"), PER_PAGE)
    paces = access.rows(member, Pace).in_bulk([one.pk for one in people.object_list])
    wishes = [(one, _wish_of(paces.get(one.pk))) for one in people.object_list]
    return {
        "form": PolicyForm(in_force),
        "groups": _groups(member),
        "page": people,
        "wishes": wishes,
        "has_quiet": in_force.quiet_from is not None,
        "choices": [
            (AS_POLICY, _("上の設定のとおり")),
            (AT_ONCE, _("いつでもすぐ受け取る")),
            (ALL_WAIT, _("すべて、静かな時間のあとにまとめて")),
        ],
    }


def _wish_of(pace: Pace | None) -> str:
    if pace is None or pace.quiet_events is None:
        return AS_POLICY
    return ALL_WAIT if pace.quiet_events else AT_ONCE


def _groups(member: Membership) -> list[GroupLine]:
    found = access.rows(member, Group).order_by("after_min", "name")
    duties = access.rows(member, Duty).select_related("recipient").order_by("pk")
    of_group: dict[int, list[str]] = {}
    for duty in duties:
        of_group.setdefault(duty.group_id, []).append(words_of(duty))
    return [GroupLine(one, of_group.get(one.pk, [])) for one in found]


def words_of(duty: Duty) -> str:
    """「Aki 月火水木金 9:00〜17:00」."""
    days = [str(name) for bit, name in enumerate(WEEKDAYS) if duty.weekdays >> bit & 1]
    on = _("毎日") if len(days) == len(WEEKDAYS) else "・".join(days)
    if duty.begins is None or duty.ends is None:
        return _("%(name)s：%(days)s") % {"name": duty.recipient.name, "days": on}
    hours = {"begins": f"{duty.begins:%H:%M}", "ends": f"{duty.ends:%H:%M}"}
    return _("%(name)s：%(days)s %(begins)s〜%(ends)s") % {
        "name": duty.recipient.name,
        "days": on,
        **hours,
    }
