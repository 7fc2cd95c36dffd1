"""When the database is away a page says so, plainly and at once; nothing here asks it anything."""

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

RETRY_AFTER_S = 10
OUTAGE = (OperationalError, InterfaceError)
PROGRAM_LIMIT = "54"  # SQLSTATE class: the question itself is too much, at any time


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500: 503 while the database is away or too busy, else 500."""
    if not is_outage(sys.exc_info()[1]):
        return server_error(request)
    # Without the request: who asks, and where the live stream is, stands in the database.
    answer = HttpResponse(render_to_string("503.html"), status=503)
    answer["Retry-After"] = str(RETRY_AFTER_S)
    answer["Cache-Control"] = "no-store"
    return answer


def is_outage(error: BaseException | None) -> bool:
    """Whether the same request may succeed a little later."""
    code = getattr(getattr(error, "__cause__", None), "sqlstate", None) or ""
    return isinstance(error, OUTAGE) and not code.startswith(PROGRAM_LIMIT)


class OneLine(logging.Filter):
    """An outage is told in one line a request: its traceback says nothing of it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        error = record.exc_info[1] if record.exc_info else None
        if is_outage(error):
            said = str(error).strip().partition("\n")[0]
            record.msg = f"{record.getMessage()}: {said}"
            record.args, record.exc_info, record.levelno = (), None, logging.WARNING
            record.levelname = "WARNING"
        return True
