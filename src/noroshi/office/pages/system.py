"""How the machine fares: programs, queues, storage, versions."""

import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import version

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.inbox import journal
from noroshi.office import flows, questions
from noroshi.office.backups import backups
from noroshi.office.board import mails_waiting
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.words import bytes_words
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty

TABLES_SHOWN = 12
DISK_FULL = 0.9


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system that holds local state; sizes in words."""

    used: str
    total: str
    free: str
    percent: int
    is_full: bool


@require_GET
@staff_page(duty=Duty.SYSTEM)
def system(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Everything on one page. Ten queries, of which only what waits is counted row by row."""
    now = timezone.now()
    size, server = questions.database()
    mails, mails_due_at = mails_waiting()
    tables = questions.tables(limit=TABLES_SHOWN)
    context = {
        "programs": questions.programs(now),
        "inbox": journal.waiting(),
        "stages": list(flows.stages(now)),
        "mails": mails,
        "mails_due_at": mails_due_at,
        "database": bytes_words(size),
        "tables": [(one, bytes_words(one.size)) for one in tables],
        "disk": disk(),
        "backups": backups(now),
        "versions": [
            ("Noroshi", version("noroshi")),
            ("Python", platform.python_version()),
            ("Django", django.get_version()),
            ("PostgreSQL", server),
        ],
        "now": now,
    }
    return show(request, by, "office/system/one.html", context)


def disk() -> Disk | None:
    """The disk under the folder of local state; None when there is no such folder here."""
    try:
        usage = shutil.disk_usage(settings.VAR)
    except OSError:
        return None
    # What is reserved for root counts as used: the database cannot have it.
    share = 1 - usage.free / usage.total if usage.total else 1.0
    return Disk(
        used=bytes_words(usage.total - usage.free),
        total=bytes_words(usage.total),
        free=bytes_words(usage.free),
        percent=round(share * 100),
        is_full=share > DISK_FULL,
    )
