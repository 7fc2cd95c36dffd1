"""How often devices are heard: what their own uplinks of the last weeks tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from noroshi.base import wire

LOOK_BACK = timedelta(days=30)
UPLINKS_MAX = 200
# Nine of ten gaps are not longer: a lost uplink now and then, or a burst, does not change it.
SHARE = 0.9
GAPS = """
SELECT wanted.id, found.count, found.gap
FROM unnest(%b::bigint[]) AS wanted (id) CROSS JOIN LATERAL (
    SELECT count(*) AS count, percentile_cont(%b::float8) WITHIN GROUP (ORDER BY gap) AS gap
    FROM (
        SELECT extract(epoch FROM sent_at - lag(sent_at) OVER (ORDER BY sent_at))::float8 AS gap
        FROM (
            SELECT sent_at FROM readings_uplink
            WHERE device_id = wanted.id AND sent_at > %b AND sent_at <= %b
            ORDER BY sent_at DESC LIMIT %b
        ) AS last
    ) AS gaps WHERE gap >= 1
) AS found
"""


@dataclass(frozen=True, slots=True)
class Gaps:
    """How many gaps between uplinks a device has of late, and how long they are, in seconds."""

    count: int
    gap_s: float


def gaps_of(device_ids: Sequence[int], now: datetime) -> dict[int, Gaps]:
    """Of each device the gaps between its last uplinks; none = no seconds. One query."""
    with wire.cursor() as cursor:
        wanted = [list(device_ids), SHARE, now - LOOK_BACK, now, UPLINKS_MAX]
        rows = cursor.execute(GAPS, wanted).fetchall()
    return {device_id: Gaps(count, gap or 0.0) for device_id, count, gap in rows}
