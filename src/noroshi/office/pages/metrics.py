"""The figures of the house for Prometheus: of every stage, of nobody."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from noroshi.base import metrics
from noroshi.base.metrics import CONTENT_TYPE, Figure
from noroshi.inbox import flow
from noroshi.office import flows, questions, second_copy
from noroshi.office.board import mails_waiting
from noroshi.tenants import access

NOBODY = 0


@login_not_required
@require_GET
@never_cache
def figures(request: HttpRequest) -> HttpResponse:
    """Everything as text; 404 for whoever does not show NOROSHI_METRICS_TOKEN."""
    if not metrics.may_read(request.headers.get("Authorization", ""), settings.METRICS_TOKEN):
        raise Http404
    with access.in_office(NOBODY):
        told = metrics.text(of_house(timezone.now()))
    return HttpResponse(told, content_type=CONTENT_TYPE)


def of_house(now: datetime) -> Iterator[Figure]:
    """What the database knows of every stage. Six queries."""
    gates, entries = flows.gates(now), flow.account()
    mails, due_at = mails_waiting()
    programs = questions.programs(now)
    entry_age_s = (now - entries.oldest_at).total_seconds() if entries.oldest_at else 0.0
    mail_age_s = (now - due_at).total_seconds() if due_at else 0.0
    size, _server = questions.database()
    yield Figure(
        "noroshi_program_processes",
        "gauge",
        "Processes that told of themselves lately.",
        {program.name: program.processes for program in programs},
        "program",
    )
    yield _one("noroshi_gates_unaccounted", "Received but nowhere: must be 0.", gates.unaccounted)
    yield _one("noroshi_gates_spooling", "1 while a gate spools.", gates.is_spooling)
    yield _one("noroshi_gates_spool_bytes", "Waiting in all spools.", gates.spool_bytes)
    yield _one(
        "noroshi_gates_strange_bytes", "In spools for another database.", gates.strange_bytes
    )
    yield Figure(
        "noroshi_entries_stored_total",
        "counter",
        "Uplinks in the journal since the beginning.",
        {"": entries.stored},
    )
    yield Figure(
        "noroshi_entries",
        "gauge",
        "What became of them so far.",
        {"decoded": entries.decoded, "failed": entries.failed, "waiting": entries.waiting},
        "state",
    )
    if entries.unaccounted is not None:
        yield _one(
            "noroshi_entries_unaccounted", "Stored but nowhere: must be 0.", entries.unaccounted
        )
    yield _one("noroshi_entry_oldest_seconds", "Age of the oldest that waits.", entry_age_s)
    yield _one("noroshi_mails_waiting", "Mails that wait.", mails)
    yield _one("noroshi_mail_overdue_seconds", "Since when one is due.", max(0.0, mail_age_s))
    yield _one("noroshi_database_bytes", "Size of the database.", size)
    yield from of_copy(now)


def of_copy(now: datetime) -> Iterator[Figure]:
    """The received log, where there is a receiver."""
    told = second_copy.figures(now)
    if told is None:
        return
    yield _one("noroshi_wal_streaming", "1 while the log is received.", told["is_streaming"])
    yield _one("noroshi_wal_synchronous", "1 while commits wait for it.", told["is_sync"])
    yield _one("noroshi_wal_behind_bytes", "Written and not received.", told["behind"])
    yield _one("noroshi_wal_behind_seconds", "Age of the oldest of it.", told["behind_s"])


def _one(name: str, what: str, value: float) -> Figure:
    return Figure(name, "gauge", what, {"": float(value)})
