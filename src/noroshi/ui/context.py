"""What every template finds without being handed it."""

from django.http import HttpRequest

from noroshi.tenants.visits import visit_of
from noroshi.ui.live_address import live_url


def house(request: HttpRequest) -> dict[str, object]:
    """The visit as which the page is looked at, if any; and the address of the live stream.

    A view that wants no stream hands `live_url=""`.
    """
    return {"live_url": live_url(request), "visit_here": visit_of(request)}
