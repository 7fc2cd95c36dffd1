"""One rule for many devices: for a site, a type, or devices chosen by hand."""

from datetime import datetime

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from noroshi.alarms import sharing
from noroshi.alarms.models import Recipient, SharedRule
from noroshi.alarms.sharing import (
    Scope,
    Wanted,
    change_shared,
    make_shared,
    remove_shared,
    touched,
)
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.kinds import Asked
from noroshi.web.forms.shared_rule import SharedRuleForm
from noroshi.web.member import actor_of, editor_only, tenant_page
from noroshi.web.pages.rules import choices_of_kind, is_trial, kind_of, saved, trial
from noroshi.web.rulelines import shared_lines_of
from noroshi.web.scopes import ringing, scope_of, scope_words, touched_by, watchable_in
from noroshi.web.show import show
from noroshi.web.trial import TRIED_MAX


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def shared_rule_new(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Two steps by the address: which quantity, then the sentence."""
    wanted, key = request.GET.get("scope", ""), request.GET.get("key", "")
    scope = scope_of(member, wanted)
    measures = watchable_in(member, scope)
    measure = next((one for one in measures if one.key == key), None)
    if measure is None:
        around = {"head": scope_words(scope), "scope": wanted, "choices": measures}
        return show(request, member, "web/rules/which_quantity.html", around)
    asked = Asked(measure, measures, scope)
    kind = kind_of(request, asked)
    form = SharedRuleForm(member, asked, kind, data=request.POST or None)

    def make(now: datetime) -> None:
        make_shared(said(form, now), by=actor_of(member), now=now)

    if request.method == "POST" and not is_trial(request) and saved(form, make):
        messages.success(request, _("通知条件を追加しました。"))
        return redirect("rules")
    context = editor(request, member, form) | {"kinds": choices_of_kind(asked, kind)}
    return show(request, member, "web/rules/edit.html", context)


@require_http_methods(["GET", "POST"])
@tenant_page
@editor_only
def shared_rule(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Change a rule for many, seeing whom it touches."""
    found = access.row(member, SharedRule, code=code)
    scope = sharing.scope_of(found)
    measures = watchable_in(member, scope)
    measure = next((one for one in measures if one.key == found.key), measures[-1])
    asked = Asked(measure, measures, scope)
    form = SharedRuleForm(member, asked, found.kind, found, data=request.POST or None)

    def change(now: datetime) -> None:
        change_shared(found, said(form, now), by=actor_of(member), now=now)

    if request.method == "POST" and not is_trial(request) and saved(form, change):
        count = touched_by(member, form.scope_now(), found.key).count
        messages.success(request, _("%(n)d台の通知条件を保存しました。") % {"n": count})
        return redirect("rules")
    context = editor(request, member, form)
    context |= {"line": shared_lines_of(member, [found], now=timezone.now())[0]}
    context |= {"remove_url": reverse("shared-rule-remove", args=[code])}
    context |= {"ringing": ringing(member, Q(rule__shared=found))}
    return show(request, member, "web/rules/edit.html", context)


@require_POST
@tenant_page
@editor_only
def shared_rule_remove(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Stop watching all of them; what happened stays in the list of alarms."""
    found = access.row(member, SharedRule, code=code)
    remove_shared(found, by=actor_of(member), now=timezone.now())
    messages.success(request, _("通知条件を削除しました。"))
    return redirect("rules")


def said(form: SharedRuleForm, now: datetime) -> Wanted:
    """The valid form as the action takes it."""
    return Wanted(form.scope_now(), form.terms(now), form.told())


def editor(request: HttpRequest, member: Membership, form: SharedRuleForm) -> dict[str, object]:
    """What the form's page shows; a trial is made with the devices that the rule touches."""
    scope, key = scope_shown(form), form.asked.measure.key
    found = touched_by(member, scope, key)
    first = touched(member.tenant_id, scope, key).select_related("type")[:TRIED_MAX]
    return {
        "head": scope_words(scope),
        "scope": True,
        "form": form,
        "measure": form.asked.measure,
        "touched": found,
        "trial": trial(request, form, list(first), found.count),
        "has_recipients": access.rows(member, Recipient).exists(),
        "back": reverse("rules"),
    }


def scope_shown(form: SharedRuleForm) -> Scope:
    """As it was sent, where it was and is good."""
    return form.scope_now() if form.is_bound and form.is_valid() else form.scope
