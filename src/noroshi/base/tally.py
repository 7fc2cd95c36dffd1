"""Count what passes a stage, in the transaction in which it passes."""

from collections.abc import Mapping

from django.db import connection

# What the gate counts by its own INSERT (gate/store.py), and what the spine counts.
STORED, DECODED, FAILED = "stored", "decoded", "failed"
ADD = """
INSERT INTO base_tally (stage, slot, count)
SELECT stage, %s, count FROM unnest(%s::text[], %s::bigint[]) AS t (stage, count)
ON CONFLICT (stage, slot) DO UPDATE SET count = base_tally.count + excluded.count
"""


def add(counts: Mapping[str, int], *, slot: int) -> None:
    """Add to the stages' counts (less than 0 takes away).

    The slot's row is locked until the commit: those who count side by side take different slots.
    """
    told = {stage: count for stage, count in sorted(counts.items()) if count}
    if told:
        with connection.cursor() as cursor:
            cursor.execute(ADD, [slot, list(told), list(told.values())])
