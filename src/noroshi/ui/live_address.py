"""Where the browsers' ear listens: another port or another host than the pages."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port

LIVE_PATH = "/live"


def live_url(request: HttpRequest) -> str:
    """The full address of the stream that the layout listens to."""
    return f"{live_origin(request)}{LIVE_PATH}"


def live_origin(request: HttpRequest) -> str:
    """`scheme://host:port` of the live program as this browser reaches it; "" = the pages' own.

    `LIVE_URL`, when it is absolute, wins; else `LIVE_PORT` on the host of the request.
    """
    parts = urlsplit(settings.LIVE_URL or "")
    if parts.scheme in {"http", "https"} and parts.netloc:
        return f"{parts.scheme}://{parts.netloc}"
    if settings.LIVE_PORT:
        try:
            host, _port = split_domain_port(request.get_host())
        except DisallowedHost:  # the page that says so is written with this, too
            return ""
        return f"{request.scheme}://{host}:{settings.LIVE_PORT}"
    return ""
