"""What members do with an incident: acknowledge, take, comment, close with a reason."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from noroshi.alarms import deeds
from noroshi.alarms.deeds import BadDeed, Doer
from noroshi.alarms.models import Incident
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.forms.incident import CommentForm, SettleForm
from noroshi.web.member import actor_of, editor_only, tenant_page


@require_POST
@tenant_page
@editor_only
def incident_acknowledge(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Say that somebody looks after it; goes back to where the button stood."""
    found = access.row(member, Incident, code=code)
    deeds.acknowledge(found, doer_of(member), now=timezone.now())
    messages.success(
        request, _("「%(device)s」の警報に対応中と記録しました。") % {"device": found.device.name}
    )
    return back(request, code)


@require_POST
@tenant_page
@editor_only
def incident_take(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Say that one looks after it oneself."""
    found = access.row(member, Incident, code=code)
    try:
        deeds.take(found, doer_of(member), now=timezone.now())
    except BadDeed as refusal:
        messages.error(request, str(refusal))
    else:
        words = _("「%(device)s」の警報の担当になりました。") % {"device": found.device.name}
        messages.success(request, words)
    return back(request, code)


@require_POST
@tenant_page
@editor_only
def incident_comment(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Write a line into its course."""
    found = access.row(member, Incident, code=code)
    form = CommentForm(request.POST)
    try:
        text = form.cleaned_data["text"] if form.is_valid() else request.POST.get("text", "")
        deeds.comment(found, text, doer_of(member), now=timezone.now())
    except BadDeed as refusal:
        messages.error(request, str(refusal))
    return redirect("incident", code=code)


@require_POST
@tenant_page
@editor_only
def incident_settle(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Close it with a reason."""
    found = access.row(member, Incident, code=code)
    form = SettleForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        deeds.settle(
            found, reason, request.POST.get("text", ""), doer_of(member), now=timezone.now()
        )
    except BadDeed as refusal:
        messages.error(request, str(refusal))
    else:
        words = _("「%(device)s」の警報を終わりにしました。") % {"device": found.device.name}
        messages.success(request, words)
    return redirect("incident", code=code)


def doer_of(member: Membership) -> Doer:
    """The member as who does it."""
    return Doer.member(actor_of(member))


def back(request: HttpRequest, code: str) -> HttpResponseBase:
    """To where the button stood, within the house."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return redirect(wanted)
    return redirect("incident", code=code)
