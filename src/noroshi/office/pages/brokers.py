"""Connections over MQTT: make, change, see how they fare, try them out."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from noroshi.inbox.brokers import change_broker, make_broker
from noroshi.inbox.models import Connection
from noroshi.office.brokers import Tried, standing, try_broker
from noroshi.office.forms.broker import BrokerForm
from noroshi.office.show import show
from noroshi.office.staff import acting_for, staff_page
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty

EDIT = "office/connections/broker.html"


@require_http_methods(["GET", "POST"])
@never_cache
@staff_page(duty=Duty.CONNECTIONS)
def broker_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Make one; the next page tells whether the listener got through."""
    form = BrokerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        new = form.new_connection()
        actor = acting_for(by, new.tenant)
        made = make_broker(new, form.new_broker(), by=actor, now=timezone.now())
        words = _("「%(name)s」を追加しました。つながるまで数秒かかります。")
        messages.success(request, words % {"name": made.name})
        return redirect("office-broker", number=made.pk)
    return show(request, by, EDIT, {"form": form, "made": None})


@require_http_methods(["GET", "POST"])
@never_cache
@staff_page(duty=Duty.CONNECTIONS)
def broker(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """See how one fares, and change it."""
    made = found(number)
    form = BrokerForm(request.POST or None, made=made)
    if request.method == "POST" and form.is_valid():
        new = form.new_connection()
        actor = acting_for(by, new.tenant)
        change_broker(made, new, form.new_broker(), by=actor, now=timezone.now())
        messages.success(request, _("「%(name)s」を保存しました。") % {"name": made.name})
        return redirect("office-broker", number=number)
    return show_broker(request, by, made, form)


@require_POST
@never_cache
@staff_page(duty=Duty.CONNECTIONS)
def broker_try(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Log in and subscribe once with what is saved; the answer itself tells what came of it."""
    made = found(number)
    return show_broker(request, by, made, BrokerForm(made=made), try_broker(made.broker))


def show_broker(
    request: HttpRequest, by: Actor, made: Connection, form: BrokerForm, tried: Tried | None = None
) -> HttpResponseBase:
    """The page of one."""
    now = timezone.now()
    context = {"form": form, "made": made, "tried": tried, "now": now}
    return show(request, by, EDIT, context | {"standing": standing(made, now=now)})


def found(number: int) -> Connection:
    """A connection that has a broker, or 404."""
    rows = Connection.objects.select_related("tenant", "broker").filter(broker__isnull=False)
    return get_object_or_404(rows, pk=number)
