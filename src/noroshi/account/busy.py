"""When too many people sign in at one moment, say so at once instead of letting all wait."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from noroshi.tenants.hashers import TooBusy

RETRY_AFTER_S = 3


class Busy:
    """Turn TooBusy of any page into 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """503 with plain words and Retry-After; other exceptions are not ours."""
        if not isinstance(error, TooBusy):
            return None
        answer = render(request, "account/busy.html", status=503)
        answer["Retry-After"] = str(RETRY_AFTER_S)
        return answer
