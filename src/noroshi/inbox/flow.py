"""The account of the journal: what was stored is decoded, failed, or waits; all of one moment."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

COUNT_MAX = 100_000  # a longer backlog is not counted through
# One statement, one snapshot: the counts move in the transactions that move the entries.
ACCOUNT = """
SELECT coalesce((SELECT sum(count) FROM base_tally WHERE stage = 'stored'), 0),
  coalesce((SELECT sum(count) FROM base_tally WHERE stage = 'decoded'), 0),
  coalesce((SELECT sum(count) FROM base_tally WHERE stage = 'failed'), 0),
  waiting.count, waiting.oldest
FROM (
  SELECT count(*), min(unread.received_at) AS oldest FROM (
    SELECT e.received_at FROM inbox_entry e JOIN inbox_watermark w ON w.slice = e.slice
    WHERE e.id > (SELECT min(entry_id) FROM inbox_watermark) AND e.id > w.entry_id
    LIMIT %s
  ) AS unread
) AS waiting
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Entries since the beginning; `failed`: those in trouble that nothing has mended since."""

    stored: int
    decoded: int
    failed: int
    waiting: int
    oldest_at: datetime | None

    @property
    def unaccounted(self) -> int | None:
        """Stored, but nowhere: 0 when all is well, None when too many wait to be counted."""
        if self.waiting >= COUNT_MAX:
            return None
        return self.stored - self.decoded - self.failed - self.waiting


def account() -> Account:
    """Look at the whole journal at one moment."""
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNT, [COUNT_MAX])
        stored, decoded, failed, waiting, oldest_at = cursor.fetchone()
    return Account(int(stored), int(decoded), int(failed), int(waiting), oldest_at)
