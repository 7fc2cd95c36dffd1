"""Connections: one secret address per network account, and how to set it up over there."""

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.inbox.actions import change_connection, make_connection, open_or_close, renew_token
from noroshi.inbox.models import Connection
from noroshi.office.forms.connection import ConnectionForm
from noroshi.office.instructions import PLACEHOLDER, instructions
from noroshi.office.questions import heard_of_connections
from noroshi.office.show import show
from noroshi.office.staff import acting_for, staff_page
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty


@require_GET
@staff_page(duty=Duty.CONNECTIONS)
def connections(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """All of them: when each was heard last, and what of it waits in the inbox. Two queries."""
    is_open = Q(exceptionalentry__state="open")
    rows = (
        Connection.objects.select_related("tenant", "broker", "listening")
        .annotate(
            refused=Count("exceptionalentry", filter=is_open & Q(exceptionalentry__kind="refused")),
            failed=Count("exceptionalentry", filter=is_open & Q(exceptionalentry__kind="failed")),
            unknown=Count("exceptionalentry", filter=is_open & Q(exceptionalentry__kind="unknown")),
        )
        .order_by("name", "pk")
    )
    heard = heard_of_connections()
    context = {"rows": [(one, heard.get(one.pk)) for one in rows], "now": timezone.now()}
    return show(request, by, "office/connections/list.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@staff_page(duty=Duty.CONNECTIONS)
def connection_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Make one; the answer itself shows the secret address, once."""
    form = ConnectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        new = form.new_connection()
        actor = acting_for(by, new.tenant)
        made, token = make_connection(new, by=actor, now=timezone.now())
        return show_set_up(request, by, made, token)
    context = {"form": form, "made": None}
    return show(request, by, "office/connections/edit.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.CONNECTIONS)
def connection(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Change one."""
    made = get_object_or_404(Connection.objects.select_related("tenant", "broker"), pk=number)
    if hasattr(made, "broker"):
        return redirect("office-broker", number=number)
    form = ConnectionForm(request.POST or None, made=made)
    if request.method == "POST" and form.is_valid():
        new = form.new_connection()
        change_connection(made, new, by=acting_for(by, new.tenant), now=timezone.now())
        messages.success(request, _("「%(name)s」を保存しました。") % {"name": made.name})
        return redirect("office-connection", number=number)
    context = {"form": form, "made": made}
    return show(request, by, "office/connections/edit.html", context)


@require_GET
@staff_page(duty=Duty.CONNECTIONS)
def set_up(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """The instructions once more, with the secret's place marked."""
    made = get_object_or_404(posted_to(), pk=number)
    return show_set_up(request, by, made, "")


@require_POST
@never_cache
@staff_page(duty=Duty.CONNECTIONS)
def renew(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """A new address; the answer itself shows it, once."""
    made = get_object_or_404(posted_to(), pk=number)
    token = renew_token(made, by=acting_for(by, made.tenant), now=timezone.now())
    return show_set_up(request, by, made, token)


@require_POST
@staff_page(duty=Duty.CONNECTIONS)
def open_close(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Stop taking uplinks from it, or begin again, as the form says."""
    made = get_object_or_404(Connection.objects.select_related("tenant"), pk=number)
    is_open = request.POST.get("open") == "1"
    open_or_close(made, is_open=is_open, by=acting_for(by, made.tenant), now=timezone.now())
    words = (
        _("「%(name)s」の受け付けを再開しました。")
        if is_open
        else _("「%(name)s」の受け付けを止めました。")
    )
    messages.success(request, words % {"name": made.name})
    return redirect("office-connection", number=number)


def posted_to() -> QuerySet[Connection]:
    """The connections that have an address of our own, and no broker."""
    return Connection.objects.select_related("tenant").filter(broker__isnull=True)


def show_set_up(request: HttpRequest, by: Actor, made: Connection, token: str) -> HttpResponseBase:
    """The set-up page; `token` empty: its place is marked."""
    context = {"made": made, "how": instructions(made, token), "placeholder": PLACEHOLDER}
    return show(request, by, "office/connections/set_up.html", context)
