"""The morning board: what needs a person today, oldest first."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.office.board import board
from noroshi.office.show import inbox_item, open_count, show
from noroshi.office.staff import staff_page
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty


@require_GET
@staff_page(duty=Duty.HOME)
def home(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The whole page."""
    now = timezone.now()
    return show(request, by, "office/home/one.html", {"board": board(now), "now": now})


@require_GET
@staff_page(duty=Duty.HOME)
def home_live(request: HttpRequest, _by: Actor) -> HttpResponseBase:
    """The part that live news replaces."""
    now = timezone.now()
    return render(request, "office/home/_board.html", {"board": board(now), "now": now})


@require_GET
@staff_page(duty=Duty.INBOX)
def open_count_live(request: HttpRequest, _by: Actor) -> HttpResponseBase:
    """The count beside "受信箱" in the menu, for the live update."""
    return render(request, "ui/_badge.html", {"item": inbox_item(request, open_count())})
