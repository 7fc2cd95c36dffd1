"""Show each signed-in person the language and time zone that are theirs."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation

Handler = Callable[[HttpRequest], HttpResponse]
FALLBACK_ZONE = zoneinfo.ZoneInfo("Asia/Tokyo")


def zone_and_language(get_response: Handler) -> Handler:
    """Activate the user's zone; the language is the user's unless a cookie says otherwise."""

    def handle(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise Http404  # no name holds U+0000, and the database would stumble over it
        if not request.user.is_authenticated:
            with timezone.override(FALLBACK_ZONE):
                return get_response(request)
        with timezone.override(zone_of(request.user.zone)):
            if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
                translation.activate(request.user.language)
                request.LANGUAGE_CODE = translation.get_language()
            return get_response(request)

    return handle


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that name, or Japan's when the machine does not know it."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return FALLBACK_ZONE
