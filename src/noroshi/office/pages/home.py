"""The morning board: what needs a person today, oldest first."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.office.board import board
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.tenants.audit import Actor


@require_GET
@staff_page
def home(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The whole page."""
    now = timezone.now()
    return show(request, by, "office/home/one.html", {"board": board(now), "now": now})


@require_GET
@staff_page
def home_live(request: HttpRequest, _by: Actor) -> HttpResponseBase:
    """The part that live news replaces."""
    now = timezone.now()
    return render(request, "office/home/_board.html", {"board": board(now), "now": now})
