"""The addresses that belong to no door: policy reports, sign of life, choice of language."""

import json
import logging
from collections import deque
from time import monotonic

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language

log = logging.getLogger("noroshi.ui")

REPORT_BYTES_MAX = 8192
REPORT_FIELD_CHARS_MAX = 200
REPORTS_PER_MINUTE_MAX = 30

# One deque a process: the reports of the last minute, so that a broken browser cannot fill the log.
told_at: deque[float] = deque(maxlen=REPORTS_PER_MINUTE_MAX)


@login_not_required
@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Write one line for what a browser refused to run; always 204."""
    body = request.read(REPORT_BYTES_MAX + 1)
    if len(body) <= REPORT_BYTES_MAX and may_tell(monotonic()):
        log.warning("A browser refused content: %s", refused(body))
    return HttpResponse(status=204)


@login_not_required
@require_GET
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers; it asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


# Before signing in, too, a reader chooses the language.
choose_language = login_not_required(require_POST(set_language))


def may_tell(now_s: float) -> bool:
    """Whether this minute still has room for a line; counts it when it has."""
    if len(told_at) == REPORTS_PER_MINUTE_MAX and now_s - told_at[0] < 60:
        return False
    told_at.append(now_s)
    return True


def refused(body: bytes) -> str:
    """What was refused and where, short and on one line, from a report nobody has to trust."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return "unreadable report"
    report = sent.get("csp-report") if isinstance(sent, dict) else None
    if not isinstance(report, dict):
        return "unreadable report"
    names = ("violated-directive", "blocked-uri", "document-uri", "source-file", "line-number")
    return " ".join(
        f"{name}={str(report[name])[:REPORT_FIELD_CHARS_MAX]!r}" for name in names if name in report
    )
