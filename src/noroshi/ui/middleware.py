"""The security headers of every response: scripts, styles and data come from this house alone."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from noroshi.ui.assets import imports_csp_hash
from noroshi.ui.live_address import live_origin

Handler = Callable[[HttpRequest], HttpResponse]

REPORT_PATH = "/csp-report"

STEADY = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(self), gyroscope=(), "
        "magnetometer=(), microphone=(), payment=(), usb=()"
    ),
    "X-Content-Type-Options": "nosniff",
}


def security_headers(get_response: Handler) -> Handler:
    """Stand around all others, so that their answers carry the headers too.

    X-Frame-Options is Django's own, which stands around this one.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = policy(request)
        for name, value in STEADY.items():
            response.setdefault(name, value)
        keep_private(request, response)
        return response

    return handle


def policy(request: HttpRequest) -> str:
    """The Content-Security-Policy: one inline script by its hash, one more origin for news."""
    parts = [
        "default-src 'self'",
        f"script-src 'self' {imports_csp_hash()}",
        "style-src 'self'",
        "img-src 'self' data:",
        f"connect-src 'self' {live_origin(request)}".strip(),
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "object-src 'none'",
        f"report-uri {REPORT_PATH}",
    ]
    return "; ".join(parts)


def keep_private(request: HttpRequest, response: HttpResponseBase) -> None:
    """A page of somebody who is signed in stays in no cache and in no back button of a stranger."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and "Cache-Control" not in response:
        response["Cache-Control"] = "no-store"
