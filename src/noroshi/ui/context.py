"""What every template finds without being handed it."""

from django.http import HttpRequest

from noroshi.ui.live_address import live_url


def house(request: HttpRequest) -> dict[str, str]:
    """The address of the live stream; a view that wants none hands `live_url=""`."""
    return {"live_url": live_url(request)}
