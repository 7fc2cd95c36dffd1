"""The certificate of a deletion: what went, why it might, and how to prove it. Equal every time."""

from email.utils import parseaddr
from pathlib import Path

from django.conf import settings
from django.utils import translation

from noroshi.base import papers
from noroshi.readings import days
from noroshi.retention.models import DeletionLine, DeletionRun
from noroshi.retention.scope import period_words

TEMPLATE = Path(__file__).parent / "papers" / "deletion.typ"
CONTENT_TYPE = "application/pdf"
LINES_MAX = 3_000  # about a hundred pages; what is beyond is in the sums and in the last hash


def paper(run: DeletionRun) -> bytes:
    """The PDF, in Japanese. Raises papers.PaperError."""
    return papers.render(TEMPLATE, contents(run))


def file_name(run: DeletionRun) -> str:
    """What the file is called."""
    return f"noroshi-deletion-{days.day_of(run.at):%Y%m%d}-{run.code[:8]}.pdf"


def contents(run: DeletionRun) -> dict[str, object]:
    """Everything the template says."""
    lines = list(run.plan.lines.exclude(digest="").order_by("device_code", "month"))
    first = min((line.month for line in lines), default=run.cut)
    with translation.override("ja"):
        words = period_words(run.period)
    notices = run.plan.notices.order_by("at").values_list("at", "note")
    return {
        "made_at": run.at,
        "language": "ja",
        "title": "データ削除証明",
        "provider": parseaddr(settings.MAIL_FROM)[0] or "Noroshi",
        "code": run.code,
        "plan": run.plan.code,
        "tenant": run.tenant.name,
        "tenant_code": run.tenant.code,
        "at": f"{run.at.astimezone(days.JAPAN):%Y/%m/%d %H:%M:%S}（日本時間）",
        "operator": run.operator,
        "range": f"{first:%Y/%m/%d} 0:00 から {run.cut:%Y/%m/%d} 0:00 の前まで（日本時間）",
        "scope": f"{words}（{run.period}、{run.source}）",
        "notices": [
            f"{at.astimezone(days.JAPAN):%Y/%m/%d}" + (f"（{note}）" if note else "（メール）")
            for at, note in notices
        ],
        "readings": f"{run.readings:,}",
        "uplinks": f"{run.uplinks:,}",
        "texts": f"{run.texts:,}",
        "digest": run.digest,
        "lines": [_line(line) for line in lines[:LINES_MAX]],
        "more": max(0, len(lines) - LINES_MAX),
    }


def _line(line: DeletionLine) -> dict[str, str]:
    return {
        "device": f"{line.device_name}（{line.device_code}）",
        "month": f"{line.month:%Y/%m}",
        "readings": f"{line.removed_readings or 0:,}",
        "uplinks": f"{line.removed_uplinks or 0:,}",
        "texts": f"{line.removed_texts or 0:,}",
        "digest": line.digest,
    }
