"""Why did a mail come or not: the office answers by the ledger alone, for an address that it knows.

What the mail said, and everybody else's notices, stay behind the contractor's walls.
"""

from datetime import datetime

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from noroshi.alarms.models import Outage
from noroshi.alarms.outage_mails import network_words
from noroshi.alarms.why import told_to
from noroshi.devices.models import Device
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.ui.whywords import Story, story_of

OUTAGES_MAX = 100
NAMESAKES_MAX = 100  # of one name, with all contractors


class WhyForm(forms.Form):
    """About which mail somebody asks on the phone."""

    device = forms.CharField(
        label=_("端末の名前かアドレス"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    address = forms.CharField(
        label=_("通知先のメールアドレス"),
        max_length=254,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off"}),
    )
    at = forms.DateTimeField(
        label=_("メールが届くはずだった時刻"),
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        help_text=_("前後1時間を調べます。"),
    )


@require_GET
@staff_page(duty=Duty.MAILS)
def why(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The question, and below it what the ledger says."""
    form = WhyForm(request.GET if "device" in request.GET else None)
    context: dict[str, object] = {"form": form, "now": timezone.now()}
    if form.is_bound and form.is_valid():
        asked = form.cleaned_data
        stories = stories_of(asked["device"].strip(), asked["address"].strip(), asked["at"])
        context |= {"asked": True, "stories": stories, "at": asked["at"]}
    return show(request, by, "office/why/one.html", context)


@require_GET
@staff_page(duty=Duty.MAILS)
def outages(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Outages of networks, newest first: one incident of the provider each."""
    found = Outage.objects.prefetch_related("tenants__tenant").order_by("-noticed_at")
    lines = [(one, network_words(one.space)) for one in found[:OUTAGES_MAX]]
    return show(request, by, "office/outages/list.html", {"lines": lines, "now": timezone.now()})


def stories_of(device: str, address: str, at: datetime) -> list[Story]:
    """The notices to that address about a device of that name, around that time."""
    named = Device.objects.filter(name=device) | Device.objects.filter(address__iexact=device)
    found = list(named.order_by("pk")[:NAMESAKES_MAX])
    return [story_of(one) for one in told_to(address, found, at)]
